"""Impulse responses at another rate: the same response, nothing before time zero."""

import numpy as np
import pytest

from circuitnn.audio.impulse_responses import at_rate, from_onset, normalised, shortened

DECAYING = np.random.default_rng(0).standard_normal(900) * np.exp(-np.arange(900) / 120)


def response(taps, fs, freqs):
    return np.exp(-2j * np.pi * np.outer(freqs, np.arange(len(taps))) / fs) @ taps


@pytest.mark.parametrize("taps", [np.array([1.0]), DECAYING], ids=["impulse", "decaying"])
@pytest.mark.parametrize(("fs", "other"), [(44_100, 48_000), (48_000, 44_100), (96_000, 48_000), (48_000, 96_000)])
def test_the_response_stays(taps, fs, other):
    freqs = np.linspace(10, 0.9 * min(fs, other) / 2, 301)
    moved = at_rate(taps, fs, other)
    before, after = response(taps, fs, freqs), response(moved, other, freqs)
    np.testing.assert_allclose(np.abs(after), np.abs(before), rtol=1e-3, atol=1e-4 * np.abs(before).max())
    delay = -np.unwrap(np.angle(after / before))[:50] / (2 * np.pi * freqs[:50])
    assert np.all((delay > 0) & (delay < 3.6 / min(fs, other)))


def test_the_same_rate_changes_nothing():
    assert at_rate(DECAYING, 48_000, 48_000) is DECAYING


def test_shortened_fades_out():
    taps = shortened(np.ones(1000), 100)
    assert len(taps) == 100
    assert np.all(taps[:90] == 1)
    assert np.all(np.diff(taps[89:]) < 0)
    assert taps[-1] < 0.03
    assert shortened(DECAYING, 900) is DECAYING


def test_from_onset_leaves_silence_out():
    taps = np.concatenate([np.full(30, 1e-4), DECAYING])
    assert len(from_onset(taps)) <= 900
    np.testing.assert_array_equal(from_onset(np.zeros(7)), np.zeros(7))


def test_normalised_has_a_gain_of_one_where_it_is_loudest():
    gain = np.abs(np.fft.rfft(normalised(3 * DECAYING), 2**16))
    assert gain.max() == pytest.approx(1, abs=1e-3)
    np.testing.assert_array_equal(normalised(np.zeros(7)), np.zeros(7))
