"""Delay, polarity and gain of one recording against another, where all of them are known."""

from pathlib import Path

import numpy as np
import pytest
from scipy.signal import butter, lfilter, resample_poly, sosfilt

import circuitnn as cn
from circuitnn.audio.locating import located

FS = 48_000
DEVICE = Path(__file__).parents[3] / "shared" / "data" / "clipper-1n4148"


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


@pytest.mark.parametrize("seed", range(4))
def test_no_delay_is_told_where_none_stands_out(music, seed):
    rng = np.random.default_rng(seed)
    time = np.arange(2 * FS) / FS
    tone = np.sin(2 * np.pi * 220 * (1 + seed) * time) + 0.3 * np.sin(2 * np.pi * 660 * (1 + seed) * time)
    chord = music[: 2 * FS]
    pairs = {
        "noise": (chord, rng.standard_normal(2 * FS)),
        "other music": (chord, cn.audio.guitar(2.0, FS, seed=10 + seed)),
        "the next two seconds": (chord, np.tanh(5 * music[2 * FS :])),
        "a tone": (tone, np.roll(tone, 1000) + 1e-3 * rng.standard_normal(2 * FS)),
        "a loop": (np.tile(chord[:6000], 16), np.tile(chord[:6000], 16)),
        "an echo as loud": (chord, moved(chord, 30.0) + moved(chord, 5000.0)),
    }
    for name, (x, y) in pairs.items():
        with pytest.raises(cn.audio.AudioError, match=r"stands out|in common"):
            pytest.fail(f"{name}: {cn.audio.align(x, y, fs=FS)}")


@pytest.mark.parametrize("delay", [2500.4, -70_000.25, 90_000.0])
def test_the_whole_recording_is_searched(music, delay):
    heard = np.concatenate([np.zeros(2 * FS), music, np.zeros(2 * FS)])
    y = -1e-3 * np.tanh(3 * moved(heard, delay))
    found = cn.audio.align(music, y + 1e-5 * np.random.default_rng(0).standard_normal(len(y)), fs=FS)
    assert found.delay_samples == pytest.approx(2 * FS + delay, abs=0.3)
    assert found.polarity == -1
    # Of equal lengths, as an interface records them, what is beyond the end is missing.
    y = 30 * moved(np.concatenate([music, np.zeros(2 * FS)]), delay)[: len(music)] if delay > 0 else music[70_000:]
    found = cn.audio.align(music, y, fs=FS)
    assert found.delay_samples == pytest.approx(delay if delay > 0 else -70_000, abs=0.05)
    assert found.polarity == 1


def test_a_largest_delay_that_is_too_small_is_said(music):
    y = moved(music, 2500.0)
    with pytest.raises(cn.audio.AudioError, match=r"within max_delay=0.05 s stands out: with y \+25"):
        cn.audio.align(music, y, fs=FS, max_delay=0.05)
    assert cn.audio.align(music, y, fs=FS, max_delay=0.06).delay_samples == pytest.approx(2500, abs=0.01)
    # An echo as loud as the sound itself: one of the two is meant, and the user knows which.
    both = moved(music, 30.0) + moved(music, 5000.0)
    assert cn.audio.align(music, both, fs=FS, max_delay=0.03).delay_samples == pytest.approx(30, abs=0.1)


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
        (np.arange(9000.0), np.arange(9000.0), {"fs": 0}, "fs must be a positive"),
        (np.arange(9000.0), np.arange(9000.0), {"max_delay": -1}, "max_delay must be positive"),
    ],
)
def test_bad_input(x, y, options, message):
    with pytest.raises(cn.audio.AudioError, match=message):
        cn.audio.align(x, y, **{"fs": FS} | options)


def device(x):
    """Of first order, bent and causal: the first sample of x has a part in the first one of y."""
    b, a = butter(1, 3000, fs=FS)
    return lfilter(b, a, np.tanh(3 * lfilter(b, a, x)))


SLOW = pytest.mark.slow


@pytest.mark.parametrize("latency", [37, pytest.param(0, marks=SLOW), pytest.param(2537, marks=SLOW)])
def test_a_causal_alignment_never_leads(music, latency):
    y = -np.concatenate([np.zeros(latency), device(music)])
    y += 1e-3 * y.std() * np.random.default_rng(0).standard_normal(len(y))
    centre = cn.audio.align(music, y, fs=FS)
    assert latency + 0.3 < centre.delay_samples < latency + 5  # a model would have to look ahead
    causal = cn.audio.align(music, y, fs=FS, causal=True)
    assert latency - 1 <= causal.delay_samples <= latency
    assert causal.delay_samples == round(causal.delay_samples)
    assert causal.polarity == centre.polarity == -1
    given = cn.audio.align(music, y, fs=FS, latency=latency)
    assert given.delay_samples == latency
    np.testing.assert_array_equal(given.apply(y)[: len(music) - 1], -y[latency:][: len(music) - 1])


@pytest.mark.slow
@pytest.mark.skipif(not DEVICE.exists(), reason="the recordings of a diode clipper are not here")
@pytest.mark.parametrize("latency", [0, 2537])
def test_a_real_device(latency):
    """A diode clipper that was recorded without latency, 12 s at 50 kHz."""
    x, fs = cn.audio.read(DEVICE / "input.flac")
    y = np.concatenate([np.zeros(latency), -cn.audio.read(DEVICE / "output.flac")[0]])
    centre, causal = cn.audio.align(x, y, fs=fs), cn.audio.align(x, y, fs=fs, causal=True)
    assert latency + 0.5 < centre.delay_samples < latency + 2
    assert causal.delay_samples in (latency - 1, latency)
    assert centre.polarity == causal.polarity == -1
    assert not centre.drift.is_there


def test_blips_tell_the_latency(music):
    x = np.concatenate([cn.audio.blips(FS), 0.5 * music])
    y = -np.concatenate([np.zeros(153), device(x)])
    y += 1e-3 * np.random.default_rng(0).standard_normal(len(y))
    found = cn.audio.align(x, y, fs=FS, blips=(0.5, 1.5))
    assert found.delay_samples == 152
    assert found.polarity == -1
    with pytest.raises(cn.audio.AudioError, match=r"no click within 0.25 s of 0.5 s"):
        cn.audio.align(music, 0.01 * np.random.default_rng(0).standard_normal(len(music)), fs=FS, blips=(0.5,))
    with pytest.raises(cn.audio.AudioError, match="three ways to one delay"):
        cn.audio.align(x, y, fs=FS, blips=(0.5, 1.5), latency=3)


@pytest.mark.slow
@pytest.mark.parametrize("ppm", [20.0, -100.0])
def test_clocks_that_differ(music, ppm):
    long = np.concatenate([music, music[::-1]])
    bent = np.tanh(2 * long)
    fine = resample_poly(bent, 16, 1)
    y = np.interp(16 * (np.arange(len(long)) * (1 - 1e-6 * ppm) - 300), np.arange(len(fine)), fine)
    with pytest.warns(cn.audio.AlignmentWarning, match="clocks of player and recorder differ"):
        plain = cn.audio.align(long, y, fs=FS)
    assert plain.drift.ppm == pytest.approx(ppm, abs=5 * plain.drift.standard_error)
    found = cn.audio.align(long, y, fs=FS, correct_drift=True)
    assert found.drift.ppm == pytest.approx(ppm, abs=0.3)
    assert found.delay_samples == pytest.approx(300, abs=0.2)
    inside = slice(1000, -1000)
    assert np.sum((found.apply(y) - bent)[inside] ** 2) < 3e-3 * np.sum(bent[inside] ** 2)
    assert "ppm of drift" in str(found)


def test_clocks_that_differ_where_a_sound_dies_away():
    """Level and pitch go with time all along, so that a line of delays tells what a device does or what clocks do."""
    seconds = np.arange(6 * FS) / FS
    dying = np.random.default_rng(0).standard_normal(len(seconds)) * np.exp(-1.5 * seconds)
    fine = resample_poly(np.tanh(2 * dying), 16, 1)
    y = np.interp(16 * (np.arange(len(dying)) * (1 - 40e-6) - 100), np.arange(len(fine)), fine)
    predicted = np.tanh(2 * dying)
    assert located(predicted, y, FS, correct_drift=True).drift is None
    found = located(predicted, y, FS, correct_drift=True, is_predicted=True)
    assert found.drift.ppm == pytest.approx(40, abs=0.5)
    assert found.delay_samples == pytest.approx(100, abs=0.2)


def test_no_drift_is_seen_in_what_a_device_does_to_a_sweep():
    sweep = cn.audio.sweep(4.0, FS)
    cn.audio.align(sweep, sosfilt(butter(2, [100, 2000], "bandpass", fs=FS, output="sos"), sweep), fs=FS)
