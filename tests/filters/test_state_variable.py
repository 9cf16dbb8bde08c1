"""State-variable filters: the laws, SciPy's filters, a saturating loop against an implicit one, rates, bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy.signal import cont2discrete, lfilter

import circuitnn as cn
from circuitnn import testing
from circuitnn.filters import StateVariable, StateVariableFilter

CONTROLS = {"cutoff": 0.5, "resonance": 0.3}
X = np.random.default_rng(1).standard_normal((3, 40, 1))
FS = 48_000


def moved(dtype=jnp.float64, *, size=0.3, **arguments):
    """A small one whose weights are not those of the start."""
    model = StateVariableFilter(CONTROLS, hidden=(4,), dtype=dtype, rngs=nnx.Rngs(0), **arguments)
    graph, weights = nnx.split(model)
    rng = np.random.default_rng(0)
    turned = jax.tree.map(lambda leaf: leaf + jnp.asarray(size * rng.standard_normal(leaf.shape), dtype), weights)
    return nnx.merge(graph, turned)


def knobs(shape):
    rng = np.random.default_rng(2)
    return {name: rng.random(shape) for name in CONTROLS}


@pytest.mark.parametrize("loud", [1.0, 30.0])
def test_laws(loud):
    testing.check_model(lambda dtype: moved(dtype, sections=2), loud * X, controls=knobs((3, 40)))


def test_frames_are_cut_anywhere():
    testing.check_block_law(moved(frame=8), X, controls=knobs((40,)), cuts=(13,), rtol=1e-11)


def section(frequency, damping, curve=None):
    """One section that gives its low pass."""
    numbers = jnp.asarray([[np.tan(np.pi * frequency / FS), damping, 0.0, 0.0, 1.0]])
    return StateVariable(numbers, None if curve is None else jnp.asarray(curve))


def test_a_section_is_the_bilinear_transform():
    """A low pass of SciPy's, with its frequency where it was, in the loop and in closed form."""
    frequency, damping = 3000.0, 0.4
    w = 2 * FS * np.tan(np.pi * frequency / FS)
    b, a, _ = cont2discrete(([w * w], [1, damping * w, w * w]), 1 / FS, method="bilinear")
    x = X[0, :, 0]
    form = section(frequency, damping)
    _, y = form.filtered(form.at_rest(), jnp.asarray(x))
    np.testing.assert_allclose(y, lfilter(b[0], a, x), rtol=0, atol=1e-12)
    impulse = np.zeros(4096)
    impulse[0] = 1
    freqs = np.fft.rfftfreq(4096, 1 / FS)[1:-1]
    _, response = form.filtered(form.at_rest(), jnp.asarray(impulse))
    np.testing.assert_allclose(form.response(freqs, FS), np.fft.rfft(response)[1:-1], rtol=0, atol=1e-9)


def test_the_sections_of_a_model_are_its_response():
    model = moved(sections=2, saturation=None)
    impulse = np.zeros((1, 8192, 1))
    impulse[0, 0] = 1
    where = {"cutoff": 0.8, "resonance": 0.1}
    freqs = np.fft.rfftfreq(8192, 1 / FS)[1:-1]
    _, y = cn.run(model, impulse, controls=where)
    expected = model.frequency_response(freqs, controls=where)
    np.testing.assert_allclose(np.fft.rfft(y[0, :, 0])[1:-1], expected, rtol=0, atol=1e-8)


def implicit(x, frequency, damping, gain):
    """Trapezoidal integrators of v t(v) around the same loop, solved at each sample by relaxation."""
    g, first, second, found = np.tan(np.pi * frequency / FS), 0.0, 0.0, []
    for u in x:
        high, band = 0.0, first
        for _ in range(60):
            band = first + g * gain(high) * high
            low = second + g * gain(band) * band
            high += 0.5 * (u - damping * band - low - high)
        first, second = band + g * gain(high) * high, low + g * gain(band) * band
        found.append(low)
    return np.array(found)


def test_saturating_integrators():
    """Against the loop that is solved: the error is small against what saturates."""
    curve = np.array([[0.5, 0.2], [0.1, -0.2], [0.6, 0.4]])

    def gain(v):
        return np.sum(curve[2] / np.sqrt(1 + 2 * curve[1] * curve[0] * v + (curve[0] * v) ** 2))

    x, errors = np.sin(np.arange(300) / 6) * 4, []
    for frequency in (4000.0, 1200.0):
        truth = implicit(x, frequency, 0.3, gain)
        form = section(frequency, 0.3, curve)
        linear = section(frequency, 0.3)
        _, y = form.filtered(form.at_rest(), jnp.asarray(x))
        _, straight = linear.filtered(linear.at_rest(), jnp.asarray(x))
        energy = np.sum((np.asarray(straight) - truth) ** 2)
        assert energy > 1e-3 * np.sum(truth**2)  # it does saturate
        errors.append(np.sum((np.asarray(y) - truth) ** 2) / energy)
    assert max(errors) < 1e-5


def test_rest():
    model = moved(sections=2)
    _, y = cn.run(model, np.full((20, 1), 0.7), model.init_carry(level=[0.7]))
    np.testing.assert_allclose(y, np.full_like(y, y[0]), rtol=0, atol=1e-12)
    assert np.abs(y[0, 0]) > 0.1
    np.testing.assert_array_equal(cn.run(model, np.zeros((9, 1)))[1], 0)


def test_stays_finite():
    """Knobs that jump and an input far beyond all volts."""
    model = moved(jnp.float32, sections=2, size=1.0)
    rng = np.random.default_rng(3)
    positions = {name: rng.integers(0, 2, 4000).astype(float) for name in CONTROLS}
    _, y = cn.run(model, 1e6 * rng.standard_normal(4000), controls=positions)
    assert np.isfinite(y).all()


def test_another_rate():
    """The sections stay at their frequencies."""
    model = moved(sections=2, saturation=None)
    other = cn.resampled(model, 96_000)
    freqs = np.array([100.0, 1000.0, 4000.0])
    assert other.fs == 96_000
    here, there = model.frequency_response(freqs), other.frequency_response(freqs)
    np.testing.assert_allclose(there, here, rtol=0.02)
    np.testing.assert_allclose(other.at(FS).frequency_response(freqs), here, rtol=1e-9)


def test_saved_and_opened(tmp_path):
    model = moved()
    cn.train.save(model, tmp_path / "filter.npz")
    again = cn.train.restore(tmp_path / "filter.npz")
    np.testing.assert_array_equal(cn.run(again, X)[1], cn.run(model, X)[1])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"controls": {}}, "without a knob"),
        ({"controls": {"cutoff": 2.0}}, "outside 0..1"),
        ({"sections": 0}, "sections"),
        ({"hidden": (0,)}, "hidden"),
        ({"saturation": 0.0}, "saturation"),
        ({"fs": -1.0}, "fs"),
    ],
)
def test_bad_arguments(arguments, said):
    with pytest.raises((ValueError, TypeError), match=said):
        StateVariableFilter(**{"controls": CONTROLS, "rngs": nnx.Rngs(0), **arguments})
