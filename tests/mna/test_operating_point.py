import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn.circuit import catalogue, read_netlist
from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.mna.checks import check_solvable, states_are_independent
from circuitnn.mna.operating_point import operating_point
from circuitnn.mna.topology import topology
from circuitnn.testing import check_gradient
from tests.cases import cases
from tests.mna.circuits import BIASED, RLC

DIODE = read_netlist("* t\nVin in 0 5\nR1 in out 1k\nD1 out 0 DX\nC1 out 0 1n\n.model DX D(IS=1n N=1.5)\n.end")
# The voltages of the capacitors in ngspice 39, with the options of cn.spice.
NGSPICE = {
    "common_emitter": [-0.792623672301, 5.164687806078],
    "jfet_stage": [-3.67578e-07, 4.521820342686],
    "triode_koren": [1.905281997477, 229.433900093573],
    "sd1": [
        *(4.47752693897, -4.142789171327, -0.909364715163, -4.4774822e-05, 4.477459777199),
        *(2.2386999e-05, 4.477437390236, -0.000134322696, 0.649795682522, 3.255476433367),
    ],
}


def at_rest(circuit):
    return jax.jit(functools.partial(operating_point, topology(circuit)))(circuit.resolve())


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_a_diode_behind_a_resistor(dtype):
    v = float(at_rest(DIODE.astype(dtype)).states[0])
    current = 1e-9 * np.expm1(v / (1.5 * THERMAL_VOLTAGE))
    assert v + 1e3 * current == pytest.approx(5, rel=1e-4 if dtype == jnp.float32 else 1e-11)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_a_node_held_by_diodes_alone_rests_at_zero(dtype):
    point = at_rest(catalogue.diode_clipper_second_order().astype(dtype))
    np.testing.assert_array_equal(point.states, 0)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_keeps_its_precision(dtype):
    """Also where the other one is switched on."""
    found = at_rest(BIASED.astype(dtype))
    assert {leaf.dtype for leaf in jax.tree.leaves(found)} == {jnp.dtype(dtype), jnp.dtype(bool)}


def test_inductors_are_short_and_capacitors_open():
    circuit = read_netlist("* t\nVin in 0 2\nR1 in a 100\nL1 a out 10m\nC1 out 0 1u\nR2 out 0 100\n.end")
    np.testing.assert_allclose(at_rest(circuit).states, [0.01, 1.0], rtol=1e-9)


@pytest.mark.parametrize("name", cases(NGSPICE, slow=("sd1",)))
def test_stages_rest_where_ngspice_says(name):
    point = at_rest(catalogue.CATALOGUE[name]())
    assert bool(point.is_found)
    np.testing.assert_allclose(point.states, NGSPICE[name], rtol=1e-6, atol=1e-7)


def test_a_latch_and_a_transistor_pulled_hard():
    """Two transistors that hold each other, as a thyristor: all at once fails or not, a solution is found."""
    net = "* t\nVin in 0 100\nR1 in a 10\nQ1 b a2 a QP\nQ2 a2 b 0 QN\nR2 a a2 100k\nR3 b 0 100k\nR4 a out 1k\n"
    net += "R5 out 0 1k\n.model QN NPN(IS=1e-15 BF=200)\n.model QP PNP(IS=1e-15 BF=100)\n.end"
    point = at_rest(read_netlist(net))
    assert bool(point.is_found)
    assert np.isfinite(point.outputs).all()


def test_is_differentiable():
    top = topology(BIASED)
    values = {name: jnp.asarray(value) for name, value in BIASED.resolve().items()}
    check_gradient(jax.jit(lambda values: jnp.sum(operating_point(top, values).states ** 2)), (values,))


def test_a_node_without_a_path_for_direct_current_is_named():
    top = topology(RLC)
    values = {name: np.asarray(value) for name, value in RLC.resolve().items()}
    check_solvable(top, values, 1e-5)
    whole = read_netlist("* t\nVin in 0 0\nR1 in out 1k\nC1 out b 1n\nR2 b 0 1k\n.end")
    cut = dataclasses.replace(whole, components=tuple(part for part in whole.components if part.name != "R2"))
    with pytest.raises(ValueError, match="node b undetermined; at rest, capacitors are open"):
        check_solvable(topology(cut), cut.resolve(), 1e-5)


def test_states_in_a_loop_of_capacitors_depend_on_each_other():
    loop = read_netlist("* t\nVin in 0 0\nR1 in out 1k\nC1 out 0 1n\nC2 out 0 2n\n.end")
    assert not states_are_independent(topology(loop), loop.resolve())
    assert states_are_independent(topology(RLC), RLC.resolve())
