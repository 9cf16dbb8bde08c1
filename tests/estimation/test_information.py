"""Standard errors where noise is white, where it is not, and where few blocks tell."""

import numpy as np
import pytest

from circuitnn.estimation.information import block_starts, information


def _blocks(samples, length, whole):
    return np.arange(0, samples, length), np.arange(0, samples, whole)


def test_white_noise_is_that_of_least_squares():
    rng = np.random.default_rng(0)
    slopes, nuisance = rng.standard_normal((20_000, 3)) * [1, 10, 0.1], rng.standard_normal((20_000, 1))
    rest = 0.2 * rng.standard_normal(20_000)
    told = information(slopes, nuisance, rest, 0.2, _blocks(20_000, 100, 1000))
    everything = np.hstack([slopes, nuisance])
    covariance = 0.04 * np.linalg.inv(everything.T @ everything)[:3, :3]
    unit = 1 / np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(np.linalg.inv(told.root.T @ told.root) * np.outer(unit, unit), np.eye(3), atol=0.25)
    assert told.coloured < 1.3
    assert 1.9 < told.reach < 2.2


@pytest.mark.parametrize(("alike", "bound"), [(20, 3.0), (400, 10.0)])
def test_coloured_noise_is_that_of_repetitions(alike, bound):
    """A line through noise that is alike over so many samples, shorter and longer than the short blocks."""
    rng = np.random.default_rng(1)
    samples = 20_000
    slope = np.repeat(rng.standard_normal(samples // alike), alike)[:, None]
    found, stated = [], []
    for _ in range(200):
        rest = np.repeat(rng.standard_normal(samples // alike), alike)
        found.append(float((slope.T @ rest / (slope.T @ slope)).item()))
        told = information(slope, slope[:, :0], rest, 1.0, _blocks(samples, 100, 400))
        stated.append(1 / abs(told.root[0, 0]))
    assert np.mean(stated) == pytest.approx(np.std(found), rel=0.2)
    assert np.std(found) > bound / np.sqrt(float((slope.T @ slope).item()))


def test_intervals_of_few_blocks_hold():
    """Noise whose level changes from block to block: 95 % of intervals have the truth."""
    rng = np.random.default_rng(2)
    held = []
    for _ in range(400):
        level = np.repeat(np.exp(rng.standard_normal(12)), 200)
        slope = np.repeat(np.exp(0.5 * rng.standard_normal(12)), 200) * rng.standard_normal(2400)
        rest = level * np.repeat(rng.standard_normal(24), 100)
        error = float(slope @ rest / (slope @ slope))
        noise = float(np.std(rest))
        left = rest - error * slope
        told = information(slope[:, None], slope[:, None][:, :0], left, noise, _blocks(2400, 100, 200))
        held.append(abs(error) < told.reach / abs(told.root[0, 0]))
    assert 0.90 < np.mean(held) <= 0.99


def test_blocks_are_short_and_whole_excerpts():
    short, whole = block_starts(3, 1000, 20_000)
    assert list(whole) == [0, 1000, 2000]
    assert list(short[:5]) == [0, 200, 400, 600, 800]
