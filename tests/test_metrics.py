"""Metrics against their formulas, on silence and on bad input."""

import numpy as np
import pytest

from circuitnn import metrics

FS = 48_000


def sine(frequency, level=0.5, phase=0.0):
    return level * np.sin(2 * np.pi * frequency * np.arange(FS // 2) / FS + phase)


def test_values_of_known_errors():
    target = sine(1000.0)
    assert metrics.esr(0.9 * target, target) == pytest.approx(0.01, rel=1e-12)
    assert metrics.sdr(0.9 * target, target) == pytest.approx(20.0, rel=1e-12)
    assert metrics.max_abs_error(0.9 * target, target) == pytest.approx(0.05, rel=1e-4)
    assert metrics.esr(np.zeros_like(target), target) == 1.0


def test_silence():
    silent, sounding = np.zeros(4096), sine(440.0)[:4096]
    assert metrics.esr(silent, silent) == 0
    assert metrics.sdr(sounding, sounding) == np.inf
    assert metrics.esr(sounding, silent) == np.inf
    assert metrics.sdr(sounding, silent) == -np.inf
    assert metrics.stft_distance(silent, silent) == 0
    assert metrics.stft_distance(sounding, silent) == np.inf


def test_nan_in_a_prediction_stays_visible():
    target = sine(440.0)
    broken = target.copy()
    broken[100] = np.nan
    assert np.isnan(metrics.esr(broken, target))
    assert np.isnan(metrics.esr(broken, np.zeros_like(target)))
    assert np.isnan(metrics.sdr(broken, target))
    assert np.isnan(metrics.stft_distance(broken, target))


def test_stft_distance_hears_spectra_and_not_phases():
    target = sine(1000.0)
    assert metrics.stft_distance(target, target) == 0
    assert metrics.stft_distance(-target, target) == 0
    shifted = metrics.stft_distance(sine(1000.0, phase=1.0), target)
    detuned = metrics.stft_distance(sine(1100.0), target)
    assert shifted < 0.02
    assert detuned > 50 * shifted


def test_stft_distance_of_a_gain_has_a_closed_form():
    noise = np.random.default_rng(0).standard_normal((2, FS // 4, 1))
    # Spectral convergence 1 - g, and log(g) at every frequency.
    assert metrics.stft_distance(0.9 * noise, noise) == pytest.approx(0.1 - np.log(0.9), rel=1e-6)


@pytest.mark.parametrize("metric", [metrics.esr, metrics.sdr, metrics.max_abs_error, metrics.stft_distance])
def test_bad_input_is_refused(metric):
    with pytest.raises(ValueError, match=r"\(5000,\) and \(5000, 1\)"):
        metric(np.ones(5000), np.ones((5000, 1)))
    with pytest.raises(ValueError, match="samples"):
        metric(np.ones((0, 1)), np.ones((0, 1)))


def test_signals_shorter_than_a_window_are_refused():
    with pytest.raises(ValueError, match="2048 samples"):
        metrics.stft_distance(np.ones(2000), np.ones(2000))
