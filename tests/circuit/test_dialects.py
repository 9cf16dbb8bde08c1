"""Programs that read otherwise than each other: recognised, and done as they do."""

import math
import warnings

import jax
import numpy as np
import pytest

from circuitnn import spice
from circuitnn.circuit import NetlistError, read_netlist
from circuitnn.expressions.errors import NetlistWarning
from circuitnn.nodal import operating_point

SOURCES = "t\nVin x 0 -2\nVh h 0 0.3\nVz z 0 0\nRx x 0 1k\nRh h 0 1k\nRz z 0 1k\n"


def value(text, dialect, added=""):
    """The voltage that an expression gives, read with a word of the dialect."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NetlistWarning)  # of a^b in LTspice
        circuit = read_netlist(f"{SOURCES}B1 out 0 V={text}\nR1 out 0 1k\n{added}", dialect=dialect)
    return float(operating_point(circuit)["out"])


# Meanings by the manuals: LTspice's help (B sources), PSpice User Guide 17.4 (tables 3-3 and 3-4), ngspice 39.
MEANINGS = [
    ("v(x)**3", -8, -8, 8, -8),
    ("v(x)**-3", -1 / 8, -1 / 8, 1 / 8, -1 / 8),
    ("v(x)**2", 4, 4, 4, 4),
    ("v(x)**1.5", 0, 0, 2**1.5, 0),
    ("v(x)**1.4", 2**1.4 * math.cos(1.4 * math.pi), 2**1.4 * math.cos(1.4 * math.pi), 2**1.4, None),
    ("pow(v(x),3)", -8, -8, 8, -8),
    ("pwr(v(x),1.5)", 2**1.5, 2**1.5, -(2**1.5), 2**1.5),
    ("pwr(v(x),3)", 8, 8, -8, 8),
    ("pwrs(v(x),1.5)", -(2**1.5), -(2**1.5), -(2**1.5), -(2**1.5)),
    ("v(x)^3", 1, -8, 8, -8),  # an exclusive or: -2 is false, 3 is true
    ("(v(x)>0)^(v(h)>0)", 1, 1, 0, None),
    ("2**n", 8, 8, 8, 8),
    ("v(x)**n", -8, -8, 8, -8),
    ("f(v(x))", -8, -8, 8, -8),
    ("u(v(z))", 0, 0, 0.5, 0.5),
    ("if(v(h),1,2)", 2, 1, 1, 1),
    ("(v(x)>-3)&(v(h)>1)", 0, 0, 0, 0),
    ("(v(x)>-3)|(v(h)>1)", 1, 1, 1, 1),
    ("~(v(x)>0)", 1, 1, 1, 1),
    ("limit(v(x),-1,1)", -1, -1, -1, -1),
    ("log(exp(3))+log10(1000)", 6, 6, 6, 6),
    ("buf(v(h))+inv(v(h))", 1, 1, 1, 1),
    ("-v(x)**2", -4, -4, -4, -4),
]
NAMES = ("ltspice", "pspice", "ngspice", "kicad")
NEEDED = ".param n=3\n.func f(x) {x**3}\n"


@pytest.mark.parametrize("meaning", MEANINGS, ids=[text for text, *_ in MEANINGS])
def test_what_an_expression_means(meaning):
    text, *all_wanted = meaning
    for dialect, wanted in zip(NAMES, all_wanted, strict=True):
        if wanted is not None:
            assert value(text, dialect, NEEDED) == pytest.approx(wanted, rel=1e-12, abs=1e-14), dialect


@pytest.mark.ngspice
@pytest.mark.parametrize("dialect", NAMES)
@pytest.mark.filterwarnings("ignore::circuitnn.expressions.errors.NetlistWarning")  # of a^b in LTspice
def test_what_is_written_means_the_same_in_ngspice(ngspice, dialect):
    at = 1 + NAMES.index(dialect)
    meanings = [meaning for meaning in MEANINGS if not (dialect == "ngspice" and "**-" in meaning[0])]  # an error there
    lines = [f"B{k} n{k} 0 V={text}\nR{k} n{k} 0 1k" for k, (text, *_) in enumerate(meanings)]
    circuit = read_netlist("\n".join([SOURCES + NEEDED, *lines, ""]), dialect=dialect, inputs="Vin", outputs="n0")
    assert read_netlist(circuit.to_spice(), inputs="Vin", outputs="n0", dialect="ngspice") == circuit
    found = spice.operating_point(circuit)
    for k, meaning in enumerate(meanings):
        if meaning[at] is not None:
            assert float(found[f"n{k}"]) == pytest.approx(meaning[at], rel=1e-6, abs=1e-9), meaning[0]


@pytest.mark.parametrize(
    ("text", "dialect", "wanted"),
    [("{p**3}", "ltspice", -8), ("{p**3}", "ngspice", 8), ("{pwr(p,3)}", "ltspice", 8), ("{p^3}", "pspice", -8)],
)
def test_parameters_have_the_powers_of_their_program_too(text, dialect, wanted):
    circuit = read_netlist(f"t\n.param p=-2\nVin out 0 {text}\nR1 out 0 1k\n", dialect=dialect)
    assert float(operating_point(circuit)["out"]) == pytest.approx(wanted)
    inside = (
        f"{SOURCES}.param p=-2\n.subckt s a q=1\nB1 a 0 V=q+v(x)*0\n.ends\nX1 out s q={text}\nR1 out 0 1k\n.global x\n"
    )
    assert float(operating_point(read_netlist(inside, dialect=dialect))["out"]) == pytest.approx(wanted)


CUBE = "B1 out 0 V=v(x)**3\nR1 out 0 1k\n"


@pytest.mark.parametrize(
    ("text", "wanted", "said"),
    [
        (f"* C:\\me\\pedal.asc\n{SOURCES[2:]}{CUBE}", -8, "line 1: read as LTspice does"),
        (f"{SOURCES}{CUBE}.backanno\n.end\n", -8, "line 10: read as LTspice does, by '.backanno'"),
        (f"{SOURCES}{CUBE}", -8, "line 8: powers as in LTspice: x.*3 is sgn"),
        (f"{SOURCES}{CUBE.replace('**', '^')}", 8, "line 8: powers as in ngspice: x.*3 is abs"),
        (f"{SOURCES}{CUBE}.control\nrun\n.endc\n.backanno\n", 8, None),
        (f"{SOURCES}{CUBE}.lib nom.lib\n".replace(".lib nom.lib", '.probe'), -8, "powers as in PSpice"),
        (f"{SOURCES}.title KiCad schematic\n{CUBE}", -8, "line 8: read as KiCad does"),
        (f"{SOURCES}B1 out 0 V=(pwr(v(x),1.5)+pwrs(v(x),1.5))/2\nR1 out 0 1k\n", 0, "powers as in PSpice"),
        (f"{SOURCES}B1 out 0 V=pwr(v(x),1.5)\nR1 out 0 1k\n", -(2**1.5), "pwr.x,y. is sgn"),
        (f"{SOURCES}B1 out 0 V=pwr(abs(v(x)),1.5)+v(x)^2\nR1 out 0 1k\n", 2**1.5 + 4, None),
    ],
)  # fmt: skip
def test_the_program_is_told_by_what_is_in_the_netlist_and_said(text, wanted, said):
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        circuit = read_netlist(text)
    assert float(operating_point(circuit)["out"]) == pytest.approx(wanted, abs=1e-12)
    assert len(heard) == (said is not None)
    if said is not None:
        with pytest.warns(NetlistWarning, match=said):
            read_netlist(text)


@pytest.mark.filterwarnings("ignore::circuitnn.expressions.errors.NetlistWarning")
def test_what_is_written_is_not_taken_for_what_was_read():
    for text in ("V=v(x)**3", "V=u(v(z))+if(v(h),1,2)", "V=1"):
        circuit = read_netlist(f"* C:\\me\\pedal.asc\n{SOURCES[2:]}B1 out 0 {text}\nR1 out 0 1k\n")
        assert read_netlist(circuit.to_spice()) == circuit


def test_the_powers_of_a_triode_in_cut_off_by_pspice():
    text = """triode, its plate current (PWR + PWRS)/2
Vin g 0 -6
Vb bp 0 250
Ra bp p 100k
E1 2 0 VALUE={40+V(p)+95*V(g)}
R1 2 0 1k
Gp p 0 VALUE={1.2u*(PWR(V(2),1.5)+PWRS(V(2),1.5))/2}
Rp p 0 1g
"""
    with pytest.warns(NetlistWarning, match="line 7: powers as in PSpice"):
        circuit = read_netlist(text, outputs="p")
    assert float(operating_point(circuit)["p"]) == pytest.approx(250 * 1e9 / (1e9 + 1e5), rel=1e-9)
    assert read_netlist(circuit.to_spice(), outputs="p", dialect="ngspice") == circuit


def test_an_included_file_of_another_program_is_read_as_that_one_reads_it(tmp_path):
    (tmp_path / "tube.lib").write_text(".subckt tube a b\nB1 b 0 V=pwr(v(a),3)+0*pwrs(v(a),3)\n.ends\n")
    (tmp_path / "main.cir").write_text(f"{SOURCES}.include tube.lib\nX1 x out tube\nR1 out 0 1k\n")
    with pytest.warns(NetlistWarning, match=r"tube.lib, line 2: read as PSpice does"):
        circuit = read_netlist(tmp_path / "main.cir")
    assert float(operating_point(circuit)["out"]) == pytest.approx(8)
    circuit = read_netlist(tmp_path / "main.cir", dialect="ngspice")
    assert float(operating_point(circuit)["out"]) == pytest.approx(-8)


def test_comments_and_numbers_of_a_program():
    text = "t\nVin $N_1 0 1 ; the input\nR1 $N_1 out 4k7\nR2 out 0 1.5k5\n"
    with pytest.raises(NetlistError, match=r"1\.5k5"):
        read_netlist(text, dialect="ltspice")
    circuit = read_netlist(text.replace("1.5k5", "4K7Ohm").replace("Ohm", ""), dialect="ltspice")
    assert (circuit["R1"].value, circuit["R2"].value) == (4700.0, 4700.0)
    with pytest.raises(NetlistError, match="'4k7' is not a number"):
        read_netlist(text.replace("1.5k5", "1k"), dialect="pspice")
    assert read_netlist(text.replace("4k7", "1k").replace("1.5k5", "{2k2*2}"), dialect="ltspice")["R2"].value == 4400.0
    assert read_netlist("t\nVin out 0 1\nR1 out 0 1k $ and so on\n", dialect="ltspice")["R1"].value == 1000.0


def test_soft_ends_and_other_functions_of_ltspice():
    for text, wanted in (
        ("uplim(v(x)+3,2,0.5)", 1.0), ("uplim(2,2,0.5)", 2 - 0.125), ("uplim(9,2,0.5)", 2.0),
        ("dnlim(v(x),-1,0.5)", -1.0),
        ("hypot(3,4)", 5.0), ("asin(0.5)+arccos(0.5)", math.pi / 2), ("acosh(2)", np.arccosh(2)),
        ("atanh(0.5)", np.arctanh(0.5)),
        ("tbl(v(h),0,0,1,2)", 0.6),
    ):  # fmt: skip
        assert value(text, "ltspice") == pytest.approx(wanted, rel=1e-12), text


def test_a_program_that_is_none_is_an_error():
    with pytest.raises(ValueError, match="dialect: 'hspice' is none of auto, ltspice, pspice, ngspice, kicad"):
        read_netlist(SOURCES, dialect="hspice")


@pytest.mark.parametrize("dialect", ["ltspice", "pspice", "ngspice"])
def test_an_angle_and_its_slopes(dialect):
    text = "* a\n.param y=1 x=1\nVin in 0 0\nR1 in 0 1k\nB1 out 0 V=atan2({y}+v(in),{x}-v(in))\n"
    circuit = read_netlist(text, dialect=dialect)
    assert "atan2" not in circuit.to_spice()

    @jax.jit
    @jax.value_and_grad
    def angle(knobs):
        return operating_point(circuit, controls=knobs)["out"]

    for y, x in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, -2), (-2, 1), (2, 1), (-0.5, -2), (1, 1e-30)):
        value, slopes = angle({"y": float(y), "x": float(x)})
        assert float(value) == pytest.approx(math.atan2(y, x), abs=1e-6)
        square = x * x + y * y
        assert (not square) or float(slopes["y"]) == pytest.approx(x / square, abs=1e-5)
        assert (not square) or float(slopes["x"]) == pytest.approx(-y / square, abs=1e-5)


@pytest.mark.filterwarnings("ignore::circuitnn.expressions.errors.NetlistWarning")
@pytest.mark.parametrize(("dialect", "mil"), [("ngspice", 1e-3), ("ltspice", 25.4e-6), ("pspice", 25.4e-6)])
def test_a_mil_in_braces_is_a_milli_in_ngspice(dialect, mil):
    text = "* m\n.param w=2mil\nVin in 0 1\nR1 in 0 {3mil}\nR2 in 0 1mil\nR3 in 0 {w}\nB1 out 0 V=v(in)*{1mil}\n"
    circuit = read_netlist(text, dialect=dialect)
    values = [float(circuit.resolve()[name]) for name in ("R1", "R2", "R3")]
    assert values == pytest.approx([3 * mil, 25.4e-6, 2 * mil])
    assert float(operating_point(circuit)["out"]) == pytest.approx(25.4e-6)
    assert len([note for note in circuit.notes if "mil is a milli" in note.message]) == 2 * (dialect == "ngspice")
