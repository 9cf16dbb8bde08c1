"""Resampling against the closed form of sines, its pass and stop bands, and bad input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitnn import audio

RATES = st.sampled_from([8_000, 22_050, 44_100, 48_000, 88_200, 96_000])


def sine(frequency, fs, seconds=0.5):
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * fs)) / fs)


@given(RATES, RATES, st.floats(0.02, 0.9))
def test_sines_in_the_pass_band_keep_level_and_phase(fs_in, fs_out, place):
    frequency = place * min(fs_in, fs_out) / 2
    y = audio.resample(sine(frequency, fs_in), fs_in, fs_out)
    expected = sine(frequency, fs_out)
    assert len(y) == len(expected)
    middle = slice(len(y) // 4, 3 * len(y) // 4)
    np.testing.assert_allclose(y[middle], expected[middle], atol=3e-5)


@pytest.mark.parametrize(("fs_in", "fs_out"), [(96_000, 48_000), (48_000, 44_100)])
def test_what_would_alias_is_gone(fs_in, fs_out):
    y = audio.resample(sine(fs_out / 2 * 1.01, fs_in), fs_in, fs_out)
    middle = y[len(y) // 4 : 3 * len(y) // 4]
    assert 20 * np.log10(np.max(np.abs(middle))) < -105


@given(st.integers(1, 400), RATES, RATES)
def test_length_and_time_axis(samples, fs_in, fs_out):
    x = np.random.default_rng(samples).standard_normal((2, samples, 3))
    y = audio.resample(x, fs_in, fs_out)
    assert y.shape == (2, -(-samples * fs_out // fs_in), 3)
    np.testing.assert_allclose(y[1, :, 2], audio.resample(x[1, :, 2], fs_in, fs_out), atol=1e-12)


def test_the_same_rate_changes_nothing():
    x = np.random.default_rng(0).standard_normal(100)
    np.testing.assert_array_equal(audio.resample(x, 48_000, 48_000), x)


@pytest.mark.parametrize(
    ("x", "fs_in", "fs_out", "message"),
    [
        (np.zeros(0), 48_000, 44_100, "no samples"),
        (np.array([1.0, np.inf]), 48_000, 44_100, "index 1"),
        (np.ones(4), -1, 44_100, "fs_in must be a positive whole number"),
        (np.ones(4), 48_000, float("nan"), "fs_out must be a positive whole number"),
        (np.ones(4), 48_000, 1_000_003, "too fine"),
    ],
)
def test_bad_input_is_refused(x, fs_in, fs_out, message):
    with pytest.raises(audio.AudioError, match=message):
        audio.resample(x, fs_in, fs_out)
