import numpy as np
import pytest

from circuitnn import metrics

STUDY = ("nrmse", "spectral_flux", "mr_stft")


def test_is_each_metric_by_its_name():
    rng = np.random.default_rng(0)
    target = rng.normal(size=(2, 4096, 1))
    prediction = 0.9 * target + 0.1 * rng.normal(size=target.shape) + 0.05
    found = metrics.summary(prediction, target, fs=48_000)
    for name in ("esr", "dc", "mae", "stft_distance", "spectral_flux_error", "rms_energy_error", *STUDY):
        assert found[name] == getattr(metrics, name)(prediction, target) > 0
    emphasised = metrics.pre_emphasis(prediction, target, emphasis="a_weighting_low_pass", fs=48_000)
    assert found["esr_a_weighting_low_pass"] == emphasised
    assert set(metrics.summary(target, target, fs=48_000).values()) == {0.0}


def test_what_is_too_short_says_so():
    with pytest.raises(ValueError, match="2048"):
        metrics.summary(np.ones(500), np.ones(500), fs=48_000)
