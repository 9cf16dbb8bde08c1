"""A filter at another sample rate: the response that it says, and that of the filter that it was."""

import jax.numpy as jnp
import numpy as np
import pytest

import circuitnn as cn
from circuitnn import testing
from circuitnn.filters import Coupled, NeuralToneStack, ResampledFilter, coupled
from circuitnn.filters.rate_change import at_rate
from tests.cases import cases
from tests.filters.stacks import CONTROLS, moving, tone_stack

RATES = (44_100, 88_200, 96_000, 192_000)
X = np.random.default_rng(1).standard_normal((2, 24, 1))
BELOW = np.geomspace(20, 18e3, 100)


def decibels(found, expected):
    return 20 * np.log10(np.abs(np.asarray(found)) / np.abs(np.asarray(expected)))


@pytest.mark.parametrize(("order", "rate"), list(zip((5, 6, 5, 6), RATES, strict=True)))
def test_sounds_the_same(order, rate):
    """Poles spread over the band, with outputs of either sign."""
    rng = np.random.default_rng(order)
    free = Coupled.initial(order, 48e3)
    free[order // 2 + order :] = rng.uniform(0.3, 1, order + 1)
    form = Coupled.unpacked(jnp.asarray(free), order, 1 - 1e-5)
    other = at_rate(form, 48e3, rate)
    assert other.order == order + 4
    expected = form.response(BELOW, 48e3)
    assert np.abs(decibels(other.response(BELOW, rate), expected)).max() < 0.05
    low = BELOW < 3e3
    assert np.abs(np.angle(other.response(BELOW, rate) / expected))[low].max() < 0.02
    # The impulse-invariant transform alone, poles moved and all else left, is not that.
    alone = Coupled(form.angle, -jnp.expm1(48e3 / rate * jnp.log1p(-form.share)), form.output, form.direct, form.order)
    assert np.abs(decibels(alone.response(BELOW, rate), expected)).max() > 0.5


@pytest.mark.slow
def test_a_circuit_from_its_transfer_function():
    form = coupled(cn.nodal.transfer_function(cn.circuits.bassman(), 48_000))
    for rate in RATES:
        found = at_rate(form, 48_000, rate).response(BELOW, rate)
        assert np.abs(decibels(found, form.response(BELOW, 48_000))).max() < 0.05


@pytest.mark.slow
def test_single_precision():
    model, double = tone_stack(dtype=jnp.float32, size=0.3), tone_stack(size=0.3)
    controls = moving((6, 1))
    one = model.frequency_response(BELOW, controls=controls, fs=96e3)
    assert one.dtype == jnp.complex64
    assert np.abs(decibels(one, double.frequency_response(BELOW, controls=controls, fs=96e3))).max() < 0.02


@pytest.mark.parametrize("rate", cases([44_100, 96_000], slow=(44_100,)))
def test_runs_with_the_response_that_it_says(rate):
    model = NeuralToneStack(CONTROLS, order=5, hidden=(6,), dtype=jnp.float64)
    other = model.at(rate)
    assert isinstance(other, ResampledFilter)
    assert other.fs == rate
    x = np.zeros(rate)
    x[0] = 1
    _, h = cn.run(other, x, controls={"bass": 0.9})
    said = model.frequency_response(BELOW, controls={"bass": 0.9}, fs=rate)
    spectrum = np.exp(-2j * np.pi * np.outer(BELOW / rate, np.arange(rate))) @ np.asarray(h)
    np.testing.assert_allclose(spectrum, said, rtol=0, atol=1e-8 * np.abs(said).max())
    np.testing.assert_array_equal(other.frequency_response(BELOW, controls={"bass": 0.9}), said)


@pytest.mark.slow
@pytest.mark.parametrize("frame", [1, 4])
def test_laws(frame):
    model = tone_stack(order=3, frame=frame, size=0.3).at(96_000)
    assert model.frame == (1 if frame == 1 else 8)
    testing.check_block_law(model, X, controls=moving((24,)), rtol=1e-9)
    testing.check_batch(model, X, controls=moving((24,)), rtol=1e-9)
    testing.check_dtypes(lambda dtype: tone_stack(order=3, frame=frame, size=0.3, dtype=dtype).at(96_000), X)


def test_gradients():
    """Of the response, in the numbers that it comes from."""
    free = jnp.asarray(Coupled.initial(3, 48e3)) + 0.2 * np.random.default_rng(0).standard_normal(Coupled.size(3))
    rows = np.random.default_rng(1).standard_normal((2, len(BELOW)))

    def loss(free):
        h = at_rate(Coupled.unpacked(free, 3, 1 - 1e-5), 48e3, 96e3).response(BELOW, 96e3)
        return jnp.sum(rows[0] * h.real + rows[1] * h.imag)

    testing.check_gradient(loss, (free,))


def test_there_and_back():
    model = tone_stack()
    assert model.at(48_000) is model
    assert model.at(96_000).at(48_000) is model
    assert model.at(96_000).at(44_100).fs == 44_100
    np.testing.assert_array_equal(model.frequency_response(BELOW, fs=48_000), model.frequency_response(BELOW))


def test_refused():
    with pytest.raises(ValueError, match="only a coupled form can be taken to another sample rate, not Biquads"):
        tone_stack("biquads").at(96_000)
    for fs in (-96e3, 0, np.nan):
        with pytest.raises(ValueError, match="fs must be a positive number of hertz"):
            tone_stack().at(fs)
        with pytest.raises(ValueError, match="fs must be a positive number of hertz"):
            tone_stack().frequency_response(BELOW, fs=fs)
