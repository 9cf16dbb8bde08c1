"""Netlists as they are found: what is taken otherwise than it stands is noted, and gives the answer of ngspice."""

import math
import warnings

import numpy as np
import pytest

import circuitnn as cn
from circuitnn.circuit import NetlistError, NetlistWarning, read_netlist

START = "title\nVin in 0 1\n"


def read(text, *, notes=(), **options):
    """The circuit; its notes, each with its line, are those given and no others."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        circuit = read_netlist(text, **options)
    said = "\n".join(str(warning.message) for warning in caught)
    assert [note.line for note in circuit.notes] == [line for line, _ in notes]
    assert len(caught) == (len(notes) > 0)
    for note, (line, words) in zip(circuit.notes, notes, strict=True):
        assert words in note.message
        assert f"line {line}: {note.message}" in said
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NetlistWarning)  # an end stays in the air
        assert read_netlist(circuit.to_spice(), **options) == circuit
    return circuit


def gain(circuit):
    """At 1 mHz."""
    return float(np.abs(cn.nodal.frequency_response(circuit, [1e-3]))[0])


DIVIDED = [
    # (lines after the source, volts at the output for 1 V at the input, notes)
    ("R1 in out 1k\x1a\nR2 out 0 1k\n\x1a\n", 1 / 2, ()),
    (".param r=3k\nR1 in out 1k\nR2 out 0 r\n", 3 / 4, ()),
    (".param r=1k\n.param R=3k\nR1 in out 1k\nR2 out 0 {r}\n", 3 / 4, [(4, ".param R is there already")]),
    ("X1 in out 0 d\n.subckt d a b gnd\nR1 a b 1k\nR2 b gnd 3k\n.ends\n", 3 / 4, ()),
    (
        "X1 in out c d\nRc in c 1k\nRd c 0 1k\n.subckt d a b gnd\nR1 a b 1k\nR2 b gnd 3k\n.ends\n",
        3 / 4,
        [(3, "ground inside it, and not the node c")],
    ),
    (
        "X1 in out d\n.subckt d a b\nR1 a b 1k\nR2 b 0 3k\n.ends\n.subckt D a b\nR1 a b 9k\n.ends\n",
        3 / 4,
        [(8, ".subckt D is there already: the first one counts")],
    ),
    ("X1 in out d q=2\n.subckt d a b\nR1 a b 1k\nR2 b 0 3k\n.ends\n", 3 / 4, [(3, "no parameter q: passed over")]),
    ("X1 in out d\n.subckt d a b r=3k\n.param r=1k\nR1 a b 1k\nR2 b 0 {r}\n.ends\n", 3 / 4, ()),
    ("X1 in out d\n.subckt d a b\n.param r=3k\nR1 a b 1k\nR2 b 0 {r}\n.ends\n", 3 / 4, ()),
    ("X1 in out d r=3k\n.subckt d a b\n.param r=1k\nR1 a b 1k\nR2 b 0 {r}\n.ends\n", 3 / 4, ()),
    ("R1 in a 0\nR2 a out 1k\nR3 out 0 3k\n", 3 / 4, ()),
    ("X1 in a w r=0\n.subckt w a b\nR1 a b {r}\n.ends\nR2 a out 1k\nR3 out 0 3k\n", 3 / 4, ()),
    ("L1 in a 0\nR2 a out 1k\nR3 out 0 3k\n", 3 / 4, ()),
    ("R1 in out 1k\nR2 out 0 -3k\n", 3 / 2, ()),
    ("R1 in out 1k\nR2 out 0 3k\nC1 out 0 0\n", 3 / 4, [(5, "C1 has a capacitance of 0 and is left out")]),
    ("R1 in out 1k\nR2 out 0 3k\nC1 out 0 {c*1n}\n.param c=0\n", 3 / 4, [(5, "C1 has a capacitance of 0")]),
    ("X1 in out d r=1k r=3k\n.subckt d a b r=9k\nR1 a b 1k\nR2 b 0 {r}\n.ends\n", 3 / 4, [(3, "R is given twice")]),
    ("R1 in out 1k RA\nR2 out 0 RB 3k\n.model RA RES(R=1 TC1=1m)\n", 3 / 4, [(4, "model RB")]),
    ("R1 in out 1k\nR2 out 0 3k\nR3 out n 1\n", 3 / 4, [(5, "node n is dangling: only R3 is connected to it")]),
    (
        "R1 in out 1k\nR2 out 0 3k\nC1 out n 1u\nC2 n m 1u\n",
        3 / 4,
        [(5, "C1 is connected to it, which is left out"), (6, "C2 is connected to it, which is left out")],
    ),
    (
        "R1 in out 1k\nR2 out 0 3k\nC1 out n 1u\nR3 n m 1k\n",
        3 / 4,
        [(5, "C1 is connected to it, which is left out"), (6, "R3 is connected to it, which is left out")],
    ),
    ("R1 in out 1k TC=1m,2u\nR2 out 0 3k tc1=1m TC2=0 temp=27\n", 3 / 4, ()),
    ("R1 in out 1k M=2\nR2 out 0 R=3k m=2\n", 3 / 4, ()),
    ("R1 in out 1k TC=1m\nR2 out 0 1.5k TC=30m\n.temp = 127\n", 6 / 7.1, ()),
    (
        "R1 in out 1k\nR2 out 0 3k\nR3 out OUT 1\nC1 a a 1n\nD1 gnd 0 D\n.model D D(RS=1 CJO=1p)\n",
        3 / 4,
        [
            (number, f"both ends at the node {node} and is left out")
            for number, node in ((5, "out"), (6, "a"), (7, "0"))
        ],
    ),
    ("R1 in out 1k\nL1 out a 1 Rser=3k\nR2 a 0 0\n", 3 / 4, ()),
    ("R1 in out 1k\nC1 out 0 1n Rpar=3k Lser=1n\n", 3 / 4, ()),
    ("R1 in out 1k\n.model X SW(Ron=1 oops=4k7 oops=2)\n.model Y\n+ VDMOS(Rg=3)\nR2 out 0 3k\n", 3 / 4, ()),
    ("R1 in out 1k\nR2 out 0\n* about\n\n+ ; the value\n$ follows\n+ 3k ; here\n", 3 / 4, ()),
]


@pytest.mark.parametrize(("lines", "expected", "notes"), DIVIDED)
def test_a_divider_in_other_words(lines, expected, notes):
    circuit = read(START + lines, notes=notes)
    assert gain(circuit) == pytest.approx(expected, rel=1e-9)


PERFECT = [
    # (coils and couplings, the voltages of the windings for 1 V)
    ("L1 a 0 4\nL2 b 0 1\nL3 c 0 9\nK1 L1 L2 1\nK2 L1 L3 -1\n", (0.5, -1.5)),
    ("L1 a 0 4\nL2 b 0 1\nL3 c 0 9\nK1 L1 L2 L3 1\n", (0.5, 1.5)),
    ("L1 a 0 {4*k}\nL2 0 b {k}\nL3 c 0 16\n.param k=1\nK1 L1 L2 1\nK3 L2 L3 -1\n", (-0.5, -2.0)),
    ("X1 a b c t\n.subckt t a b c\nL1 a 0 4\nL2 b 0 1\nL3 c 0 9\nK1 L1 L2 L3 1\n.ends\n", (0.5, 1.5)),
]


@pytest.mark.parametrize(("coils", "ratios"), PERFECT)
def test_windings_that_are_perfectly_coupled(coils, ratios):
    text = f"title\nVin in 0 1\nRa in a 10\nRb b 0 1k\nRc c 0 2k\n{coils}"
    with pytest.warns(NetlistWarning, match=r"perfectly coupled \(k = 1\) with"):
        circuit = read_netlist(text, outputs=("a", "b", "c"))
    load = sum(ratio**2 / resistance for ratio, resistance in zip(ratios, (1e3, 2e3), strict=True))
    s = 2j * math.pi * 50
    across = 1 / (1 + 10 * (load + 1 / (4 * s)))
    h = np.squeeze(cn.nodal.frequency_response(circuit, [50.0]))
    assert np.allclose(h, across * np.array([1, *ratios]), rtol=1e-5, atol=0)
    assert read_netlist(circuit.to_spice(), outputs=circuit.outputs) == circuit


@pytest.mark.ngspice
def test_a_transformer_in_time(ngspice):
    with pytest.warns(NetlistWarning, match="perfectly coupled"):
        circuit = read_netlist(
            "title\nVin in 0 0\nR1 in a 1k\nL1 a 0 1\nL2 b 0 0.25\nK1 L1 L2 1\nR2 b out 100\nC2 out 0 1u\nR3 out 0 1k\n"
        )
    x = np.sin(np.arange(200) * 0.02)
    y = cn.run(cn.nodal.NodalModel(circuit, fs=48_000, dtype="float32"), x.astype(np.float32))[1]
    truth = cn.spice.transient(circuit, x, fs=48_000)
    assert np.sum((np.squeeze(y) - truth) ** 2) < 1e-6 * np.sum(truth**2)


def test_couplings_that_contradict_each_other():
    coils = "L1 in 0 4\nL2 out 0 1\nL3 c 0 9\nR1 c 0 1\nR2 out 0 1\n"
    for couplings, message in (
        ("K1 L1 L2 1\nK2 L1 L3 1\nK3 L2 L3 -1\n", "K3 contradicts"),
        ("K1 L1 L2 1\nK2 L2 L3 0.5\n", "K2 couples an inductor that is perfectly coupled"),
    ):
        with pytest.raises(NetlistError, match=message):
            read_netlist(START + coils + couplings)


def test_sources_with_equals_signs_and_resistances():
    text = "title\nVin in 0 DC=0 ac=1 0 Rser=1k\nR1 in out 1k\nR2 out 0 2k\nV2 x 0 dc=2 AC amp Rser=5\nRx x 0 1k\n"
    circuit = read(text)
    assert gain(circuit) == pytest.approx(0.5)
    assert circuit["Rser.Vin"].nodes == ("in", "Vin.rser")
    assert circuit["V2"].value == 2.0


def test_a_subcircuit_without_nodes():
    text = "title\n.subckt pedal\nVin in 0 1\nR1 in out 1k\nR2 out 0 3k\n.ends\nX1 pedal\n"
    assert gain(read(text, inputs="V.X1.Vin", outputs="X1.out")) == pytest.approx(3 / 4)


def test_what_is_zero_or_negative_is_a_number_like_any_other():
    circuit = read(START + "R1 in a 0\nR2 a out 1k\nR3 out 0 -3k\n")
    turned = circuit.replace(R1=1e3, R3=2e3)
    assert gain(turned) == pytest.approx(0.5)
    assert gain(circuit.replace(R1=-500.0)) == pytest.approx(3000 / 2500)
    assert read_netlist(circuit.to_spice()) == circuit


@pytest.mark.parametrize("written", ["1M", "2.2Mohm", ".5M"])
def test_a_megohm_that_is_a_milliohm(written):
    with pytest.warns(NetlistWarning, match=r"line 4: R2: .* is a milliohm in SPICE, .* a megohm is [\d.]+Meg"):
        circuit = read_netlist(START + f"R1 in out 1k\nR2 out 0 {written}\n")
    assert circuit["R2"].value < 3e-3


def test_a_parameter_that_is_a_milliohm():
    text = (
        START + ".param rg=1M gain=1M\nR1 in out {rg}\nX1 out s value=2.2M C=1M\n.subckt s a\nR1 a 0 {value*C}\n.ends\n"
    )
    read(text, notes=[(3, "rg: 1M is a milliohm"), (5, "value: 2.2M is a milliohm")])


@pytest.mark.parametrize("written", ["1Meg", "1MEG", "1MegOhm", "10m", "1mil", "1MIL", "4.7k"])
def test_other_resistances_are_not_asked_about(written):
    read(START + f"R1 in out 1k\nR2 out 0 {written}\n")


def test_notes_are_of_the_reading_and_not_of_the_circuit():
    text = "R1 in out 1k\nR2 out 0 3k\n"
    plain, noted = read(START + text), read(START + text + "C1 out 0 0\n", notes=[(5, "C1")])
    assert plain == noted
    assert noted.replace(R1=2.0).notes == noted.notes
    assert noted.notes[0].text == "C1 out 0 0"
    again = read_netlist(START + text)
    assert again.notes == ()


FAULTY = """thirteen faults
Vin in 0 1
R1 in out 4k7
R2 out 0 {nix}
C1 out 0 -1n
Z1 out 0 1
D1 out 0 DX
Q1 out in 0 DY
.model DY D
.nonsense
F1 out 0 Vx 1
E1 out 0 in
R3 a b 1k
R4 a b 1k
L1 in 0 1
.param p={1+}
R5 out 0 {p}
K1 L1 L9 0.5
"""


def test_all_faults_are_told_at_once():
    with pytest.raises(NetlistError) as caught:
        read_netlist(FAULTY)
    error = caught.value
    assert [fault.line for fault in error.faults] == [3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 15, 16, 18]
    # Line 17 and what else follows from these is no fault of its own.
    assert str(error).startswith(
        "13 faults:\nline 3: '4k7' is not a number: write 4.7k instead of 4k7\n    R1 in out 4k7"
    )
    for fault in error.faults:
        assert str(fault) in str(error)
    assert error.line == 3


@pytest.mark.parametrize(
    ("cards", "notes"),
    [
        (".model DX D(IS=1n N=1.7 RS=5)\n", ()),
        (".model DX D IS 1n N 1.7 RS=5\n", ()),
        (".model DX D(IS=2n,N=1.7,RS=5,IS=1n,)\n", [(5, "IS is given twice: the last one counts")]),
        (".model DX D(JS=2n N=1.7 RS=5 IS=1n)\n", [(5, "IS is given twice: the last one counts")]),
        (".model DX D(IS=1n N=1.7 RS=5 mfg=On Semi)\n", [(5, "Semi passed over")]),
        (".model DX ako:DY D(IS=1n)\n.model dy D(IS=2n N=1.7 RS=5)\n", ()),
        (".model DX AKO: DY IS=1n RS=5\n.model DY ako:DZ N=1.7\n.model DZ D(IS=2n RS=3)\n", ()),
    ],
)
def test_a_model_in_other_words(cards, notes):
    circuit = read(START + "R1 in out 1k\nD1 out 0 DX\n" + cards, notes=notes)
    assert {key: float(value) for key, value in circuit.values.items() if key.startswith("DX")} == {
        "DX.IS": 1e-9, "DX.N": 1.7, "DX.RS": 5.0
    }  # fmt: skip


def test_a_file_that_is_no_netlist_is_told_about_in_bounds():
    with pytest.raises(NetlistError, match="faults; the first 20:") as caught:
        read_netlist("\n".join(f"?{number} is no element" for number in range(3000)))
    assert len(str(caught.value)) < 5000


def test_what_follows_from_a_fault_is_none():
    text = START + "R1 in out 4k7\nV9 out x 1\nR2 x 0 1k\nB1 y 0 V=v(q)+i(Vq)\nVq q 0 3k3\nR3 y 0 {p}\n.param p={1\n"
    with pytest.raises(NetlistError) as caught:
        read_netlist(text)
    assert [fault.line for fault in caught.value.faults] == [3, 7, 9]


def test_the_faults_of_a_subcircuit_are_told_once():
    text = START + "X1 in a s\nX2 a out s\n.subckt s a b\nR1 a b 4k7\nC1 b 0 -1n\nQ1 a b q NOPE\nRq q 0 1\n.ends\n"
    with pytest.raises(NetlistError) as caught:
        read_netlist(text)
    assert [fault.line for fault in caught.value.faults] == [6, 7, 8]


def test_what_a_missing_file_may_hold_is_told_as_well(tmp_path):
    (tmp_path / "my.cir").write_text(START + ".lib gone.lib\nX1 in a opamp\nC1 a out 1n\nD1 out x DX\nR1 out 0 1x1\n")
    with pytest.raises(NetlistError) as caught:
        read_netlist(tmp_path / "my.cir")
    assert [fault.line for fault in caught.value.faults] == [3, 4, 6, 7]
    assert str(caught.value).count("or it is in the file that is missing, too") == 2


VENDOR = """a stage from the wild
.param rc=10k
Vcc vcc 0 DC=9
Vin in 0 DC=0 AC=1
C1 in b 1u Rser=10
R1 vcc b 1Meg TC=1m
R2 b 0 120k m=1
Q1 c b e QN area=1 m=2
Rc vcc c rc
Re e 0 1k
Rw c out 0
Rn out n -1Meg
Rn2 n 0 2Meg
Rl out 0 100k
.model QN NPN(IS=7f BF=400 VT=26m CCB=3p Vceo=30 mfg=any)
.model QN NPN(IS=1)
.param rc=4.7k
.end
"""


@pytest.mark.ngspice
def test_a_stage_from_the_wild_against_ngspice(ngspice):
    notes = [(15, "VT, CCB passed over"), (16, ".model QN is there already"), (17, ".param rc is there already")]
    circuit = read(VENDOR, notes=notes)
    freqs = np.array([20.0, 1e3])
    ours, theirs = cn.nodal.frequency_response(circuit, freqs), cn.spice.ac(circuit, freqs)
    assert np.allclose(np.squeeze(ours), np.squeeze(theirs), rtol=1e-6, atol=0)
    assert math.isclose(circuit["Q1"].value, 2.0)
