"""Neural tone stacks: the laws with knobs that move, gradients, stability."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn import testing
from circuitnn.filters import NeuralToneStack
from tests.cases import cases
from tests.filters.stacks import CONTROLS, moving, tone_stack

X = np.random.default_rng(1).standard_normal((3, 40, 1))
FREQS = np.geomspace(20, 20e3, 30)
KINDS = ("coupled", "biquads")


@pytest.mark.parametrize(
    ("form", "frame", "order"),
    cases(
        [("coupled", 1, 3), ("coupled", 8, 4), ("biquads", 1, 4), ("biquads", 8, 3)],
        quick=[("coupled", 8, 4), ("biquads", 1, 4)],
    ),
)
def test_laws(form, frame, order):
    model = tone_stack(form, order=order, frame=frame, size=0.3)
    testing.check_block_law(model, X, controls=moving((40,)), rtol=1e-11)
    testing.check_batch(model, X, controls=moving((40,)), rtol=1e-11)


@pytest.mark.slow
@pytest.mark.parametrize("form", KINDS)
def test_dtypes(form):
    testing.check_dtypes(lambda dtype: tone_stack(form, dtype=dtype, size=0.3, frame=8), X)


@pytest.mark.parametrize("form", KINDS)
def test_constant_knobs_along_time_and_for_each_entry(form):
    model = tone_stack(form)
    knobs = moving((3,))
    _, each = cn.run(model, X, controls={name: value[:, None] for name, value in knobs.items()})
    _, along = cn.run(model, X, controls={name: np.repeat(value[:, None], 40, 1) for name, value in knobs.items()})
    np.testing.assert_allclose(each, along, rtol=0, atol=1e-12)
    for k in range(3):
        _, alone = cn.run(model, X[k], controls={name: value[k] for name, value in knobs.items()})
        np.testing.assert_allclose(each[k], alone, rtol=0, atol=1e-12)
    assert np.abs(each[0] - cn.run(model, X[0])[1]).max() > 1e-2  # they are heard


def test_held_knobs():
    """A frame of eight is what a frame of one does with knobs that stay for eight samples, whatever the block."""
    slow, fast, knobs = tone_stack(frame=8), tone_stack(), moving((3, 40))
    held = {name: np.repeat(value[:, ::8], 8, axis=1) for name, value in knobs.items()}
    _, expected = cn.run(fast, X, controls=held)
    _, found = cn.run(slow, X, controls=knobs)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert np.abs(found - cn.run(fast, X, controls=knobs)[1]).max() > 1e-2
    # A block that starts within a frame keeps its knobs.
    carry, first = cn.run(slow, X[:, :13], controls={name: value[:, :13] for name, value in knobs.items()})
    _, second = cn.run(slow, X[:, 13:], carry, controls={name: value[:, 13:] for name, value in knobs.items()})
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("form", KINDS)
def test_response_is_that_of_the_impulse(form):
    model = NeuralToneStack(CONTROLS, order=4, hidden=(6,), form=form, dtype=jnp.float64)
    x = np.zeros(48_000)
    x[0] = 1
    _, h = cn.run(model, x, controls={"treble": 0.9})
    spectrum = np.exp(-2j * np.pi * np.outer(FREQS / model.fs, np.arange(len(x)))) @ np.asarray(h)
    found = model.frequency_response(FREQS, controls={"treble": 0.9})
    np.testing.assert_allclose(found, spectrum, rtol=0, atol=1e-8 * np.abs(spectrum).max())


def test_responses_at_many_settings():
    model, knobs = tone_stack(), moving((5, 1))
    many = model.frequency_response(FREQS, controls=knobs)
    assert many.shape == (5, len(FREQS))
    for k in range(5):
        one = model.frequency_response(FREQS, controls={name: value[k, 0] for name, value in knobs.items()})
        np.testing.assert_allclose(many[k], one, rtol=1e-12)
    np.testing.assert_array_equal(model.frequency_response(FREQS), model.frequency_response(FREQS, controls=CONTROLS))


@pytest.mark.parametrize("form", KINDS)
def test_gradients(form):
    """Weights, tapers, knobs that move, the input and the state, through time and through the response."""
    model = tone_stack(form, order=3, size=0.3)
    graph, weights = nnx.split(model)
    rng = np.random.default_rng(4)
    rows = rng.standard_normal((2, len(FREQS)))
    carry = model.init_carry()
    state = rng.standard_normal(carry.state.shape)
    knobs = {name: 0.2 + 0.6 * value for name, value in moving((12,)).items()}

    def loss(weights, knobs, x, state):
        own = nnx.merge(graph, weights)
        h = own.form(jnp.stack([value[0] for value in knobs.values()])).response(FREQS, own.fs)
        after, y = own(type(carry)(state, carry.knobs, carry.phase), x, knobs)
        return jnp.sum(jnp.sin(y)) + jnp.sum(after.state**2) + jnp.sum(rows[0] * h.real + rows[1] * h.imag)

    assert np.abs(np.asarray(model.tapers[...])).min() > 0.02
    testing.check_gradient(loss, (weights, knobs, X[0, :12], state))


@pytest.mark.parametrize("bent", [0.0, 1.5])
@pytest.mark.parametrize("form", KINDS)
def test_gradients_of_knobs_at_their_ends(form, bent):
    model = tone_stack(form, order=3, size=0.3)
    model.tapers[...] = jnp.full_like(model.tapers[...], bent)
    rows = np.random.default_rng(4).standard_normal((2, len(FREQS)))

    @jax.jit
    def loss(position):
        h = model.form(jnp.stack([position, jnp.asarray(0.4)])).response(FREQS, model.fs)
        return jnp.sum(rows[0] * h.real + rows[1] * h.imag)

    for position in (0.0, 0.5, 1.0):
        exact = float(jax.grad(loss)(position))
        # From the inside: beyond the ends there is no pot. Positions count as 1/(0.005 + position) there.
        way, step = (1.0 if position < 1 else -1.0), 1e-5
        values = [float(loss(position + way * step * m)) for m in range(5)]
        found = way * np.dot([-25, 48, -36, 16, -3], values) / (12 * step)
        assert exact == pytest.approx(found, rel=1e-5, abs=1e-6)
        assert np.isfinite(exact)


def test_gradient_of_the_tapers_where_they_are_straight():
    model = tone_stack(order=3, size=0.3)
    graph, weights = nnx.split(model)

    @jax.jit
    def loss(tapers):
        weights["tapers"] = weights["tapers"].replace(tapers)
        own = nnx.merge(graph, weights)
        return jnp.sum(jnp.abs(own.form(jnp.array([0.3, 0.8])).response(FREQS, own.fs)) ** 2)

    step = 1e-4
    for k in range(2):
        way = jnp.zeros(2).at[k].set(step)
        found = (8 * (loss(way) - loss(-way)) - (loss(2 * way) - loss(-2 * way))) / (12 * step)
        assert float(jax.grad(loss)(jnp.zeros(2))[k]) == pytest.approx(float(found), rel=1e-6)


def unstable(samples, blocks):
    """Knobs that are somewhere else at every sample, with weights that make much of it, in single precision."""
    model = tone_stack(dtype=jnp.float32, order=5, size=1.0)
    rng = np.random.default_rng(0)
    carry, largest, bound = None, 0.0, 0.0
    form_of = jax.jit(lambda knobs: model.form(knobs).bound())
    for _ in range(blocks):
        knobs = {name: rng.integers(0, 2, samples) * rng.random(samples) for name in CONTROLS}
        x = rng.choice([-1.0, 1.0], samples)
        carry, y = cn.run(model, x, carry, controls=knobs)
        assert np.isfinite(y).all()
        largest = max(largest, float(np.abs(y).max()))
        bound = max(bound, float(form_of(jnp.stack([jnp.asarray(knobs[name], jnp.float32) for name in CONTROLS], -1))))
    assert 0.01 < largest <= bound
    return largest, bound


def test_stays_below_its_bound():
    unstable(20_000, 5)


@pytest.mark.slow
def test_stays_below_its_bound_for_long():
    unstable(100_000, 10)


@pytest.mark.parametrize("size", [10.0, 1e3])
def test_weights_of_any_size_are_stable(size):
    model = tone_stack(dtype=jnp.float32, size=size)
    model.tapers[...] = jnp.zeros(2, jnp.float32)
    form = model.form(jnp.asarray(np.random.default_rng(0).random((200, 2)), jnp.float32))
    assert np.asarray(form.radius()).max() <= model.radius + 4 * np.finfo(np.float32).eps
    assert np.asarray(form.share).max() <= 1


def test_seeds():
    one, same, other = (NeuralToneStack(CONTROLS, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.frequency_response(FREQS), same.frequency_response(FREQS))
    assert np.abs(one.frequency_response(FREQS) - other.frequency_response(FREQS)).max() > 1e-4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"form": "lattice"}, "form: there are coupled, biquads, not 'lattice'"),
        ({"order": 0}, "order: expected a number of poles from 1 to 64, got 0"),
        ({"radius": 1}, "radius: the poles must keep between 0 and 1, got 1"),
        ({"fs": -48e3}, "fs must be a positive number of hertz"),
        ({"frame": 0}, "frame: expected a number of samples, got 0"),
        ({"frame": 2.5}, "frame: expected a number of samples, got 2.5"),
        ({"hidden": (8, 0)}, r"hidden: expected numbers of units, got \(8, 0\)"),
        ({"controls": {}}, "a filter without a knob"),
        ({"controls": {"bass": 1.5}}, "knob bass: 1.5 is outside 0..1"),
        ({"controls": {"bass": float("nan")}}, "knob bass: nan is not finite"),
    ],
)
def test_bad_arguments(arguments, said):
    with pytest.raises(ValueError, match=said):
        NeuralToneStack(**{"controls": CONTROLS, **arguments})


@pytest.mark.parametrize(
    ("controls", "said"),
    [
        ({"treble": 1.2}, "knob treble: 1.2 is outside 0..1"),
        ({"treble": np.array([[0.2], [-0.1]])}, "knob treble: -0.1 at .1, 0. is outside 0..1"),
        ({"treble": np.nan}, "knob treble: nan"),
        ({"middle": 0.5}, "no knob 'middle'; there are treble, bass"),
        ({"treble": np.zeros(3)}, r"knob treble: expected a number, or the shape \(..., 1\) .*, got the shape \(3,\)"),
    ],
)
def test_bad_settings_of_responses(controls, said):
    with pytest.raises(ValueError, match=said):
        tone_stack().frequency_response(FREQS, controls=controls)


def test_bad_knobs_along_time():
    with pytest.raises(ValueError, match=r"knob bass: expected .* got the shape \(7,\)"):
        cn.run(tone_stack(), X, controls={"bass": np.zeros(7)})
    with pytest.raises(ValueError, match="no knob 'middle'"):
        cn.run(tone_stack(), X, controls={"middle": 0.5})
    with pytest.raises(ValueError, match=r"freqs must have the shape \(f,\)"):
        tone_stack().frequency_response(1e3)
