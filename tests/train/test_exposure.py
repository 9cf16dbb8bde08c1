import jax.numpy as jnp
import numpy as np
import pytest
from scipy import signal

from circuitnn import StreamWarning
from circuitnn.train import Dataset, exposure_bias
from tests.models import Gain, Leaky


def test_the_truth_has_no_error_and_no_bias(data):
    report = exposure_bias(Leaky(0.8), data, warmup=10, horizon=100)
    assert report.esr_free_running < 1e-12
    assert report.esr_teacher_forced < 1e-12
    assert report.error.shape == report.times.shape == (100,)
    assert np.all(report.error < 1e-12)


def test_figures_follow_their_closed_form(data):
    """A wrong pole: one step is off by (a' - a)(x - u); a wrong start decays as a'^n."""
    report = exposure_bias(Leaky(0.9, dtype=jnp.float64), data, warmup=10, horizon=100, offset=2.0)
    before = np.concatenate([data.initial[:, None], data.states[:, :-1]], axis=1)
    step = (0.9 - 0.8) * (before - data.x)
    expected = np.sum(step[:, 10:] ** 2) / np.sum(data.y[:, 10:] ** 2)
    np.testing.assert_allclose(report.esr_teacher_forced, expected, rtol=1e-4)
    np.testing.assert_allclose(
        report.exposure_bias_db, 10 * np.log10(report.esr_free_running / report.esr_teacher_forced), rtol=1e-9
    )
    free = signal.lfilter([0.1], [1, -0.9], data.x[..., 0])[:, 10:] - data.y[:, 10:, 0]
    np.testing.assert_allclose(report.esr_free_running, np.sum(free**2) / np.sum(data.y[:, 10:] ** 2), rtol=1e-4)
    assert report.exposure_bias_db > 2  # errors add up in a slower filter
    n = np.arange(1, 6)
    np.testing.assert_allclose(np.sqrt(report.error_wrong_start[:5]), 2 * 0.9**n, rtol=0.4)
    assert 0 < report.recovery_seconds < 100 / data.fs


def test_a_model_that_never_finds_back(data):
    report = exposure_bias(Leaky(0.99999), data, warmup=10, horizon=50, offset=10.0)
    assert report.recovery_seconds == np.inf


def test_a_black_box_has_a_free_running_error_only(data):
    report = exposure_bias(Gain(), Dataset(data.x, data.x * 0.9, controls={"volume": 1.0}), warmup=10)
    np.testing.assert_allclose(report.esr_free_running, (0.1 / 0.9) ** 2, rtol=1e-5)
    assert report.esr_teacher_forced is None
    assert report.exposure_bias_db is None
    assert (report.rest_output, report.rest_share) == (0, 0)


def test_a_model_that_runs_away_is_infinitely_wrong(data):
    with pytest.warns(StreamWarning, match="Leaky: its output is not finite from"):
        measured = exposure_bias(Leaky(-1.5), data, warmup=10, horizon=100)
    assert measured.esr_free_running > 1e10


def test_data_shorter_than_the_warm_up(data):
    with pytest.raises(ValueError, match="no longer than the warm-up"):
        exposure_bias(Leaky(), data, warmup=640)
