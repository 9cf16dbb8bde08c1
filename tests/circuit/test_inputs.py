"""Inputs that are nodes, and netlists that are one subcircuit alone."""

import numpy as np
import pytest

import circuitnn as cn
from circuitnn.circuit import NetlistError, read_netlist

pytestmark = pytest.mark.filterwarnings("ignore::circuitnn.circuit.NetlistWarning")

PEDAL = "* t\nVcc vcc 0 9\nR0 vcc out 1k\nR1 in out 1k\n"


@pytest.mark.parametrize("name", ["in", "IN", "Vin"])
def test_an_input_may_be_a_node(name):
    circuit = read_netlist(PEDAL, inputs=name)
    assert circuit.inputs == (("VIN" if name == "IN" else "Vin"),)
    assert "a voltage source from the node in to ground, is added" in str(circuit.notes[0])
    assert complex(cn.nodal.frequency_response(circuit, [100.0])[0]) == pytest.approx(0.5)
    assert read_netlist(circuit.to_spice(), inputs=circuit.inputs) == circuit


@pytest.mark.parametrize("name", ["Vq", "v(vcc)", "0", "V"])
def test_no_source_is_added_where_there_is_no_node_or_a_source(name):
    with pytest.raises(NetlistError, match="for the input"):
        read_netlist(PEDAL, inputs=name)


def test_a_source_inside_a_part_does_not_hold_what_it_senses():
    circuit = read_netlist("* t\nE1 out 0 in 0 3\nRi in 0 1meg\nRo out 0 1\n")
    assert complex(cn.nodal.frequency_response(circuit, [100.0])[0]) == pytest.approx(3.0)


def test_one_subcircuit_alone_is_the_circuit(tmp_path):
    text = (
        ".subckt amp in out PARAMS: gain=3\nE1 out 0 in 0 {gain}\nRi in 0 RX 1meg\n.model RX R\n.ends amp\n.tran 1 2\n"
    )
    (tmp_path / "amp.cir").write_text("* an amplifier\n" + text)
    circuit = read_netlist(tmp_path / "amp.cir")
    assert circuit.notes[0].message == (
        "the netlist is the .subckt amp alone, which is read as the circuit; its nodes are in out"
    )
    assert np.asarray(cn.nodal.frequency_response(circuit, [100.0])) == pytest.approx(3.0)
    assert circuit.nodes == ("out", "in")


@pytest.mark.parametrize("more", [".subckt two a b\nR1 a b 1\n.ends\n", "R9 out 0 1k\n"])
def test_several_are_not(more):
    with pytest.raises(NetlistError):
        read_netlist("* t\n.subckt amp in out\nE1 out 0 in 0 3\nRi in 0 1meg\n.ends amp\n" + more, inputs="q")


@pytest.mark.parametrize(
    "lines",
    [
        "X1 out 0 / half\n.subckt half a b\nR1 a b 1k\n.ends",
        ".param twice(x)={x*2}\nR2 out 0 {twice(500)}",
        "R2 Net-(C1-Pad1) 0 500\nR3 out net-(c1-pad1) 500",
        "B2 out 0 I=v(out)/1k tripdv=1 tripdt=1n",
        "B2 out 0 I=pwl(v(out),-1,-1m,1,1m)",
    ],
)
def test_what_programs_write_in_their_own_ways(lines):
    circuit = read_netlist(f"* t\nVin in 0 0\nR1 in out 1k\n{lines}\n")
    assert complex(cn.nodal.frequency_response(circuit, [100.0])[0]) == pytest.approx(0.5)


def test_a_search_for_rest_begins_where_nothing_divided_by_nothing_is_nothing():
    triode = "* t\nVin g 0 0\nV1 p 0 100\nRp p out 47k\nRe e 0 1g\nB1 out 0 I=(v(e)**1.3/920)*{}\nB2 e 0 V=v(out)/50\n"
    voltages = [cn.nodal.operating_point(read_netlist(triode.format(text))) for text in ("(v(e)+abs(v(e)))/v(e)", "2")]
    assert float(voltages[0]["out"]) == pytest.approx(float(voltages[1]["out"]), rel=1e-6)
