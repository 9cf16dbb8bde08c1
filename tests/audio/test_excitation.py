"""The built-in excitation: repeatable, of the stated parts, in tune, and like a guitar in level and spectrum."""

import time

import numpy as np
import pytest

from circuitnn import audio
from circuitnn.audio.string import Pluck, pluck

FS = 48_000


def test_same_seed_same_samples_and_other_seed_other_music():
    first, again, other = (audio.excitation(3, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    guitar = slice(0, round(0.8 * 3 * FS))
    noise = slice(round(0.9 * 3 * FS), None)
    for part in (guitar, noise):
        correlation = np.dot(first[part], other[part]) / np.linalg.norm(first[part]) / np.linalg.norm(other[part])
        assert abs(correlation) < 0.2


@pytest.mark.parametrize("fs", [16_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("seconds", [0.01, 0.5, 4.0])
def test_length_peak_and_rate(fs, seconds):
    x = audio.excitation(seconds, fs, seed=3)
    assert x.shape == (round(seconds * fs),)
    assert x.dtype == np.float64
    assert np.max(np.abs(x)) == 1.0


def test_thirty_seconds_take_less_than_two():
    start = time.process_time()
    audio.excitation(30.0)
    assert time.process_time() - start < 2


def band_levels(x, edges):
    power = np.abs(np.fft.rfft(x)) ** 2
    frequency = np.fft.rfftfreq(len(x), 1 / FS)
    shares = [
        power[(frequency >= low) & (frequency < high)].sum() for low, high in zip(edges[:-1], edges[1:], strict=True)
    ]
    return 10 * np.log10(np.array(shares) / power.sum())


@pytest.mark.parametrize("seed", range(4))
def test_levels_and_spectrum_are_those_of_direct_input_recordings(seed):
    # Ten recordings of a real guitar have: crest 15 to 23 dB, kurtosis 5 to 17, and the bands below.
    x = audio.guitar(20, FS, seed=seed)
    rms = np.sqrt(np.mean(x**2))
    assert 13 < -20 * np.log10(rms) < 25
    assert 4 < np.mean(x**4) / rms**4 < 20
    low, mid, presence, treble, air = band_levels(x, [20, 200, 1000, 2000, 5000, 10_000])
    assert -20 < low < -2
    assert -6 < mid < 0
    assert -17 < presence < -4
    assert -30 < treble < -9
    assert -56 < air < -27


@pytest.mark.parametrize("fs", [44_100, 96_000])
@pytest.mark.parametrize("frequency", [82.4, 196.0, 440.0, 987.8])
def test_strings_are_in_tune(fs, frequency):
    event = Pluck(frequency, seconds=1.9, velocity=1.0, decay=8.0, brightness=0.8, pick=0.13)
    sound = pluck(event, fs, np.random.default_rng(0))[: 2 * fs]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 16 * len(sound)))
    bins = np.fft.rfftfreq(16 * len(sound), 1 / fs)
    near = (bins > 0.94 * frequency) & (bins < 1.06 * frequency)
    cents = 1200 * np.log2(bins[near][np.argmax(spectrum[near])] / frequency)
    assert abs(cents) < 2


def test_a_string_decays_as_it_says_and_is_silent_after_it_was_damped():
    event = Pluck(110.0, seconds=2.0, velocity=0.7, decay=3.0, brightness=1.0, pick=0.13)
    sound = pluck(event, FS, np.random.default_rng(0))
    levels = [np.sqrt(np.mean(sound[at : at + 4800] ** 2)) for at in (24_000, 72_000)]
    assert 20 * np.log10(levels[1] / levels[0]) == pytest.approx(-20, abs=3)  # 60 dB in 3 s: 20 dB in 1 s
    assert len(sound) < 2.1 * FS
    assert abs(sound[-1]) < 1e-4


def test_harder_plucks_are_louder_and_brighter():
    def centroid(velocity):
        sound = pluck(Pluck(110.0, 1.0, velocity, 4.0, 0.8, 0.13), FS, np.random.default_rng(0))
        power = np.abs(np.fft.rfft(sound)) ** 2
        return np.sum(np.fft.rfftfreq(len(sound), 1 / FS) * power) / power.sum(), power.sum()

    soft, hard = centroid(0.2), centroid(1.0)
    assert hard[0] > 1.1 * soft[0]
    assert hard[1] > 10 * soft[1]


def test_the_sweep_passes_each_octave_in_the_same_time():
    x = audio.sweep(10, FS)
    crossings = np.flatnonzero(np.diff(np.signbit(x)))
    frequency = FS / (2 * np.diff(crossings))
    at = {f: crossings[np.argmax(frequency > f)] / FS for f in (100, 200, 400, 800)}
    octave = 10 / np.log2(1000)
    assert np.diff(list(at.values())) == pytest.approx(octave, rel=0.03)
    assert np.max(np.abs(x)) == pytest.approx(1, abs=1e-6)


def test_noise_bursts_have_many_levels_and_rests():
    x = audio.noise_bursts(10, FS, seed=0)
    blocks = x[: len(x) // 480 * 480].reshape(-1, 480)
    level = 20 * np.log10(np.sqrt(np.mean(blocks**2, axis=1)) + 1e-6)
    assert np.percentile(level, 95) - np.percentile(level, 50) > 5
    assert np.mean(level < -100) > 0.1


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_bad_lengths_are_refused(seconds):
    with pytest.raises(audio.AudioError, match="length must be positive"):
        audio.excitation(seconds)


def test_bad_rates_are_refused():
    with pytest.raises(audio.AudioError, match="positive whole number"):
        audio.excitation(1.0, 0)
