"""Delay, polarity and gain of one recording against another, where all of them are known."""

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

import circuitnn as cn

FS = 48_000


def moved(y, delay):
    """Late by `delay` samples, by a phase in the frequency domain."""
    size = len(y) + 16_384
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(size) * delay)
    return np.fft.irfft(np.fft.rfft(y, size) * turn, size)[: len(y)]


@pytest.fixture(scope="module")
def music():
    return cn.audio.guitar(4.0, FS, seed=3)


@pytest.mark.parametrize("delay", [7.3, -12.46, 0.5, 0.0, 2000.8, -1000.1])
@pytest.mark.parametrize("gain", [0.7, -2.5])
def test_delay_polarity_and_gain(music, delay, gain):
    rng = np.random.default_rng(1)
    y = gain * moved(music, delay)
    y += 0.01 * y.std() * rng.standard_normal(len(y))
    found = cn.audio.align(music, y, fs=FS)
    assert found.delay_samples == pytest.approx(delay, abs=5 * found.standard_error)
    assert found.standard_error < 0.002
    assert found.polarity == np.sign(gain)
    assert found.gain == pytest.approx(abs(gain), rel=0.01)
    assert found.confidence > 0.99
    assert found.sharpness > 2
    assert found.delay == pytest.approx(delay / FS, abs=1e-6)
    undone = np.sign(gain) * found.apply(y) / found.gain
    inside = slice(2200, -2200)
    left = (np.sign(gain) * undone - music)[inside]
    assert np.sum(left**2) < 3e-4 * np.sum(music[inside] ** 2)


@pytest.mark.parametrize("seed", range(5))
def test_the_standard_error_is_that_of_repetitions(music, seed):
    """White noise as loud as a tenth of the signal: scatter over eight repetitions."""
    rng = np.random.default_rng(seed)
    y = moved(music[:FS], 3.21)
    found = [cn.audio.align(music[:FS], y + 0.1 * y.std() * rng.standard_normal(FS), fs=FS) for _ in range(8)]
    deviations = [(each.delay_samples - 3.21) / each.standard_error for each in found]
    assert 0.3 < np.sqrt(np.mean(np.square(deviations))) < 2.5


def test_a_clipped_recording(music):
    y = -np.tanh(20 * moved(music, -31.7))
    found = cn.audio.align(music, y, fs=FS)
    assert found.polarity == -1
    assert found.delay_samples == pytest.approx(-31.7, abs=0.2)  # distortion has a phase of its own
    assert 0.3 < found.confidence < 0.99


def test_a_device_with_a_delay_of_its_own(music):
    """The delay is that of recorder and device together: a low-pass adds its group delay."""
    y = sosfilt(butter(1, 2000, fs=FS, output="sos"), music)
    assert 0.5 < cn.audio.align(music, y, fs=FS).delay_samples < 4


def test_what_has_nothing_in_common(music):
    found = cn.audio.align(music, np.random.default_rng(0).standard_normal(len(music)), fs=FS)
    assert found.confidence < 0.02
    assert found.sharpness < 1.5


def test_lengths_and_shapes_may_differ(music):
    found = cn.audio.align(music[:, None], moved(music, 5.0)[: 2 * FS], fs=FS)
    assert found.delay_samples == pytest.approx(5, abs=0.01)
    assert found.apply(music[:, None]).shape == (len(music), 1)
    assert "delay +5.0" in str(found)
    assert "polarity kept" in str(found)


def test_samples_beyond_the_end_are_zero(music):
    found = cn.audio.align(music, moved(music, 300.0), fs=FS)
    assert np.abs(found.apply(music)[-200:]).max() < 1e-12
    back = cn.audio.align(moved(music, 300.0), music, fs=FS)
    assert back.delay_samples == pytest.approx(-300, abs=0.01)
    assert np.abs(back.apply(music)[:200]).max() < 1e-12


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (np.zeros(9000), np.ones(9000), {}, "x is silent"),
        (np.arange(9000.0), np.ones(9000), {}, "y is silent"),
        (np.arange(9000.0), np.full(9000, np.nan), {}, "align: y: 9000 sample"),
        (np.ones((9000, 2)), np.ones(9000), {}, "align: x: one channel"),
        (np.arange(100.0), np.arange(100.0), {}, "100 samples .* are too few"),
        (np.arange(3000.0), np.arange(3000.0), {}, "too few for delays up to 0.05 s"),
        (np.arange(9000.0), np.arange(9000.0), {"fs": 0}, "fs must be a positive"),
        (np.arange(9000.0), np.arange(9000.0), {"max_delay": -1}, "max_delay must be positive"),
    ],
)
def test_bad_input(x, y, options, message):
    with pytest.raises(cn.audio.AudioError, match=message):
        cn.audio.align(x, y, **{"fs": FS} | options)
