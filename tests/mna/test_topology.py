import dataclasses

import pytest

from circuitnn.circuit import CircuitError, read_netlist
from circuitnn.circuit.catalogue import diode_clipper
from circuitnn.mna.elements import Output
from circuitnn.mna.topology import topology
from tests.mna.circuits import BRIDGE, SERIES
from tests.mna.terminals import device

MODEL = ".model M1 NPN(IS=1e-14 RB=10 RC=1)\n.model DX D(IS=1n)"


def test_antiparallel_diodes_are_one_device_on_one_port():
    top = topology(diode_clipper())
    assert len(top.ports) == len(top.drives) == 1
    assert [(device.names, device.backward) for device in top.devices] == [(("D1",), ("D2",))]


def test_diodes_of_one_model_in_parallel_are_one_device():
    top = topology(device("D1 out 0 DX\nD2 out 0 DX\nD3 out 0 DY\n.model DX D(IS=1n)\n.model DY D(IS=2n)"))
    assert len(top.ports) == 1
    assert [device.names for device in top.devices] == [("D1", "D2"), ("D3",)]


def test_a_bridge_has_four_ports():
    assert len(topology(BRIDGE).ports) == 4


def test_a_transistor_shares_its_ports_with_what_is_across_its_junctions():
    """Also where a diode, or another transistor, sees them the other way round."""
    top = topology(device(f"Q1 c b e M1\nD1 e b DX\n{MODEL.replace('RB=10 RC=1', '')}"))
    assert len(top.ports) == 2
    top = topology(device(f"Q1 c b e M1\nQ2 e b c M1\n{MODEL.replace('RB=10 RC=1', '')}"))
    assert len(top.ports) == 2


def test_a_voltage_in_two_behavioural_sources_is_one_unknown():
    top = topology(device("B1 c 0 I=tanh(V(b,e))\nB2 e 0 I=exp(V(e,b))"))
    assert len(top.ports) == 1
    assert [device.ports[0][1] for device in top.devices] == [1, -1]


def test_series_resistances_have_nodes_of_their_own():
    top = topology(SERIES)
    assert top.nodes[-1] == "D3#RS"
    assert [(inner.device, inner.parameter) for inner in top.series] == [("D3", "DY.RS")]
    top = topology(device(f"Q1 c b e M1\n{MODEL}"))
    assert [inner.parameter for inner in top.series] == ["M1.RC", "M1.RB"]
    assert top.nodes[-2:] == ("Q1#RC", "Q1#RB")


def test_a_resistor_with_an_expression_has_a_current_of_its_own():
    circuit = read_netlist("* t\n.param k=0.5\nVin in 0 0\nR1 in out {k*1k}\nR2 out 0 1k\n.end")
    top = topology(circuit)
    assert [branch.name for branch in top.pots] == ["R1"]
    assert [branch.name for branch in top.resistors] == ["R2"]


def test_depends_on_the_static_part_only():
    circuit = diode_clipper()
    assert topology(circuit) == topology(circuit.replace(R1=1.0))
    assert hash(topology(circuit)) == hash(topology(circuit))


@pytest.mark.parametrize("field", ["inputs", "outputs"])
def test_a_circuit_without_input_or_output_is_an_error(field):
    with pytest.raises(ValueError, match=f"has no {field[:-1]}"):
        topology(dataclasses.replace(diode_clipper(), **{field: ()}))


def test_a_resistor_whose_current_is_heard_has_a_current_of_its_own():
    net = "* t\nVin in 0 0\nR1 in out 1k\nR2 out 0 1k\nC1 out 0 1n\n.end"
    circuit = read_netlist(net, outputs=("i(r1)", "v(in,out)", "out", "i(C1)"))
    top = topology(circuit)
    assert [branch.name for branch in top.pots] == ["R1"]
    assert [branch.name for branch in top.resistors] == ["R2"]
    assert top.outputs == (Output(-1, -1, 3), Output(0, 1), Output(1, -1), Output(-1, -1, 4))
    assert [top.unknowns[output.branch] for output in top.outputs[::3]] == ["the current of R1", "the current of C1"]
    assert hash(top) == hash(topology(circuit.replace(R1=2.0)))


def test_an_output_that_the_circuit_does_not_have_is_an_error():
    with pytest.raises(CircuitError, match="no such component"):
        topology(dataclasses.replace(diode_clipper(), outputs=("i(R7)",)))
