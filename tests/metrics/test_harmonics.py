"""Harmonics and aliases of waveforms that have closed forms, on a bin of the transform and between bins."""

import numpy as np
import pytest

from circuitnn import metrics

FS = 48_000
ON_A_BIN = (997.0, 4800)  # hertz and samples: 99.7 periods; and a whole number of them:
WHOLE = (970.0, 4800)
LOW = (82.407, 6000)
every_frequency = pytest.mark.parametrize(("f0", "time"), [ON_A_BIN, WHOLE, LOW])


def phase(f0, time, start=0.3):
    return 2 * np.pi * f0 / FS * np.arange(time) + start


@every_frequency
def test_a_cubic_of_a_sine(f0, time):
    x = np.sin(phase(f0, time))
    y = x**3 + 0.25  # 3/4 sin(p) - 1/4 sin(3 p), and a constant
    levels = metrics.harmonic_levels(y, f0, fs=FS)
    assert len(levels) == int((FS / 2 - FS / time) / f0)
    assert levels[0] == 0
    assert levels[2] == pytest.approx(20 * np.log10(1 / 3), abs=1e-9)
    assert np.all(np.delete(levels, [0, 2]) < -200)
    volts = metrics.harmonic_levels(y, f0, fs=FS, count=3, reference=1.0)
    np.testing.assert_allclose(volts[[0, 2]], 20 * np.log10([0.75, 0.25]), atol=1e-9)
    assert metrics.thd(y, f0, fs=FS) == pytest.approx(1 / 3, rel=1e-9)
    assert metrics.thd(y, f0, fs=FS, count=2) == pytest.approx(0, abs=1e-10)
    assert metrics.aliasing(y, f0, fs=FS) < -180


@every_frequency
def test_a_square_wave_of_all_harmonics_below_half_the_sample_rate(f0, time):
    orders = np.arange(1, int((FS / 2 - FS / time) / f0) + 1, 2)
    y = np.sum(np.sin(orders[:, None] * phase(f0, time)) / orders[:, None], axis=0)
    levels = metrics.harmonic_levels(y, f0, fs=FS)
    np.testing.assert_allclose(levels[::2], -20 * np.log10(orders), atol=1e-7)
    distortion = metrics.thd(y, f0, fs=FS)
    assert distortion == pytest.approx(np.sqrt(np.sum(1.0 / orders[1:] ** 2)), rel=1e-9)
    # Of a square wave with infinitely many harmonics: 48.3 %.
    rest = 0.5 / orders[-1]
    assert distortion**2 == pytest.approx(np.pi**2 / 8 - 1 - rest, abs=0.2 * rest)
    assert metrics.thd(y, f0, fs=FS, count=5) == pytest.approx(np.hypot(1 / 3, 1 / 5), rel=1e-9)


def test_a_sawtooth_that_is_merely_sampled():
    # 89 periods in 4801 samples, a prime: the samples are those of one ramp in another order, and so is their spectrum.
    time, periods = 4801, 89
    y = 2 * (np.arange(time) * periods % time) / time - 1
    amplitudes = 2 / time / np.sin(np.pi * np.arange(1, (time + 1) // 2) / time)
    below = np.arange(1, (time + 1) // 2) * periods < time / 2 - 1
    f0 = periods * FS / time
    levels = metrics.harmonic_levels(y, f0, fs=FS, reference=1.0)
    np.testing.assert_allclose(levels, 20 * np.log10(amplitudes[below]), atol=1e-9)
    assert np.all(np.diff(np.flatnonzero(below)) == 1)
    expected = np.sum(amplitudes[~below] ** 2) / np.sum(amplitudes[below] ** 2)
    assert metrics.aliasing(y, f0, fs=FS) == pytest.approx(10 * np.log10(expected), abs=1e-9)


def test_least_squares_between_bins_is_that_of_numpy():
    f0, time = 1234.567, 600
    y = np.clip(2 * np.sin(phase(f0, time)), -1, 1) + 0.01 * np.random.default_rng(0).standard_normal(time)
    count = int((FS / 2 - FS / time) / f0)
    angles = np.arange(1, count + 1) * phase(f0, time, 0.0)[:, None]
    columns = np.hstack([np.ones((time, 1)), np.cos(angles), np.sin(angles)])
    solution, (error,), *_ = np.linalg.lstsq(columns, y)
    amplitudes = np.hypot(solution[1 : count + 1], solution[count + 1 :])
    levels = metrics.harmonic_levels(y, f0, fs=FS, reference=1.0)
    np.testing.assert_allclose(levels, 20 * np.log10(amplitudes), atol=1e-8)
    expected = 10 * np.log10(error / time / (np.sum(amplitudes**2) / 2))
    assert metrics.aliasing(y, f0, fs=FS) == pytest.approx(expected, abs=1e-9)


@every_frequency
def test_a_tone_between_the_harmonics_is_an_alias(f0, time):
    tone = 1e-4 * np.sin(phase(3.5 * f0, time))
    assert metrics.aliasing(np.sin(phase(f0, time)) + tone, f0, fs=FS) == pytest.approx(-80, abs=0.05)
    assert metrics.thd(np.sin(phase(f0, time)) + tone, f0, fs=FS) < 1e-5


@pytest.mark.parametrize("miss", [-0.9, 0.0, 0.4])
def test_the_fundamental_is_found_between_bins(miss):
    f0, time = 1234.567, 6000
    y = np.tanh(1 + 2 * np.sin(phase(f0, time)))
    found = metrics.fundamental(y, f0 + miss * FS / time, fs=FS)
    assert found == pytest.approx(f0, abs=1e-6)
    assert metrics.aliasing(y, found, fs=FS) == pytest.approx(metrics.aliasing(y, f0, fs=FS), abs=0.01)
    # What the miss would have cost:
    assert miss == 0 or metrics.aliasing(y, f0 + miss * FS / time, fs=FS) > metrics.aliasing(y, f0, fs=FS) + 30


def test_silence_and_nan():
    silent, broken = np.zeros(4800), np.sin(phase(997.0, 4800))
    broken[7] = np.nan
    for y in (silent, broken):
        assert np.all(np.isnan(metrics.harmonic_levels(y, 997.0, fs=FS)))
        assert np.isnan(metrics.thd(y, 997.0, fs=FS))
        assert np.isnan(metrics.aliasing(y, 997.0, fs=FS))
        assert np.isnan(metrics.fundamental(y, 997.0, fs=FS))


def test_a_column_and_float32_are_taken():
    y = np.tanh(3 * np.sin(phase(997.0, 4800))).astype(np.float32)
    assert metrics.thd(y[:, None], 997.0, fs=FS) == metrics.thd(y.astype(np.float64), 997.0, fs=FS)


@pytest.mark.parametrize("function", [metrics.harmonic_levels, metrics.thd, metrics.aliasing, metrics.fundamental])
def test_bad_input_is_refused(function):
    y = np.sin(phase(997.0, 4800))
    with pytest.raises(ValueError, match=r"one signal of the shape \(time,\) or \(time, 1\), got \(2, 4800\)"):
        function(np.stack([y, y]), 997.0, fs=FS)
    with pytest.raises(ValueError, match="between 0 and fs / 2, got 24000"):
        function(y, 24000.0, fs=FS)
    with pytest.raises(ValueError, match="between 0 and fs / 2, got nan"):
        function(y, float("nan"), fs=FS)
    with pytest.raises(ValueError, match="at fs = 0"):
        function(y, 997.0, fs=0)
    with pytest.raises(ValueError, match=r"periods of 997\.0 Hz are"):
        function(y[:90], 997.0, fs=FS)


def test_what_cannot_be_measured_is_refused():
    y = np.tanh(3 * np.sin(phase(1000.0, 4800)))
    with pytest.raises(ValueError, match="within 0 Hz of its harmonics"):
        metrics.aliasing(y, 1000.0, fs=FS)
    with pytest.raises(ValueError, match="4800 samples cannot tell apart"):
        metrics.aliasing(y, 999.9, fs=FS)
    with pytest.raises(ValueError, match=r"there are 23 harmonics of 1000\.0 Hz, got the count 24"):
        metrics.thd(y, 1000.0, fs=FS, count=24)
    with pytest.raises(ValueError, match="too near to fs / 2"):
        metrics.thd(y, 23999.0, fs=FS)
    with pytest.raises(ValueError, match="no sine between"):
        metrics.fundamental(y, 1500.0, fs=FS)
