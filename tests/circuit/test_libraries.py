"""Libraries as vendors publish them, and what LTspice and PSpice take in them."""

import numpy as np
import pytest

from circuitnn import spice
from circuitnn.circuit import NetlistError, read_netlist
from circuitnn.expressions.errors import NetlistWarning
from circuitnn.nodal import frequency_response, operating_point

MAIN = "t\nVin in 0 1\nRl out 0 1k\n"


def rest(text, **options):
    return float(operating_point(read_netlist(MAIN + text, **options))["out"])


DIVIDED = [
    "R1 in out r*2\n.param r=500\n",
    "R1 in out 2*500\n",
    "R1 in out 1k/1\nC1 out 0 c*2\n.param c 1n\n",
    ".param a 2\n.param r {a*500}\nR1 in out r\n",
    ".function f(x) {x*500}\nR1 in out {f(2)}\n",
    ".function f(x)={x*500}\n.param q f(2)\nR1 in out q\n",
    "X1 in out s PARAMS: r=500 TEXT: note=\"none\"\n.subckt s a b params: r=1k\nR1 a b {2*r}\n.ends* of the part\n",
    "X1 in out s\nX2 in 0 in 0 s\n.subckt s a b OPTIONAL: p=$G_P n=$G_N PARAMS: r=500\nR1 a b 2*r\nR2 p n 1k\n"
    ".ends\nVp $G_P 0 5\nRn $G_N 0 1k\n",
]  # fmt: skip


@pytest.mark.parametrize("text", DIVIDED)
@pytest.mark.filterwarnings("ignore::circuitnn.expressions.errors.NetlistWarning")
def test_a_divider_in_words_of_other_programs(text):
    assert rest(text) == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize("text", ["R1 in out 2*x\n", "R1 in out 2*\n", "R1 in out 1k*)\n", "R1 in out BC337-25\n"])
def test_values_that_are_no_expressions_either(text):
    with pytest.raises(NetlistError, match="line 4"):
        read_netlist(MAIN + text)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("10MFD", "10MFD is a millifarad in SPICE"),
        ("1M", "1M is a millifarad"),
        ("1F", "1F is in femtofarads in SPICE"),
    ],
)
def test_capacitances_as_on_paper_are_said(value, said):
    with pytest.warns(NetlistWarning, match=f"line 5: C1: {said}"):
        read_netlist(f"{MAIN}R1 in out 1k\nC1 out 0 {value}\n")


@pytest.mark.parametrize(
    ("value", "hint"),
    [("2M2", "write 2.2Meg instead of 2M2"), ("4R7", "write 4.7 instead of 4R7"), ("6n8", "write 6.8n")],
)
@pytest.mark.filterwarnings("ignore::circuitnn.expressions.errors.NetlistWarning")
def test_values_with_a_letter_for_the_point_are_told_how_to_be_written(value, hint):
    with pytest.raises(NetlistError, match=hint):
        read_netlist(f"{MAIN}R1 in out {value}\n")
    assert read_netlist(f"{MAIN}R1 in out {value}\n", dialect="ltspice")["R1"].value > 0


LIBRARY = """* parts
subckt typed wrong 1 2
S1 1 2 x y SWX
.ends
.subckt half a b
R1 a b 1k
C1 b b 1p
.ENDS* HALF, next SUBCKT
.subckt other a b
R1 a b 2k
.ends
"""


def test_a_library_gives_its_definitions_and_no_elements(tmp_path):
    (tmp_path / "parts.lib").write_text(LIBRARY)
    with pytest.warns(NetlistWarning, match=r"parts\.lib, line 2: an element of a library, outside") as said:
        assert rest(".lib parts.lib\nX1 in out half\n", root=tmp_path) == pytest.approx(0.5)
    assert "line 4: .ends without .subckt: passed over" in str(said[0].message)
    with pytest.raises(NetlistError, match=r"parts\.lib, line 2"):
        rest(".include parts.lib\nX1 in out half\n", root=tmp_path)
    (tmp_path / "long.lib").write_text(".subckt half a b\nR1 a b 1k\n.ends\n" + ".model D1 D\n" * 30_000)
    with pytest.warns(NetlistWarning, match="is there already"):
        assert rest(".lib long.lib\nX1 in out half\n", root=tmp_path) == pytest.approx(0.5)


UNCLOSED = """Gathered by somebody in 2005
.subckt half a b
R1 a b 1k
.subckt other a b c c
R1 a b {r}
R2 c 0 1k
.ends
.subckt third a b
R1 a b 3k
"""


@pytest.mark.parametrize("directive", [".lib", ".include"])
def test_a_library_without_ends_or_with_a_title(tmp_path, directive):
    (tmp_path / "parts.lib").write_text(UNCLOSED)
    with pytest.warns(NetlistWarning) as said:
        assert rest(f"{directive} parts.lib\nX1 in out half\n", root=tmp_path) == pytest.approx(0.5)
    for told in ("line 1: the first line is no element", "line 2: .subckt without .ends", "line 4: .subckt other has"):
        assert told in str(said[0].message)
    with pytest.warns(NetlistWarning, match="line 8: .subckt without .ends"):
        assert rest(f"{directive} parts.lib\nX1 in out third\n", root=tmp_path) == pytest.approx(0.25)
    (tmp_path / "wrong.lib").write_text("R1 in out\n")
    with pytest.raises(NetlistError, match=r"wrong\.lib, line 1: R1 needs one resistance"):
        rest(f"{directive} wrong.lib\n", root=tmp_path)


INNER = ".subckt inner a b\nR1 a b 1k\n"


@pytest.mark.parametrize(
    ("library", "volts", "told"),
    [
        (f".subckt outer a b\n{INNER}.ends\n", 0, "line 1: .subckt without .ends: that leaves outer without elements"),
        (f".subckt outer a b\n{INNER}R2 a b 1k\n.ends outer\n", 0, "line 2: .*: that leaves outer without elements"),
        (f".subckt outer a b\n{INNER}X1 a b inner\n.ends outer\n", 0.5, "line 2: .subckt without .ends: it ends"),
        (f".subckt outer a b\n{INNER}.ends\nX1 a b inner\n", 0.5, "line 1: .subckt without .ends: it ends before"),
    ],
)  # fmt: skip
def test_a_subcircuit_that_the_missing_ends_of_another_leaves_empty_is_told(tmp_path, library, volts, told):
    (tmp_path / "parts.lib").write_text(library)
    with pytest.warns(NetlistWarning, match=told):
        assert rest(".lib parts.lib\nX1 in out outer\n", root=tmp_path) == pytest.approx(volts)


NESTED = """.subckt outer a b
.subckt inner c d
R1 c d 400
.ends{inner}
.subckt other c d
R1 c d 500
.ends
X1 a m inner
X2 m n other
R9 n b 100
"""
TAIL = ".subckt tail a b\nR1 a b 1k\n.ends tail\n"


@pytest.mark.parametrize(
    "library", [NESTED, NESTED + TAIL, TAIL + NESTED, NESTED + TAIL + NESTED.replace("outer", "z")]
)
@pytest.mark.parametrize("inner", ["", " inner"])
def test_a_subcircuit_without_ends_keeps_those_inside_of_it(tmp_path, library, inner):
    (tmp_path / "parts.lib").write_text("* nested\n" + library.replace("{inner}", inner))
    with pytest.warns(NetlistWarning, match=r"\.subckt without \.ends"):
        assert rest(".lib parts.lib\nX1 in out outer\n", root=tmp_path) == pytest.approx(0.5)
    if "tail" in library:
        with pytest.warns(NetlistWarning):
            assert rest(".lib parts.lib\nX1 in out tail\n", root=tmp_path) == pytest.approx(0.5)


def test_an_ends_closes_the_one_that_it_names(tmp_path):
    (tmp_path / "parts.lib").write_text(".subckt a p q\n.subckt b p q\nR1 p q 1k\n.ends a\n" + TAIL)
    with pytest.warns(NetlistWarning, match=r"line 2: \.subckt without \.ends"):
        assert rest(".lib parts.lib\nX1 in out tail\n", root=tmp_path) == pytest.approx(0.5)


def test_what_a_faulty_model_leaves_open_is_not_told():
    text = "Q1 out b e QN\nI1 e 0 1u\nR2 in b 1k\n.model QN NPN(IS=1x1)\n"
    with pytest.raises(NetlistError) as caught:
        read_netlist(MAIN + text)
    assert [fault.line for fault in caught.value.faults] == [7]


@pytest.mark.ngspice
def test_negative_capacitances_are_those_of_ngspice(ngspice, tmp_path):
    (tmp_path / "cell.lib").write_text(".subckt cell out a\nC2 out 0 -5n\nC3 out a -1n\n.ends\n")
    text = ".lib cell.lib\nR1 in out 10k\nC1 out 0 20n\nX1 out a cell\nR2 a 0 3k\n"
    circuit = read_netlist(MAIN + text, root=tmp_path)
    assert read_netlist(circuit.to_spice()) == circuit
    frequencies = np.array([100.0, 1e3, 1e4])
    np.testing.assert_allclose(frequency_response(circuit, frequencies), spice.ac(circuit, frequencies), rtol=1e-9)
