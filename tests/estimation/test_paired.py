"""Which of several predictions is better, beyond chance."""

import numpy as np
import pytest

from circuitnn.estimation.paired import paired, preferred

FS = 1000
LOUD = 1 + np.abs(np.sin(np.arange(5000) / 300))  # some stretches are harder for all


def errors(size, seed):
    return size * LOUD * np.random.default_rng(seed).standard_normal(len(LOUD))


def test_the_interval_is_that_of_the_difference():
    first, second = errors(1.1, 1), errors(1.0, 2)
    energy = 1e6
    difference = paired(first, second, energy, FS)
    assert difference.value == pytest.approx((first @ first - second @ second) / energy)
    assert difference.low < (1.21 - 1.0) * (LOUD @ LOUD) / energy < difference.high
    assert difference.is_told


def test_intervals_cover():
    """Of equal ones in 95 % of the cases, and more rarely told where there are more of them."""
    told = [paired(errors(1, 2 * k), errors(1, 2 * k + 1), 1.0, FS).is_told for k in range(400)]
    assert 0.02 < np.mean(told) < 0.09
    many = [paired(errors(1, 2 * k), errors(1, 2 * k + 1), 1.0, FS, comparisons=10).is_told for k in range(400)]
    assert np.mean(many) < np.mean(told)


def test_what_they_have_in_common_does_not_count():
    """Pairs tell a small difference that the two ratios, each by itself, would not."""
    common = errors(1, 0)
    better = 0.995 * common
    assert paired(common, better, 1.0, FS).is_told
    assert not paired(errors(1, 3), 0.995 * errors(1, 4), 1.0, FS).is_told


def test_the_simplest_of_those_that_are_alike():
    same = errors(1, 0)
    trials = [2 * same, errors(1, 1), same, errors(1, 2)]
    place, best, differences = preferred(trials, 1.0, FS, [(0,), (3,), (2,), (1,)])
    assert place == 3
    assert differences[best].value == 0
    assert differences[0].is_told
    place, best, _ = preferred([same, 0.5 * same], 1.0, FS, [(0,), (9,)])
    assert place == best == 1


def test_too_little_to_compare_on():
    with pytest.raises(ValueError, match="too few to compare on"):
        paired(np.ones(350), np.ones(350), 1.0, FS)
