import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st

from circuitnn.circuit.catalogue import diode_clipper
from circuitnn.mna.junctions import Junctions, PortMap, junctions, law, port_map
from circuitnn.mna.ports import converged, solve_ports
from circuitnn.mna.topology import topology
from circuitnn.testing import check_gradient

PAIR = PortMap(ports=1, of_junction=(0,), has_forward=True, has_backward=True, shunt=0.0)
THREE = PortMap(ports=3, of_junction=(0, 1, 2), has_forward=True, has_backward=False, shunt=0.0)


def clipper():
    top = topology(diode_clipper())
    return port_map(top), jax.tree.map(lambda leaf: leaf[..., None], junctions(top, diode_clipper().resolve()))


@given(w=st.floats(-500, 500), log_k=st.floats(-3, 9), guess=st.floats(-1, 1))
def test_one_port_against_brent(w, log_k, guess):
    where, diodes = clipper()
    k = 10**log_k
    i = lambda v: float(law(where, diodes, jnp.full((1, 1), v)).current[0, 0])  # noqa: E731
    expected = scipy.optimize.brentq(lambda v: v + k * i(v) - w, -abs(w) - 1, abs(w) + 1, xtol=1e-15, rtol=1e-15)
    found = solve_ports(where, False, diodes, jnp.full((1, 1, 1), k), jnp.full((1, 1), w), jnp.full((1, 1), guess))
    assert float(found[0, 0]) == pytest.approx(expected, abs=1e-11)


def three_ports(seed, batch=4):
    random = np.random.default_rng(seed)
    root = random.standard_normal((3, 3, batch)) * 100
    resistance = jnp.asarray(np.einsum("ikb,jkb->ijb", root, root))
    diodes = Junctions(jnp.full((3, 1), 1e-12), jnp.zeros((3, 1)), jnp.full((3, 1), 1 / 0.03))
    return diodes, resistance, jnp.asarray(random.uniform(-30, 30, (3, batch)))


@given(seed=st.integers(0, 10_000))
def test_coupled_ports_converge_from_cold(seed):
    diodes, resistance, w = three_ports(seed)
    v = solve_ports(THREE, False, diodes, resistance, w, jnp.zeros_like(w))
    current = law(THREE, diodes, v).current
    assert converged(resistance, w, v, current).all()
    residual = v + jnp.einsum("ijb,jb->ib", resistance, current) - w
    assert np.abs(residual).max() < 1e-8 * (1 + np.abs(w).max())


def test_the_solution_is_differentiable_to_second_order():
    diodes, resistance, w = three_ports(3, batch=1)

    def energy(diodes, resistance, w):
        return jnp.sum(solve_ports(THREE, False, diodes, resistance, w, jnp.zeros_like(w)) ** 2)

    check_gradient(lambda k, w: energy(diodes, k, w), (resistance, w))
    slope = lambda w: jax.grad(lambda w: energy(diodes, resistance, w))(w).sum()  # noqa: E731
    check_gradient(slope, (w,), rtol=1e-5)
    check_gradient(lambda s: energy(Junctions(s, diodes.backward, diodes.per_volt), resistance, w), (diodes.forward,))
    check_gradient(lambda p: energy(Junctions(diodes.forward, diodes.backward, p), resistance, w), (diodes.per_volt,))


def test_what_is_not_finite_has_not_converged():
    resistance = jnp.ones((1, 1, 1))
    w = jnp.asarray([[1.0, jnp.nan, jnp.inf]])
    assert converged(resistance, w, w, 0 * w).tolist() == [True, False, False]


def test_source_stepping_ends_where_the_plain_iteration_does():
    where, diodes = clipper()
    w, k = jnp.full((1, 1), 3.0), jnp.full((1, 1, 1), 1e4)
    plain, robust = (solve_ports(where, flag, diodes, k, w, jnp.zeros((1, 1))) for flag in (False, True))
    assert float(plain[0, 0]) == pytest.approx(float(robust[0, 0]), abs=1e-13)
