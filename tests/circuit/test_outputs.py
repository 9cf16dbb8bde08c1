"""What may be asked of a circuit: nodes, voltages between nodes and across components, currents."""

import dataclasses

import pytest

from circuitnn.circuit import CircuitError, NetlistWarning, read_netlist
from circuitnn.circuit.outputs import probe
from circuitnn.expressions.tree import Current, Voltage

TEXT = (
    "t\nVin in 0 0\nR1 in m 1k\nC1 m Out 1n\nL1 Out 0 1m\nLa Out a 1m\nK1 L1 La 0.5\nRa a 0 1k\nI1 0 m 1m\nD1 m 0 DX\n"
    "Q1 m in 0 QN\nE1 e 0 m 0 2\nG1 0 e m 0 1\nF1 0 e Vin 1\nRe e 0 1k\nH1 h 0 Vin 2\nRh h 0 1k\nB1 b 0 V=v(m)\n"
    "B2 0 b I=v(m)\nRb b 0 1k\n"
    "X1 Out cell\n.subckt cell a\nR1 a n 1k\nC1 n 0 1n\n.ends\n.model DX D(IS=1n)\n.model QN NPN(IS=1f)\n"
)


@pytest.mark.parametrize(
    ("given", "name", "quantity"),
    [
        ("out", "Out", Voltage("Out")),
        ("v(OUT)", "Out", Voltage("Out")),
        ("V( m , out )", "v(m,Out)", Voltage("m", "Out")),
        ("v(m,gnd)", "m", Voltage("m")),
        ("v(0,m)", "v(0,m)", Voltage("0", "m")),
        ("v(c1)", "v(C1)", Voltage("m", "Out")),
        ("v(d1)", "v(D1)", Voltage("m")),
        ("v(e1)", "v(E1)", Voltage("e")),
        ("v(r.x1.r1)", "v(R.X1.R1)", Voltage("Out", "X1.n")),
        ("v(x1.N)", "X1.n", Voltage("X1.n")),
        ("I(r1)", "i(R1)", Current("R1")),
        ("i(R.x1.R1)", "i(R.X1.R1)", Current("R.X1.R1")),
        *((f"i({part})", f"i({part})", Current(part)) for part in ("C1", "L1", "Vin", "E1", "H1", "B1", "La")),
    ],
)
def test_what_an_output_stands_for(given, name, quantity):
    circuit = read_netlist(TEXT, outputs=given)
    assert circuit.outputs == (name,)
    assert probe(circuit.components, name) == (name, quantity)


def test_a_node_comes_before_a_component_of_its_name():
    circuit = read_netlist("t\nVin in 0 0\nR1 in C1 1k\nC1 C1 in 1n\nR2 C1 0 1k\n", outputs=("v(c1)", "i(c1)", "v(r2)"))
    assert circuit.outputs == ("C1", "i(C1)", "v(R2)")
    assert probe(circuit.components, "v(C1)").quantity == Voltage("C1")


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("nowhere", "no node named 'nowhere' for the output; the nodes are in, m, Out"),
        ("R1", r"no node named 'R1' .* v\(R1\) is the voltage across it"),
        ("v(m", "no node named 'v\\(m'"),
        ("v(x)", r"v\(x\): no node or component named 'x'.* nodes are in, m"),
        ("v(m,R1)", r"v\(m,R1\): no node named 'R1'"),
        ("v(0)", "zero whatever"),
        ("v(m,M)", "both ends are node m"),
        ("v(Q1)", r"Q1 has 3 terminals; name two nodes, v\(a,b\): m, in, 0"),
        ("v(K1)", "no node or component named 'K1'"),
        ("i(R7)", r"i\(R7\): no such component .* Vin, R1, C1, L1, La, Ra, E1, Re"),
        ("i(m)", "no such component"),
        ("i(R1,C1)", "a current is that of one component"),
        *((f"i({part})", f"0 V in series with {part}") for part in ("I1", "D1", "Q1", "G1", "F1", "B2")),
        (("out", "v(out)"), "twice"),
        (("v(C1)", "V(c1)"), "twice"),
    ],
)
def test_what_cannot_be_asked_for(output, message):
    with pytest.raises(CircuitError if isinstance(output, str) else ValueError, match=message):
        read_netlist(TEXT, outputs=output)


def test_a_node_that_is_heard_may_dangle():
    text = "t\nVin in 0 0\nR1 in a 1k\nR2 a b 1k\nR3 a 0 1k\n"
    for outputs in ("v(b)", "v(a,b)", "v(R2)"):
        assert read_netlist(text, outputs=outputs).outputs
    with pytest.warns(NetlistWarning, match="node b is dangling"):
        read_netlist(text, outputs="i(R2)")


def test_outputs_are_no_part_of_the_netlist():
    circuit = read_netlist(TEXT, outputs=("v(C1)", "i(R1)", "out"))
    assert circuit.to_spice() == dataclasses.replace(circuit, outputs=("m",)).to_spice()
    assert read_netlist(circuit.to_spice(), outputs=circuit.outputs) == circuit
