"""Intervals from the profile of the likelihood, beside a grid that needs no descent."""

import numpy as np
import pytest

from circuitnn.estimation.posterior import descended, normal
from circuitnn.estimation.profiles import profiled
from circuitnn.estimation.unknowns import Prior

TIME = np.linspace(0, 0.5, 60)  # less than a time constant: size and rate are hard to tell apart
NOISE = 0.1
SPREAD = 2.0


class Decay:
    """A decay with noise: logarithms of its size and its rate."""

    def __init__(self, seed=1):
        self.y = np.exp(-TIME) + NOISE * np.random.default_rng(seed).standard_normal(TIME.size)

    def linearised(self, unknowns):
        size, rate = np.exp(SPREAD * np.asarray(unknowns))
        shape = size * np.exp(-rate * TIME)
        return shape - self.y, SPREAD * np.stack([shape, -rate * TIME * shape], axis=1)


def _prior(least=-4.0, most=4.0):
    return Prior(np.full(2, SPREAD), np.ones(2), np.array([-4.0, least]), np.array([4.0, most]))


def _left(problem, rate, sizes):
    """Squares, and the other unknown's prior, at its best on a grid."""
    shape = np.exp(SPREAD * sizes)[:, None] * np.exp(-np.exp(SPREAD * rate) * TIME)
    return np.min(np.sum(((shape - problem.y) / NOISE) ** 2, axis=1) + sizes**2)


def _found(problem, prior, scale=1.0, reach=1.96):
    best = descended(problem, np.zeros(2), NOISE, prior)
    others = np.linalg.inv(normal(problem, best.at, NOISE)[0])
    error = scale * np.sqrt(1 / (1 / others[1, 1] - 1))
    return best.at, error, profiled(problem, best.at, prior, NOISE, 1, error, reach)


@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_ends_are_those_of_a_grid(scale):
    problem = Decay()
    best, error, found = _found(problem, _prior(), scale)
    sizes = np.linspace(-0.2, 0.2, 801)
    rates = np.linspace(best[1] - 8 * error, best[1] + 8 * error, 801)
    falls = np.array([_left(problem, rate, sizes) for rate in rates])
    inside = rates[falls - falls.min() < (1.96 * scale) ** 2]
    assert found.low == pytest.approx(inside[0], abs=0.1 * error)
    assert found.high == pytest.approx(inside[-1], abs=0.1 * error)
    # A slow decay is harder to tell from none than a fast one: not symmetric.
    assert best[1] - found.low > 1.1 * (found.high - best[1])


def test_a_side_that_the_data_leave_open():
    best, _, found = _found(Decay(), _prior(least=-0.05))
    assert found.low == -np.inf
    assert found.high > best[1]
