"""Several faults in one netlist: each is told, whatever the others are."""

from random import Random

import pytest

from circuitnn.circuit import NetlistError, read_netlist

pytestmark = pytest.mark.filterwarnings("ignore::circuitnn.circuit.NetlistWarning")

START = "t\nVin in 0 0\nR1 in out 1k\nR2 out 0 1k\n"
FAULTS = (
    "D1 out 0 DMISSING",
    "Z1 out 0 1k",
    "R7 out 0 k10",
    "R1 in out 2k",
    "R8 out 0 {2*(3}",
    "B1 n1 0 V=frobnicate(v(in))\nR9 n1 0 1k",
    "C7",
    "X1 in out nowhere",
    ".param =3",
    "R10 out 0 {undefined*2}",
    "K1 LNONE1 LNONE2 0.9",
    "La in k1 1m\nRa k1 0 1\nLb out 0 1m\nK2 La Lb 1.7",
    "C9 out 0 -1n",
    ".nonsense 1 2",
    ".model QK NPN(BF=abc)\nQ1 out in 0 QK",
    ".subckt two a b\nRx a b 1k\n.ends\nX2 in out 0 two",
    "V8 lp 0 1\nV9 lp 0 2\nR30 lp out 1k",
    "I30 fl1 0 1m\nC31 fl1 0 1n",
    "B2 n2 0 V=v(nowhere_node)\nR31 n2 0 1k",
    "F1 out 0 VNONE 2",
    ".param ca={cb} cb={ca}",
    ".func f( {x}",
    "C32 out 0 {q1}\n.param q1=-3",
    ".ends",
    "R33 out 0 {1/0}",
    "V33 in2 0 SIN(a b c)\nR34 in2 0 1k",
    ".subckt bad a b\nRy a b zz\n.ends\nX3 in out bad",
    "E9 n9 0 TABLE {v(in)} = (0,0)(0,1)\nR35 n9 0 1k",
    "E10 n10 0 POLY(x) in 0 0 1\nR36 n10 0 1k",
    ".model DR D(RS=-1)\nD3 out 0 DR",
    "M1 out in 0 0 NOPE",
    "S1 out 0 in 0 SWX",
    "W1 out 0 Vnix WX\n.model WX CSW(IT=1m)",
    "A1 in out 0 PX\n.model PX potentiometer(r=-1 position=.3)",
    "E20 e20 0 LAPLACE {v(in)} = {exp(-s)}\nR50 e20 0 1",
    "C50 out 0 Q={x*}",
    "L50 out 0 Flux={yy}",
    "R52 out 0 R={v(gone)}",
    ".if (zzz>1)\nR60 out 0 1\n.endif",
    ".else",
    ".model M5 NMOS(VTO=xyz)\nM5 out in 0 0 M5",
    "V60 v60 0 PWL(0 0 1)\nR61 v60 0 1",
    ".model SWY SW(RON=0)\nS6 out 0 in 0 SWY",
    "D67 out 0 DA area=-2\n.model DA D",
    ".nodeset v(=1",
    "T74 in 0 out 0 Z0=50",
)


def faults_of(lines):
    with pytest.raises(NetlistError) as caught:
        read_netlist(START + "\n".join(lines) + "\n")
    return caught.value.faults


@pytest.mark.parametrize("fault", FAULTS)
def test_each_is_one(fault):
    assert len(faults_of([fault])) == 1


@pytest.mark.parametrize("seed", range(8))
def test_any_thirteen_are_thirteen(seed):
    lines = Random(seed).sample(FAULTS, 13)
    faults = faults_of(lines)
    assert len(faults) == 13
    assert all(fault.line is not None for fault in faults)


def test_a_parameter_may_have_the_name_of_a_component():
    circuit = read_netlist(START + ".param R1=500 R3={R1/2}\nR3 out 0 {R3}\nR4 out 0 {R1}\n")
    values = circuit.resolve()
    assert [float(values[name]) for name in ("R1", "R1_value", "R3", "R4")] == [1000.0, 500.0, 250.0, 500.0]
    assert ".param R1 has the name of a component and is R1_value here" in str(circuit.notes[0])
    assert read_netlist(circuit.to_spice()) == circuit


def test_controls_of_other_programs_are_passed_over():
    circuit = read_netlist(START + ".pot R2 1k 10k\n")
    assert [note.line for note in circuit.notes] == [5]


def test_a_name_twice_is_a_fault_also_where_the_first_line_is_at_fault():
    faults = faults_of(["R11 out 0 {nix*2}", "R11 in out 1k", "X9 out 0 nowhere", "x9 out 0 nowhere"])
    told = [(fault.line, fault.message.split(" ")[0]) for fault in faults]
    assert told.count((6, "duplicate")) == told.count((8, "duplicate")) == 1


def test_an_output_that_only_a_line_at_fault_has_is_no_fault():
    with pytest.raises(NetlistError) as caught:
        read_netlist("t\nVin in 0 0\nR1 in a 1k\nR2 a 0 1k\nR3 a Vout {nix}\nXU1 0 b 0 0 b TL072\n")
    assert [fault.line for fault in caught.value.faults] == [5]


def test_the_output_of_a_sheet_is_no_fault_beside_others():
    with pytest.raises(NetlistError) as caught:
        read_netlist("t\nV1 /in 0 AC 1\nR1 /in /out 1k\nR2 /out 0 4k7\nXU1 0 a 0 0 a TL072\n", dialect="kicad")
    assert [fault.line for fault in caught.value.faults] == [4]
