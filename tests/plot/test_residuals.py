"""Figures of what is left: against signals whose levels are known."""

import numpy as np
import pytest

from circuitnn.plot import residuals

FS = 48_000
RNG = np.random.default_rng(0)


def test_levels_in_bands_are_those_of_the_signals():
    time = np.arange(4 * FS) / FS
    sine = 0.5 * np.sqrt(2) * np.sin(2 * np.pi * 1000 * time)
    noise = 1e-3 * RNG.standard_normal(len(time))
    found = residuals.spectra(sine, noise, FS)
    power = np.sum(10 ** (found.recorded[(found.freqs > 800) & (found.freqs < 1250)] / 10))
    assert 10 * np.log10(power) == pytest.approx(20 * np.log10(0.5), abs=0.05)
    width = found.freqs * (2 ** (1 / 12) - 2 ** (-1 / 12))
    expected = 10 * np.log10(1e-6 * width / (0.5 * FS))
    wide = found.freqs > 1000
    np.testing.assert_allclose(found.left[wide], expected[wide], atol=0.7)
    assert found.freqs[0] > residuals.LOWEST
    assert found.freqs[-1] < 0.5 * FS


def test_what_is_left_by_level_and_by_value():
    envelope = np.repeat(10.0 ** -np.linspace(0, 2, 200), 480)
    predicted = envelope * np.sin(2 * np.pi * 800 * np.arange(len(envelope)) / FS)
    found = residuals.levels(predicted, 0.1 * predicted**2, FS)
    # The square of a sine about its mean: an eighth of its amplitude to the fourth.
    amplitude = np.sqrt(2) * 10 ** (found.level / 20)
    np.testing.assert_allclose(found.left, 20 * np.log10(0.1 * amplitude**2 / np.sqrt(8)), atol=0.01)
    np.testing.assert_allclose(found.mean, 0.1 * found.place**2, atol=0.1 * 0.05)
    assert found.spread.max() < 0.1 * 0.08


def test_excerpts_are_loud_and_quiet():
    level = np.full(2 * FS, 0.3)
    level[FS // 2 : FS // 2 + 960] = 1.0
    level[FS : FS + 1920] = 0.1
    loud, quiet = residuals.excerpts(level * RNG.uniform(-1, 1, len(level)), FS)
    assert loud.stop - loud.start == quiet.stop - quiet.start == 960
    assert FS // 2 - 480 <= loud.start <= FS // 2 + 480
    assert FS - 480 <= quiet.start <= FS + 1440
    assert residuals.excerpts(RNG.uniform(-1, 1, 500), FS) == (slice(0, 500), slice(0, 500))
