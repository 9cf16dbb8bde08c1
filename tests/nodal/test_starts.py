"""What a netlist says of the beginning: ``.ic``, ``.nodeset``, ``IC=``."""

import jax
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.expressions.errors import NetlistError

FS = 48_000
RC = "* start\n.param v0=1\nVin in 0 0\nR1 in out 10k\nC1 out 0 1u\nC2 out far 1u\nR2 far 0 10k\n"
LATCH = """* latch
Vcc vcc 0 9
Vin in 0 0
R1 vcc a 1k
R2 vcc b 1k
R3 a x 10k
R4 b y 10k
Rin in y 100k
Q1 a y 0 QN
Q2 b x 0 QN
.model QN NPN(BF=100)
"""
pytestmark = pytest.mark.filterwarnings("ignore::circuitnn.expressions.errors.NetlistWarning")


@pytest.mark.slow
def test_a_circuit_begins_where_ic_says_as_in_ngspice(ngspice):
    circuit = cn.read_netlist(RC + ".ic v(out)={2*v0}\n")
    assert "begins with the voltage at out" in circuit.notes[0].message
    model = cn.nodal.NodalModel(circuit, fs=FS, dtype="float64")
    carry = model.init_carry()
    np.testing.assert_allclose(model.states(carry), [2.0, 2.0], rtol=1e-9)
    y = cn.run(model, np.zeros(256))[1]
    np.testing.assert_allclose(y, cn.spice.transient(circuit, np.zeros(256), FS), atol=2e-6)
    np.testing.assert_allclose(cn.run(model, np.zeros(256), model.init_carry())[1], y, atol=0)
    np.testing.assert_allclose(cn.run(cn.wdf.derive(circuit, fs=FS, dtype="float64"), np.zeros(256))[1], y, atol=1e-9)
    assert cn.read_netlist(circuit.to_spice()) == circuit
    assert cn.nodal.operating_point(circuit)["out"] == pytest.approx(0.0, abs=1e-9)

    def end(v0):
        return cn.run(model, np.zeros(256), controls={"v0": v0})[1][-1]

    assert float(jax.grad(end)(1.0)) == pytest.approx(float(y[-1]), rel=1e-9)  # it is linear


@pytest.mark.slow
@pytest.mark.parametrize("part", ["C1 a b 1u IC=2", "C1 b a Q={1u*x} IC={-2*v0}"])
def test_a_voltage_between_two_nodes_holds_in_ngspice_as_well(ngspice, part):
    lines = "* two nodes\n.param v0=1\nVin in 0 0\nR1 in a 1k\nR2 b 0 2k\nR3 a 0 5k\n"
    circuit = cn.read_netlist(f"{lines}{part}\n.tran 1u 1m uic\n", outputs=["a", "b"])
    again = cn.read_netlist(circuit.to_spice(), outputs=["a", "b"])
    assert again.clamps[0].nodes[1] == "0"
    silence = np.zeros((64, 1))
    y, from_text = (cn.run(cn.nodal.NodalModel(c, fs=FS, dtype="float64"), silence)[1] for c in (circuit, again))
    theirs = cn.spice.transient(circuit, silence, FS)
    np.testing.assert_allclose(y, theirs, atol=2e-5)
    np.testing.assert_allclose(y, from_text, atol=1e-8)
    assert abs(theirs[0, 0] - theirs[0, 1] - 2) < 0.02
    assert cn.spice.operating_point(circuit)["a"] == pytest.approx(0, abs=1e-9)  # as it would rest


@pytest.mark.slow
def test_of_several_rests_it_is_the_one_that_is_said():
    for line, (a, b) in ((".nodeset v(a)=9 v(b)=0", (8.2577, 0.0716)), (".ic V(b) = 9, v(a)=0", (0.0719, 8.2577))):
        point = cn.nodal.operating_point(cn.read_netlist(LATCH + line + "\n", outputs="a"))
        assert (float(point["a"]), float(point["b"])) == pytest.approx((a, b), abs=1e-3)


def test_ic_of_parts_counts_with_uic():
    plain = cn.read_netlist(RC.replace("C1 out 0 1u", "C1 out 0 1u IC=2"))
    assert plain.clamps == ()
    assert "C1: IC= says something with UIC alone" in plain.notes[0].message
    started = cn.read_netlist(RC.replace("C1 out 0 1u", "C1 out 0 1u IC=2") + ".tran 1u 1m 0 1u UIC\n")
    assert started.values["ic(out)"] == 2.0
    turned = cn.read_netlist(RC.replace("C1 out 0 1u", "C1 0 out 1u IC=-2") + ".tran 1u 1m uic\n")
    for circuit in (started, turned):
        model = cn.nodal.NodalModel(circuit, fs=FS)
        np.testing.assert_allclose(np.abs(model.states(model.init_carry((3,)))), np.full((3, 2), 2.0), rtol=1e-6)
    assert cn.read_netlist(RC.replace("C1 out 0 1u", "C1 out 0 1u IC=0")).notes == ()


def test_nodes_of_subcircuits_and_those_that_a_source_holds():
    cell = ".subckt cell a b\nR1 a m 1k\nC1 m 0 1u\nR2 m b 1k\n.ic v(m)=3 v(a)=7\n.ends\n"
    said = ".ic v(x1.m)=2 v(nowhere)=1 i(R9)=1\n"
    circuit = cn.read_netlist(f"* sub\nVin in 0 1\nX1 in out cell\n{cell}R9 out 0 1k\n{said}")
    messages = "\n".join(str(note) for note in circuit.notes)
    assert ".ic of nowhere is passed over" in messages
    assert ".ic of R9 is passed over" in messages
    model = cn.nodal.NodalModel(circuit, fs=FS)
    np.testing.assert_allclose(model.states(model.init_carry()), [3.0], rtol=1e-4)  # the last one counts


@pytest.mark.parametrize(
    "line", [".ic", ".ic out=1", ".ic v(out)=", ".ic v(out)=1 2", ".nodeset v()=1", ".ic v(out)={x}"]
)
def test_what_cannot_be_is_said(line):
    if line == ".ic":
        assert cn.read_netlist(RC + line + "\n").clamps == ()
        return
    with pytest.raises(NetlistError, match=r"line 8.*(needs voltages of nodes|is not a number|unknown parameter x)"):
        cn.read_netlist(RC + line + "\n")
