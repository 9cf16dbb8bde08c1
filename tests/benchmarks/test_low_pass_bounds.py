"""What no linear model of a shape does better: against least squares in time, and where nothing is lost."""

import numpy as np
from scipy.linalg import toeplitz
from scipy.signal import lfilter

from benchmarks.low_pass.bounds import Spectra, features, fixed_poles, small_signal, window
from circuitnn import circuits, nodal

LINES = 513
Z = np.exp(1j * np.pi * np.arange(LINES) / (LINES - 1))
POLES = np.array([0.5, 0.9, 0.95])
WHITE = np.r_[1.0, np.full(LINES - 2, 2.0), 1.0]
FOUND = Spectra(WHITE, Z / (Z - POLES[:, None]))


def test_a_window_is_least_squares_in_time():
    """White noise through one pole: what is left is the tail of its response, by its energy."""
    for taps in (1, 8, 32):
        np.testing.assert_allclose(window(FOUND, taps), POLES ** (2 * taps), rtol=1e-6, atol=1e-8)
    rng = np.random.default_rng(0)
    x = lfilter([1], [1, -0.7], rng.standard_normal(200_000))
    coloured = Spectra(WHITE / np.abs(1 - 0.7 / Z) ** 2, FOUND.response)
    for pole, expected in zip(POLES, window(coloured, 4), strict=True):
        y = lfilter([1], [1, -pole], x)
        rows = toeplitz(x, np.zeros(4))
        left = y - rows @ np.linalg.lstsq(rows, y, rcond=None)[0]
        np.testing.assert_allclose(expected, np.sum(left**2) / np.sum(y**2), rtol=0.05)


def test_as_many_features_as_positions_lose_nothing():
    np.testing.assert_allclose(features(FOUND, 3), 0, atol=1e-12)
    one = features(FOUND, 1)
    assert (one > 1e-3).all()
    assert np.mean(one) < np.mean(features(FOUND, 1, weighted=False))
    left = np.sum(features(FOUND, 1, weighted=False) * FOUND.energy)
    assert left < np.sum(one * FOUND.energy)  # each is best by its own measure


def test_poles_of_the_bank_are_found():
    fs, times = 48_000, np.geomspace(5e-5, 2e-2, 4)
    own = Spectra(WHITE, Z / (Z - np.exp(-1 / (fs * times))[:, None]))
    np.testing.assert_allclose(fixed_poles(own, 4, ringing=False), 0, atol=1e-6)
    other = Spectra(WHITE, 1 / ((1 - 0.99 * np.exp(0.3j) / Z) * (1 - 0.99 * np.exp(-0.3j) / Z))[None])
    assert fixed_poles(other, 4, ringing=False) > 0.5  # real poles do not ring


def test_the_closed_form_is_the_circuit():
    freqs, where = np.array([100.0, 1000.0, 3000.0]), {"cutoff": 0.6, "resonance": 0.8}
    expected = nodal.frequency_response(circuits.ota_lowpass(), freqs, controls=where)
    np.testing.assert_allclose(small_signal(freqs, **where), expected, rtol=0.05)
