import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn.circuit import read_netlist
from circuitnn.mna.network import network
from circuitnn.mna.stamps import at_rest, companion, imposed
from circuitnn.mna.topology import topology
from circuitnn.testing import check_gradient
from tests.mna.circuits import BIASED, RLC


def solved(circuit, reactive, *args):
    top, values = topology(circuit), circuit.resolve()
    return network(top, values, reactive(top, values, *args))


def test_a_divider_divides():
    circuit = read_netlist("* t\nVin in 0 0\nR1 in out 3k\nR2 out 0 1k\n.end")
    assert solved(circuit, at_rest).outputs.u[0, 0] == pytest.approx(0.25, rel=1e-12)


def test_a_current_source_flows_through_itself_from_plus_to_minus():
    circuit = read_netlist("* t\nIin 0 out 0\nR1 out 0 1k\n.end", inputs=("Iin",))
    assert solved(circuit, at_rest).outputs.u[0, 0] == pytest.approx(1000, rel=1e-12)


def test_companion_equations_hold():
    """v_C - (step/C) i_C = z and i_L - (step/L) v_L = z, whatever z and u are."""
    step, top = 1e-5, topology(RLC)
    linear = solved(RLC, companion, step)
    z, u = np.array([0.3, -0.7]), np.array([1.1])
    across, through = (part.z @ z + part.u @ u + part.one for part in (linear.across, linear.through))
    assert top.is_inductor == (True, False)
    assert through[0] - step / 10e-3 * across[0] == pytest.approx(z[0], rel=1e-12)
    assert across[1] - step / 1e-6 * through[1] == pytest.approx(z[1], rel=1e-12)


def test_imposed_states_are_the_states():
    linear = solved(RLC, imposed, 0.0)
    np.testing.assert_allclose(linear.through.z[0], [1, 0], atol=1e-12)
    np.testing.assert_allclose(linear.across.z[1], [0, 1], atol=1e-12)
    # the inductor's voltage: u - 100 i - v;  the capacitor's current: i - v/1k
    np.testing.assert_allclose(linear.across.z[0], [-100, -1], rtol=1e-12)
    np.testing.assert_allclose(linear.through.z[1], [1, -1e-3], rtol=1e-12)


def test_sources_that_are_no_inputs_are_in_the_constant_part():
    linear = solved(BIASED, at_rest)
    # diode open (no port current): the node out is at half the supply; the port sees that against 4 V
    np.testing.assert_allclose(np.abs(linear.ports.one), [0.5], rtol=1e-6)


def test_port_resistance_is_that_of_thevenin():
    circuit = read_netlist("* t\nVin in 0 0\nR1 in out 2k\nR2 out 0 2k\nD1 out 0 DX\n.model DX D(IS=1n)\n.end")
    assert -solved(circuit, at_rest).ports.i[0, 0] == pytest.approx(1000, rel=1e-9)


def test_is_differentiable_in_every_value():
    top = topology(RLC)
    values = {name: jnp.asarray(value) for name, value in RLC.resolve().items()}

    def total(values):
        random = np.random.default_rng(0)
        leaves = jax.tree.leaves(network(top, values, companion(top, values, 1e-5)))
        return sum(jnp.sum(leaf * random.standard_normal(leaf.shape)) for leaf in leaves)

    check_gradient(jax.jit(total), (values,))
