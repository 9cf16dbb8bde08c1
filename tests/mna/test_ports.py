import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st

from circuitnn.circuit.catalogue import diode_clipper
from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.mna import guarded, iteration, ports
from circuitnn.mna.ports import converged, solve_ports
from circuitnn.testing import check_gradient
from tests.mna.terminals import compiled_law, device, parts

# Three diodes on three ports of their own; three so that the resistances between them come into play.
THREE = parts(device("D1 c 0 DX\nD2 b 0 DX\nD3 e 0 DX\n.model DX D(IS=1p N=1.15)"))
CLIPPER = parts(diode_clipper())
solved = jax.jit(solve_ports, static_argnums=(0, 1))


@given(w=st.floats(-500, 500), log_k=st.floats(-3, 9), guess=st.floats(-1, 1))
def test_one_port_against_brent(w, log_k, guess):
    k, per_volt = 10**log_k, 1 / (1.752 * THERMAL_VOLTAGE)
    expected = scipy.optimize.brentq(lambda v: v + k * 2 * 2.52e-9 * np.sinh(v * per_volt) - w, -3, 3, xtol=1e-15)
    arrays = [jnp.asarray(each) for each in ([[[k]]], [[w]], [[guess]])]
    assert float(solved(*CLIPPER[:1], False, CLIPPER[1], *arrays)[0, 0]) == pytest.approx(expected, abs=1e-11)


def three_ports(seed, batch=4):
    random = np.random.default_rng(seed)
    root = random.standard_normal((3, 3, batch)) * 100
    resistance = jnp.asarray(np.einsum("ikb,jkb->ijb", root, root))
    return THREE[0]._replace(shunt=0.0), THREE[1], resistance, jnp.asarray(random.uniform(-30, 30, (3, batch)))


@given(seed=st.integers(0, 10_000))
def test_coupled_ports_converge_from_cold(seed):
    where, diodes, resistance, w = three_ports(seed)
    v = solved(where, False, diodes, resistance, w, jnp.zeros_like(w))
    current = 1e-12 * np.expm1(np.asarray(v) / (1.15 * THERMAL_VOLTAGE))
    residual = v + np.einsum("ijb,jb->ib", resistance, current) - w
    assert np.abs(residual).max() < 1e-8 * (1 + np.abs(w).max())


@pytest.mark.slow
def test_the_solution_is_differentiable_to_second_order():
    where, diodes, resistance, w = three_ports(3, batch=1)

    @jax.jit
    def energy(diodes, resistance, w):
        return jnp.sum(solve_ports(where, False, diodes, resistance, w, jnp.zeros_like(w)) ** 2)

    @jax.jit
    def slope(w):
        return jax.grad(lambda w: energy(diodes, resistance, w))(w).sum()

    check_gradient(lambda k, w: energy(diodes, k, w), (resistance, w))
    check_gradient(slope, (w,), rtol=1e-5)
    check_gradient(lambda parameters: energy(diodes._replace(parameters=parameters), resistance, w), diodes[:1])


def test_what_is_not_finite_has_not_converged():
    w = jnp.asarray([[1.0, jnp.nan, jnp.inf]])
    assert converged(jnp.ones((1, 1, 1)), w, w, 0 * w).tolist() == [True, False, False]


def test_a_guess_that_is_no_number_is_counted_and_not_hung_on():
    where, diodes, resistance, w = three_ports(1)
    v = solved(where, False, diodes, resistance, w, jnp.full_like(w, jnp.nan))
    assert not converged(resistance, w, v, compiled_law(where, diodes, v).current).any()


@pytest.fixture
def fresh():
    """Nothing compiled with other constants of the iteration, before and after."""
    jax.clear_caches()
    yield
    jax.clear_caches()


@pytest.fixture
def hard(monkeypatch, fresh):
    """A start far up the exponentials, and too few iterations to come down from there; and the solution."""
    where, diodes, resistance, w = three_ports(5, batch=1)
    args = where, False, diodes, resistance, w, jnp.full_like(w, 1.5)
    known = solved(*args)
    jax.clear_caches()
    monkeypatch.setattr(iteration, "PLAIN_ITERATIONS", 14)
    return args, known


def test_where_the_plain_iteration_ends_too_early_the_guarded_one_goes_on(hard):
    args, known = hard
    np.testing.assert_allclose(solved(*args), known, rtol=0, atol=1e-12)


@pytest.mark.slow
def test_in_a_time_of_its_own_it_gets_to_the_same_solution(hard, monkeypatch):
    args, known = hard
    monkeypatch.setattr(guarded, "TESTED", 0)
    np.testing.assert_allclose(solved(*args), known, rtol=0, atol=1e-12)


@pytest.mark.slow
def test_whenever_the_tested_steps_come_to_their_end_what_they_found_stays(hard, monkeypatch):
    """The last of them may be the one that arrives."""
    args, known = hard

    @jax.jit
    @jax.vmap
    def found(tested):
        monkeypatch.setattr(guarded, "TESTED", tested)
        return solve_ports(*args)

    np.testing.assert_allclose(found(jnp.arange(90)), np.broadcast_to(known, (90, *known.shape)), rtol=0, atol=1e-12)


@pytest.mark.slow
def test_without_either_the_failure_is_seen_and_stepping_finds_it(hard, monkeypatch):
    (where, _, *args), known = hard
    monkeypatch.setattr(guarded, "ITERATIONS", 1)
    alone = solved(where, False, *args)
    assert np.abs(alone - known).max() > 0.1
    assert not converged(*args[1:3], alone, compiled_law(where, args[0], alone).current).any()
    np.testing.assert_allclose(solved(where, True, *args), known, rtol=0, atol=1e-10)


def test_gmin_stepping_ends_at_the_solution(hard, monkeypatch):
    """All else being refused, the last of the steps of gmin is what remains."""
    (where, _, *args), known = hard
    monkeypatch.setattr(guarded, "ITERATIONS", 1)
    monkeypatch.setattr(ports, "converged", lambda *_: jnp.asarray([False]))
    np.testing.assert_allclose(solved(where, True, *args), known, rtol=0, atol=1e-10)


def test_robust_or_not_it_is_the_same_solution():
    w, k = jnp.full((1, 1), 3.0), jnp.full((1, 1, 1), 1e4)
    plain, robust = (solved(CLIPPER[0], flag, CLIPPER[1], k, w, jnp.zeros((1, 1))) for flag in (False, True))
    assert float(plain[0, 0]) == pytest.approx(float(robust[0, 0]), abs=1e-13)
