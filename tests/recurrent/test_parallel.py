"""A block of a recurrent network solved at once: the numbers and gradients of the loop."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.model import Forcing
from circuitnn.numerics.report import SolveWarning
from circuitnn.recurrent import GRU, LSTM, STN, StateMatchedGRU, at_once
from circuitnn.testing import check_gradient


def gru(dtype=jnp.float64):
    return GRU(3, controls=("gain",), dtype=dtype, rngs=nnx.Rngs(0))


def matched(dtype=jnp.float64):
    return StateMatchedGRU(("C1",), hidden=3, mapping="readout", dtype=dtype, rngs=nnx.Rngs(0))


def stn(dtype=jnp.float64):
    return STN(("C1", "L1"), hidden=(4,), input_taps=2, dtype=dtype, rngs=nnx.Rngs(0))


def lstm(dtype=jnp.float64):
    return LSTM(2, dtype=dtype, rngs=nnx.Rngs(0))


def signal(*shape, seed=0, size=2.0):
    return size * np.random.default_rng(seed).normal(size=shape)


def shown(model, *shape, some=None):
    mask = None if some is None else np.random.default_rng(5).random(shape) < some
    return Forcing(jnp.asarray(signal(*shape, len(model.state_names), seed=4, size=0.5)), mask)


@pytest.mark.parametrize(("build", "is_parallel"), [(gru, True), (gru, False), (lstm, True), (stn, True)])
def test_it_is_the_loop_to_rounding(build, is_parallel):
    model, x = build(), signal(2, 40, 1)
    controls = {"gain": np.linspace(0, 1, 40)} if build is gru else None
    carry = cn.run(model, x[:, ::-1], controls=controls)[0]
    carry_after, y = cn.run(model, x, carry, controls=controls)
    found = at_once(model, x, carry, controls=controls, is_parallel=is_parallel)
    assert found.is_converged
    assert 2 <= found.iterations < 12
    np.testing.assert_allclose(found.y, y, rtol=0, atol=1e-13)
    np.testing.assert_allclose(found.carry, carry_after, rtol=0, atol=1e-13)


@pytest.mark.parametrize("some", [None, 0.3])
def test_forced_blocks_are_those_of_the_loop(some):
    model, x = matched(), signal(40)
    forcing = shown(model, 40, some=some)
    _, y, states = cn.trace(model, x, forcing=forcing)
    found = at_once(model, x, forcing=forcing)
    np.testing.assert_allclose(found.y, y, rtol=0, atol=1e-13)
    np.testing.assert_allclose(found.states, states, rtol=0, atol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("build", [gru, matched, stn])
def test_gradient_agrees_with_central_differences_and_the_loop(build):
    model = build()
    graph, params, fixed = nnx.split(model, nnx.Param, ...)
    forced = build is matched
    given = shown(model, 2, 7, some=0.3) if forced else None

    def energy(params, carry, x, run):
        after, y = run(nnx.merge(graph, params, fixed), x, carry)
        return jnp.sum(jnp.sin(y) + y) + jnp.sum(jnp.cos(1 + after))

    def newton(model, x, carry):
        found = at_once(model, x, carry, forcing=given)
        return found.carry, found.y

    def loop(model, x, carry):
        if forced:
            return model.trace(carry, x, None, given)[:2]
        return model(carry, x, cn.controls(model) or None)

    carry, x = model.init_carry((2,)) + 0.1, jnp.asarray(signal(2, 7, 1))
    check_gradient(lambda *args: energy(*args, newton), (params, carry, x))
    both = jax.jit(lambda x: [jax.grad(energy, (0, 1, 2))(params, carry, x, run) for run in (newton, loop)])
    for size in (0.0, 1.0, 30.0):  # silence, ordinary, hard-driven
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11), *both(size * x))


def test_where_it_does_not_converge_the_loop_takes_over_and_says_so():
    model, x = stn(), signal(60, 1)
    model.layers[-1].weight[...] = 60 * model.layers[-1].weight[...]  # chaos: errors grow from sample to sample
    carry, y = cn.run(model, x)
    assert np.isfinite(y).all()
    with pytest.warns(SolveWarning, match="no convergence"):
        found = at_once(model, x)
    assert not found.is_converged
    np.testing.assert_array_equal(found.y, y)
    np.testing.assert_array_equal(found.carry, carry)


def test_what_it_is_not_for_is_one_clear_error():
    with pytest.raises(TypeError, match="not one array"):
        at_once(cn.nodal.NodalModel(cn.circuits.diode_clipper(), fs=48_000), signal(5, 1))
    with pytest.raises(TypeError, match="no circuit states"):
        at_once(lstm(), signal(5, 1), forcing=Forcing(jnp.zeros((5, 1))))
