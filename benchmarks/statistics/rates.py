"""How often the tests of a study see a difference where there is none, on simulated studies.

Two kinds of run that are alike on the whole: in cell c with seed s they differ by b_c + e_cs decibels, b_c of standard
deviation `spread` from cell to cell, e_cs of 2 dB from seed to seed. Several contenders have errors of which each two
differ in the same way.
"""

import functools
import math
from collections.abc import Callable

import numpy as np

from circuitnn.study import random_effects, ranking, signed_rank
from circuitnn.study.ranks import LEVEL, Alternative

SEEDS = 5
WITHIN = 2.0  # decibels from seed to seed
CONTENDERS = 4
SMALLEST = 1.0  # decibels that matter in the hypothesis
LOST = 0.2  # share of the seeds that fail, where some do

Draw = Callable[[np.random.Generator, int, float], bool]


def differences(rng: np.random.Generator, cells: int, spread: float) -> np.ndarray:
    """(cells, seeds) in decibels."""
    return spread * rng.standard_normal((cells, 1)) + WITHIN * rng.standard_normal((cells, SEEDS))


def pooled(rng: np.random.Generator, cells: int, spread: float) -> bool:
    """Wilcoxon's test over all runs, as if seeds were as good as cells: how studies were tested before."""
    return p_of(differences(rng, cells, spread).ravel()) < LEVEL


def by_cells(rng: np.random.Generator, cells: int, spread: float) -> bool:
    """Wilcoxon's test over the means of the cells."""
    return p_of(differences(rng, cells, spread).mean(axis=1)) < LEVEL


def interval(rng: np.random.Generator, cells: int, spread: float) -> bool:
    """The 95 % interval of the effect leaves out the true one."""
    return misses(list(differences(rng, cells, spread)))


def interval_of_the_left(rng: np.random.Generator, cells: int, spread: float) -> bool:
    """The same where a fifth of the seeds have failed."""
    found = [cell[rng.uniform(size=SEEDS) >= LOST] for cell in differences(rng, cells, spread)]
    return misses([cell for cell in found if len(cell)])


def interval_of_relatives(rng: np.random.Generator, cells: int, spread: float) -> bool:
    """The same where three cells have a circuit in common, and half of the variance between cells is the circuit's."""
    circuits = np.repeat(rng.standard_normal((math.ceil(cells / 3), 1)), 3, axis=0)[:cells]
    share = math.sqrt(0.5)
    return misses(list(differences(rng, cells, share * spread) + share * spread * circuits))


def hypothesis(rng: np.random.Generator, cells: int, spread: float) -> bool:
    """A hypothesis is shown although its effect is just the smallest that matters."""
    d = differences(rng, cells, spread) - SMALLEST
    return random_effects(list(d)).high < -SMALLEST and p_of(d.mean(axis=1), "less") < LEVEL


def friedman(rng: np.random.Generator, cells: int, spread: float) -> bool:
    """Friedman's test over cells sees that contenders differ."""
    found = ranking(contenders(rng, cells, spread))
    return found is not None and found.test.p < LEVEL


def nemenyi(rng: np.random.Generator, cells: int, spread: float) -> bool:
    """Two of the contenders are as far apart as Nemenyi's critical difference, whatever Friedman's test says."""
    found = ranking(contenders(rng, cells, spread))
    if found is None or found.difference is None:
        raise ValueError("ranking needs three to six contenders")
    return found.mean_ranks[-1] - found.mean_ranks[0] >= found.difference


TESTS: dict[str, Draw] = {
    "pooled Wilcoxon (before)": pooled,
    "Wilcoxon over cells": by_cells,
    "interval": interval,
    "interval, a fifth failed": interval_of_the_left,
    "Friedman": friedman,
    "Nemenyi": nemenyi,
    "hypothesis at its edge": hypothesis,
    "interval, three cells a circuit": interval_of_relatives,
}


def contenders(rng: np.random.Generator, cells: int, spread: float) -> dict[str, list[float]]:
    """Errors of contenders in decibels, medians over seeds."""
    share = math.sqrt(0.5)
    places = share * spread * rng.standard_normal((CONTENDERS, cells, 1))
    errors = np.median(places + share * WITHIN * rng.standard_normal((CONTENDERS, cells, SEEDS)), axis=-1)
    return {str(number): list(values) for number, values in enumerate(errors)}


def misses(cells: list[np.ndarray]) -> bool:
    """Whether zero is outside of the interval."""
    effect = random_effects(cells)
    return not effect.low <= 0 <= effect.high


def p_of(d: np.ndarray, alternative: Alternative = "two-sided") -> float:
    """Of a signed-rank test; without ties it depends on the sum of ranks above zero alone."""
    ranks = np.argsort(np.argsort(np.abs(d))) + 1
    return _p(len(d), int(np.sum(ranks[d > 0])), alternative)


@functools.cache
def _p(count: int, total: int, alternative: Alternative) -> float:
    signs = -np.ones(count)
    for rank in range(count, 0, -1):  # a pattern of signs with that sum
        if rank <= total:
            signs[rank - 1], total = 1, total - rank
    return signed_rank(list(signs * np.arange(1, count + 1)), alternative=alternative).p


def rate(test: Draw, *, cells: int, spread: float, draws: int, seed: int = 0) -> float:
    """The share of simulated studies in which a test is wrong."""
    rng = np.random.default_rng([seed, cells, round(10 * spread)])
    return sum(test(rng, cells, spread) for _ in range(draws)) / draws
