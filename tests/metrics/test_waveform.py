"""Metrics of the waveform against their formulas, on silence and on bad input."""

import numpy as np
import pytest

from circuitnn import metrics

FS = 48_000

EVERY = [
    metrics.dc,
    metrics.esr,
    metrics.log_spectral_distance,
    metrics.mae,
    metrics.mr_stft,
    metrics.nrmse,
    metrics.rmse,
    metrics.spectral_flux,
    metrics.max_abs_error,
    metrics.mse,
    metrics.pre_emphasis,
    metrics.rms_energy_error,
    metrics.sdr,
    metrics.spectral_flux_error,
    metrics.stft_distance,
]


def sine(frequency, level=0.5, phase=0.0):
    return level * np.sin(2 * np.pi * frequency * np.arange(FS // 2) / FS + phase)


def test_values_of_known_errors():
    target = sine(1000.0)
    assert metrics.esr(0.9 * target, target) == pytest.approx(0.01, rel=1e-12)
    assert metrics.sdr(0.9 * target, target) == pytest.approx(20.0, rel=1e-12)
    assert metrics.mse(0.9 * target, target) == pytest.approx(0.01 * 0.125, rel=1e-12)
    assert metrics.rmse(0.9 * target, target) == pytest.approx(0.1 * np.sqrt(0.125), rel=1e-12)
    assert metrics.rmse(0.9 * target, target, normalised=True) == pytest.approx(0.1, rel=1e-12)
    assert metrics.mae(target + 0.25, target) == pytest.approx(0.25, rel=1e-12)
    assert metrics.mae(2 * target, target) == pytest.approx(0.5 * 2 / np.pi, rel=2e-3)  # of a sine, sampled
    assert metrics.max_abs_error(0.9 * target, target) == pytest.approx(0.05, rel=1e-4)
    assert metrics.esr(np.zeros_like(target), target) == 1.0


def test_dc_is_the_energy_of_the_mean_error_of_each_signal():
    target = np.stack([sine(1000.0), sine(500.0)])[..., None]
    assert metrics.dc(1.2 * target, target) == pytest.approx(0, abs=1e-20)
    # One signal is up by 0.1 and the other one down: their mean over both would be 0.
    shifted = target + np.array([0.1, -0.1])[:, None, None]
    assert metrics.dc(shifted, target) == pytest.approx(0.01 / 0.125, rel=1e-9)


def test_silence():
    silent, sounding = np.zeros(4096), sine(440.0)[:4096]
    assert metrics.sdr(sounding, sounding) == np.inf
    assert metrics.sdr(sounding, silent) == -np.inf
    ratios = [metrics.dc, metrics.esr, metrics.pre_emphasis, metrics.rms_energy_error]
    for metric in [*ratios, metrics.spectral_flux_error, metrics.stft_distance, metrics.mr_stft]:
        assert metric(silent, silent) == 0
        assert metric(sounding, silent) == np.inf
    for metric in (metrics.nrmse, metrics.spectral_flux):
        assert metric(silent, silent) == metric(sounding, sounding) == 0
        assert 1 < metric(sounding, silent) < np.inf


@pytest.mark.parametrize("metric", EVERY)
def test_nan_in_a_prediction_stays_visible(metric):
    target = sine(440.0)
    broken = target.copy()
    broken[100] = np.nan
    assert np.isnan(metric(broken, target))
    assert np.isnan(metric(broken, np.zeros_like(target)))


@pytest.mark.parametrize("metric", EVERY)
def test_bad_input_is_refused(metric):
    with pytest.raises(ValueError, match=r"\(5000,\) and \(5000, 1\)"):
        metric(np.ones(5000), np.ones((5000, 1)))
    with pytest.raises(ValueError, match="samples"):
        metric(np.ones((0, 1)), np.ones((0, 1)))


@pytest.mark.parametrize("metric", EVERY)
def test_one_dimension_is_time_and_lists_of_float32_are_taken(metric):
    generator = np.random.default_rng(0)
    target = generator.standard_normal(4096).astype(np.float32)
    prediction = (target + 0.1 * generator.standard_normal(4096)).astype(np.float32)
    value = metric(prediction, target)
    assert isinstance(value, float)
    assert value != 0
    assert metric(prediction[:, None].tolist(), target[:, None].tolist()) == pytest.approx(value, rel=1e-12)
