import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn import testing
from circuitnn.numerics.half_band import (
    FACTORS,
    decimate,
    decimation_carry,
    half_band,
    interpolate,
    interpolation_carry,
)

FS = 48e3


def up(design, x, carry=None):
    carry = interpolation_carry(design, x.shape[1:], x.dtype) if carry is None else carry
    return interpolate(design, carry, x)


def down(design, x, carry=None):
    carry = decimation_carry(design, x.shape[1:], x.dtype) if carry is None else carry
    return decimate(design, carry, x)


def sine(freq, fs, time):
    return jnp.asarray(np.sin(2 * np.pi * freq / fs * np.arange(time)))


@pytest.mark.parametrize("factor", FACTORS[1:])
def test_response_of_the_interpolator(factor):
    impulse = jnp.zeros(200).at[0].set(1.0)
    response = np.abs(np.fft.rfft(up(half_band(factor), impulse)[1], 1 << 16)) / factor
    freqs = np.fft.rfftfreq(1 << 16, 1 / (factor * FS))
    passed = response[freqs <= 20e3]
    assert np.max(np.abs(20 * np.log10(passed))) < 0.001
    # All images of what is below 20 kHz.
    image = np.abs(freqs - FS * np.round(freqs / FS)) <= 20e3
    rejected = response[image & (freqs > 24e3)]
    assert 20 * np.log10(np.max(rejected)) < -100


def test_the_first_stage_rejects_all_above_28_khz():
    response = np.abs(np.fft.rfft(up(half_band(2), jnp.zeros(200).at[0].set(1.0))[1], 1 << 16)) / 2
    freqs = np.fft.rfftfreq(1 << 16, 1 / (2 * FS))
    assert 20 * np.log10(np.max(response[freqs >= 28e3])) < -100
    assert response[0] == pytest.approx(1, abs=1e-12)


def test_lengths_and_latency():
    sizes = [len(side) for side in half_band(16).stages]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] <= 24
    assert sizes[1] <= 7
    assert [half_band(factor).latency for factor in FACTORS[:2]] == [0, 2 * sizes[0] - 1]
    for factor in FACTORS:
        design = half_band(factor)
        impulse = jnp.zeros(128).at[0].set(1.0)
        _, y = down(design, up(design, impulse)[1])
        assert int(jnp.argmax(y)) == design.latency
        # Linear phase: the same on both sides.
        middle, reach = design.latency, min(design.latency, 30)
        np.testing.assert_allclose(y[middle - reach : middle], y[middle + 1 : middle + 1 + reach][::-1], atol=1e-12)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("freq", [100.0, 1e3, 19.9e3])
def test_a_sine_comes_back_delayed(factor, freq):
    design = half_band(factor)
    x = sine(freq, FS, 1200)
    _, y = down(design, up(design, x)[1])
    delay = design.latency
    np.testing.assert_allclose(y[300:], x[300 - delay : 1200 - delay], atol=1e-5)


@pytest.mark.parametrize("factor", FACTORS[1:])
def test_a_tone_of_30_khz_is_rejected(factor):
    _, y = down(half_band(factor), sine(30e3, factor * FS, 1200 * factor))
    assert np.max(np.abs(y[300:])) < 1e-5


@pytest.mark.parametrize("factor", FACTORS)
def test_block_law(factor):
    design = half_band(factor)
    x = jnp.asarray(np.random.default_rng(0).standard_normal((60, 2, 3)))
    _, whole_up = up(design, x)
    _, whole = down(design, whole_up)
    edges = [0, 1, 2, 9, 60]
    rising, falling, fast, slow = None, None, [], []
    for start, stop in zip(edges[:-1], edges[1:], strict=True):
        rising, v = up(design, x[start:stop], rising)
        falling, y = down(design, v, falling)
        fast.append(v)
        slow.append(y)
    np.testing.assert_allclose(jnp.concatenate(fast), whole_up, atol=1e-14)
    np.testing.assert_allclose(jnp.concatenate(slow), whole, atol=1e-14)
    shapes = jax.tree.map(jnp.shape, interpolation_carry(design, (2, 3), x.dtype))
    assert jax.tree.map(jnp.shape, rising) == shapes


def test_gradient():
    design = half_band(4)

    def f(x, rising, falling):
        rising, v = interpolate(design, rising, x)
        falling, y = decimate(design, falling, jnp.tanh(v))
        return sum(jnp.sum(jnp.sin(leaf)) for leaf in jax.tree.leaves((rising, falling, y)))

    x = jnp.asarray(np.random.default_rng(0).standard_normal((50, 1)))
    carries = jax.tree.map(lambda leaf: leaf + 0.1, (interpolation_carry(design, (1,), x.dtype),))
    testing.check_gradient(jax.jit(f), (x, *carries, decimation_carry(design, (1,), x.dtype)), rtol=1e-6)


def test_single_precision():
    design = half_band(8)
    x = sine(1e3, FS, 600).astype(jnp.float32)
    rising, v = up(design, x)
    falling, y = down(design, v)
    assert {leaf.dtype for leaf in jax.tree.leaves((rising, falling, v, y))} == {jnp.dtype(jnp.float32)}
    np.testing.assert_allclose(y[200:], x[200 - design.latency : 600 - design.latency], atol=2e-5)


def test_other_specifications():
    design = half_band(2, passband=0.45, attenuation=60)
    response = np.abs(np.fft.rfft(up(design, jnp.zeros(300).at[0].set(1.0))[1], 1 << 14)) / 2
    freqs = np.fft.rfftfreq(1 << 14)
    assert np.max(response[freqs >= 0.275]) < 1e-3
    assert np.max(np.abs(response[freqs <= 0.225] - 1)) < 1.05e-3


def test_bad_input():
    with pytest.raises(ValueError, match="must be one of 1, 2, 4, 8, 16"):
        half_band(3)
    with pytest.raises(ValueError, match="passband must be between"):
        half_band(2, passband=0.5)
    with pytest.raises(ValueError, match="no filter of reasonable length"):
        half_band(2, passband=0.4999)
    with pytest.raises(ValueError, match="no multiple"):
        down(half_band(4), jnp.zeros(6))
