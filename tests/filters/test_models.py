"""Filters as models: the laws, learning, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn import testing
from circuitnn.filters import BiquadCascade, Biquads, Coupled, CoupledForm, FixedFilter, state_space
from tests.filters.forms import FREQS, FS, KINDS, random_form

LEARNT = (CoupledForm, BiquadCascade)
X = np.random.default_rng(0).standard_normal((3, 40, 1))


def fixed(kind, dtype=jnp.float64):
    return FixedFilter(random_form(kind, 5, np.random.default_rng(1)), FS, dtype=dtype)


MODELS = {
    "coupled": lambda dtype: CoupledForm(4, dtype=dtype),
    "cascade, odd": lambda dtype: BiquadCascade(3, dtype=dtype),
    "fixed coupled, odd": lambda dtype: fixed(Coupled, dtype),
    "fixed biquads": lambda dtype: fixed(Biquads, dtype),
    "fixed state space": lambda dtype: FixedFilter(
        state_space(random_form(Coupled, 4, np.random.default_rng(1))), FS, dtype=dtype
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_laws(name):
    # Direct sections in single precision lose some of what is near z = 1. Gradients are checked below.
    testing.check_model(MODELS[name], X, rtol=1e-12, single=1e-3, gradient=None)


@pytest.mark.parametrize("kind", LEARNT)
def test_starts_with_poles_over_the_audio_band(kind):
    model = kind(6, dtype=jnp.float64)
    form = model.form()
    if kind is CoupledForm:
        share = np.sort(np.asarray(form.share).ravel())
    else:
        share = np.sort(1 - np.abs(np.concatenate([np.roots(a) for a in np.asarray(form.a)])))
    # 20 Hz and 16 kHz, logarithmically spread.
    np.testing.assert_allclose(-np.log1p(-share) * FS / (2 * np.pi), np.geomspace(20, 16e3, 6), rtol=0.02)


@pytest.mark.parametrize("kind", LEARNT)
def test_gradients(kind):
    model = kind(3, dtype=jnp.float64)
    graph, weights = nnx.split(model)
    rng = np.random.default_rng(2)
    weights = jax.tree.map(lambda leaf: leaf + 0.3 * rng.standard_normal(leaf.shape), weights)
    x, rows = rng.standard_normal((20, 1)), rng.standard_normal((2, len(FREQS)))
    state = rng.standard_normal(model.form().memory)

    def loss(weights, x, state):
        own = nnx.merge(graph, weights)
        after, y = own(state, x)
        h = own.frequency_response(FREQS)
        return jnp.sum(jnp.sin(y)) + jnp.sum(after**2) + jnp.sum(rows[0] * h.real + rows[1] * h.imag)

    testing.check_gradient(loss, (weights, x, state), step=3e-5)


def test_learns_a_filter():
    """By Adam alone, in time: white noise through a known filter; the response is that filter's."""
    target = Coupled(jnp.array([0.4]), jnp.array([[0.05, 0.1]]), jnp.array([[1.0, -0.5]]), jnp.array(0.3), 2)
    x = np.random.default_rng(0).standard_normal((8, 128, 1))
    _, y = cn.run(FixedFilter(target, FS, dtype=jnp.float64), x)
    model = CoupledForm(2, dtype=jnp.float64)
    graph, weights = nnx.split(model)
    optimizer = optax.adam(optax.cosine_decay_schedule(0.05, 800))

    def loss(weights):
        own = nnx.merge(graph, weights)
        return jnp.mean((own(own.init_carry((8,)), jnp.asarray(x))[1] - y) ** 2)

    @jax.jit
    def learn(weights):
        def update(carry, _):
            weights, state = carry
            value, slope = jax.value_and_grad(loss)(weights)
            change, state = optimizer.update(slope, state)
            return (optax.apply_updates(weights, change), state), value

        return jax.lax.scan(update, (weights, optimizer.init(weights)), None, length=800)

    (weights, _), losses = learn(weights)
    assert losses[0] > 0.05
    assert losses[-1] < 1e-5
    found = nnx.merge(graph, weights).frequency_response(FREQS)
    expected = target.response(FREQS, FS)
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.01 * np.abs(expected).max())


@pytest.mark.parametrize("kind", KINDS)
def test_a_fixed_filter_has_nothing_to_learn(kind):
    model = fixed(kind)
    assert not jax.tree.leaves(nnx.state(model, nnx.Param))
    np.testing.assert_allclose(
        model.frequency_response(FREQS), random_form(kind, 5, np.random.default_rng(1)).response(FREQS, FS), rtol=1e-14
    )


def test_in_a_chain():
    first, second = fixed(Coupled), fixed(Biquads)
    h = first.frequency_response(FREQS) * second.frequency_response(FREQS)
    x = np.zeros(8192)
    x[0] = 1
    _, y = cn.run(cn.chain(first, second), x)
    spectrum = np.exp(-2j * np.pi * np.outer(FREQS / FS, np.arange(8192))) @ np.asarray(y)
    np.testing.assert_allclose(spectrum, h, rtol=0, atol=1e-9 * np.abs(h).max())


@pytest.mark.parametrize("kind", LEARNT)
def test_bad_arguments(kind):
    for order in (0, -1, 65, 2.5, None):
        with pytest.raises(ValueError, match="order: expected a number of poles from 1 to 64"):
            kind(order)
    for radius in (1.0, 0.0, -0.5, 1.5, np.nan):
        with pytest.raises(ValueError, match="radius: the poles must keep between 0 and 1"):
            kind(4, radius=radius)
    for fs in (-48e3, 0, np.nan, np.inf):
        with pytest.raises(ValueError, match="fs must be a positive number of hertz"):
            kind(4, fs=fs)
    with pytest.raises(ValueError, match=r"freqs must have the shape \(f,\)"):
        kind(4).frequency_response(1e3)


def test_one_filter_at_a_time():
    with pytest.raises(ValueError, match="one filter at a time"):
        FixedFilter(random_form(Coupled, 2, np.random.default_rng(0), (3,)), FS)
    with pytest.raises(ValueError, match="fs must be a positive"):
        FixedFilter(random_form(Coupled, 2, np.random.default_rng(0)), -1)
