import dataclasses

import pytest

from circuitnn.circuit import read_netlist
from circuitnn.circuit.catalogue import diode_clipper
from circuitnn.mna.topology import topology
from tests.mna.circuits import BRIDGE, SERIES


def test_antiparallel_diodes_share_a_port():
    top = topology(diode_clipper())
    assert len(top.ports) == 1
    assert [(j.forward, j.backward) for j in top.junctions] == [(("D1",), ("D2",))]


def test_parallel_diodes_merge():
    net = "* t\nVin in 0 0\nR1 in out 1k\nD1 out 0 DX\nD2 out 0 DX\nD3 out 0 DY\n"
    net += ".model DX D(IS=1n)\n.model DY D(IS=2n)\n.end"
    top = topology(read_netlist(net))
    assert len(top.ports) == 1
    assert [j.forward for j in top.junctions] == [("D1", "D2"), ("D3",)]


def test_a_bridge_has_four_ports():
    assert len(topology(BRIDGE).ports) == 4


def test_a_series_resistance_has_a_node_of_its_own():
    top = topology(SERIES)
    assert top.nodes[-1] == "D3#anode"
    assert [(rs.diode, rs.model) for rs in top.series] == [("D3", "DY")]


def test_depends_on_the_static_part_only():
    circuit = diode_clipper()
    assert topology(circuit) == topology(circuit.replace(R1=1.0))
    assert hash(topology(circuit)) == hash(topology(circuit))


@pytest.mark.parametrize("field", ["inputs", "outputs"])
def test_a_circuit_without_input_or_output_is_an_error(field):
    with pytest.raises(ValueError, match=f"has no {field[:-1]}"):
        topology(dataclasses.replace(diode_clipper(), **{field: ()}))
