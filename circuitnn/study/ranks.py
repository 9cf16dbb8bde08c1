"""Rank tests over cells, and the correction for several of them.

A run that failed is infinitely bad: ranks can count it, as worse than all others, where a mean could not.

Wilcoxon, F. (1945), "Individual comparisons by ranking methods", Biometrics Bulletin 1(6), 80-83.
Holm, S. (1979), "A simple sequentially rejective multiple test procedure", Scandinavian J. Statistics 6(2), 65-70.
Iman, R. L., Davenport, J. M. (1980), "Approximations of the critical region of the Friedman statistic",
    Communications in Statistics 9(6), 571-595.
Demšar, J. (2006), "Statistical comparisons of classifiers over multiple data sets", J. Machine Learning Research 7,
    1-30: Friedman's test with the correction of Iman and Davenport, Nemenyi's critical difference, examples of both.
"""

import dataclasses
import functools
import itertools
import math
from collections.abc import Sequence
from typing import Literal, final

import numpy as np
from numpy.typing import ArrayLike

LEVEL = 0.05
FEW_CELLS = 4  # up to here F is wrong too often, with three cells in 19 of 100 times: all orders are counted instead
MOST_ORDERS = 50_000
MOST_CONTENDERS = 6  # beyond, Nemenyi's difference is so large that nothing is ever shown

Alternative = Literal["two-sided", "greater", "less"]


@final
@dataclasses.dataclass(frozen=True)
class SignedRank:
    """A signed-rank test.

    Attributes:
        n: cells that differ; ties say nothing about the sign and are left out.
        p: the p value; 1 when none differs.
        best: the smallest p that this many could have given, all of them pointing the same way.
        exact: whether p counts all sign patterns, or uses the normal approximation.
        p_holm, best_holm: the two after Holm's correction over the family.
    """

    n: int
    p: float
    best: float
    exact: bool
    p_holm: float = math.nan
    best_holm: float = math.nan

    @property
    def significant(self) -> bool:
        """Whether the corrected p is below the level of 5 %."""
        return self.p_holm < LEVEL

    @property
    def hopeless(self) -> bool:
        """Whether no outcome whatsoever could have been significant with so few."""
        return self.best_holm >= LEVEL


@final
@dataclasses.dataclass(frozen=True)
class Friedman:
    """Friedman's test that contenders are alike, over cells that all of them were run on.

    Attributes:
        cells: how many.
        mean_ranks: of each contender; 1 is best in every cell.
        chi2: Friedman's statistic, corrected for ties.
        f: Iman and Davenport's; infinite where all cells agree.
        p: of F or, with four cells or fewer, counted over all orders where they are not too many; 1 when all contenders
            are equal in all cells.
    """

    cells: int
    mean_ranks: tuple[float, ...]
    chi2: float
    f: float
    p: float


def signed_rank(differences: Sequence[float], *, alternative: Alternative = "two-sided") -> SignedRank:
    """Test that differences are symmetric about zero; infinite ones rank above all others, zeros are left out.

    Args:
        differences: one a cell.
        alternative: "greater" looks for differences above zero only, "less" for those below.

    Raises:
        ValueError: for NaN: a run that failed is infinitely bad, it does not vanish.
    """
    from scipy import stats  # half a second that import circuitnn does not wait for

    if alternative not in ("two-sided", "greater", "less"):
        raise ValueError(f'alternative must be "two-sided", "greater" or "less", got {alternative!r}')
    d = np.asarray(differences, float).ravel()
    if np.any(np.isnan(d)):
        place = int(np.flatnonzero(np.isnan(d))[0])
        raise ValueError(f"difference {place} is NaN; a run that failed counts as infinite, with the sign of the loser")
    d = d[d != 0]
    n = len(d)
    if n == 0:
        return SignedRank(0, 1.0, 1.0, True)
    finite = np.abs(d[np.isfinite(d)])
    d = np.where(np.isinf(d), np.sign(d) * (2 * finite.max(initial=1.0)), d)
    p = float(stats.wilcoxon(d, alternative=alternative, method="auto", correction=True).pvalue)
    # What scipy's "auto" does: all sign patterns where it is affordable, the normal approximation elsewhere.
    exact = n <= 13 or (n <= 50 and len(np.unique(np.abs(d))) == n)
    best = 2.0**-n * (2 if alternative == "two-sided" else 1)
    return SignedRank(n, min(p, 1.0), min(best, 1.0), exact)


def friedman(table: ArrayLike) -> Friedman:
    """Test that contenders are alike (Friedman 1937, with the F of Iman and Davenport 1980).

    Args:
        table: (cells, contenders) errors; lower is better, infinity is worst.

    Raises:
        ValueError: for fewer than two cells or three contenders, and for NaN.
    """
    from scipy import stats

    errors = _table(table)
    cells, count = errors.shape
    if cells < 2 or count < 3:
        raise ValueError(f"Friedman's test needs two cells and three contenders, got {cells} and {count}")
    ranks = stats.rankdata(errors, axis=1)
    means = ranks.mean(axis=0)
    spread = float(np.sum(np.square(ranks - (count + 1) / 2))) / (cells * (count - 1))  # count (count + 1) / 12 untied
    if spread == 0:
        return Friedman(cells, tuple(means.tolist()), 0.0, 0.0, 1.0)
    chi2 = cells * float(np.sum(np.square(means - (count + 1) / 2))) / spread
    left = cells * (count - 1) - chi2
    f = math.inf if left <= 1e-9 * chi2 else (cells - 1) * chi2 / left
    p = _counted(ranks) if cells <= FEW_CELLS else None
    if p is None:
        # All cells agree by chance as often as this: F, which knows nothing of ranks, would promise more.
        least = float(math.factorial(count)) ** (1 - cells)
        p = max(least, float(stats.f.sf(f, count - 1, (count - 1) * (cells - 1))))
    return Friedman(cells, tuple(means.tolist()), chi2, f, p)


def _counted(ranks: np.ndarray) -> float | None:
    """Friedman's p from all ways to order each cell; None where they are too many."""
    sums = ranks[:1]  # the order of the first cell can stay: the others are relative to it
    weights: np.ndarray = np.ones(1)
    for row in ranks[1:]:
        if len(sums) * math.factorial(len(row)) > MOST_ORDERS:
            return None
        orders = np.array([*itertools.permutations(row)])
        every = (sums[:, None] + orders).reshape(-1, len(row))
        sums, place = np.unique(every, axis=0, return_inverse=True)
        weights = np.bincount(place.ravel(), np.repeat(weights, len(orders)))
    spread, seen = (np.sum(np.square(total - total.mean()), axis=-1) for total in (sums, ranks.sum(axis=0)))
    return float(np.sum(weights[spread >= seen - 1e-9]) / np.sum(weights))


def critical_difference(contenders: int, cells: int, *, level: float = LEVEL) -> float:
    """How far mean ranks have to be apart to differ, all pairs compared (Nemenyi 1963).

    Raises:
        ValueError: for fewer than two or more than six contenders, and for fewer than two cells.
    """
    if not 2 <= contenders <= MOST_CONTENDERS:
        raise ValueError(
            f"Nemenyi's test is for 2 to {MOST_CONTENDERS} contenders, got {contenders}: with more of them hardly any "
            "difference can be shown; choose those that the question is about, or compare each with one baseline"
        )
    if cells < 2 or not 0 < level < 1:
        raise ValueError(f"needs two cells and a level between 0 and 1, got {cells} and {level}")
    return _q(contenders, level) * math.sqrt(contenders * (contenders + 1) / (6 * cells))


def holm(p: Sequence[float]) -> list[float]:
    """p values that hold for a whole family of tests (Holm 1979)."""
    adjusted = [0.0] * len(p)
    reached = 0.0
    for rank, index in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        reached = max(reached, min(1.0, (len(p) - rank) * p[index]))
        adjusted[index] = reached
    return adjusted


def adjusted(tests: Sequence[SignedRank]) -> list[SignedRank]:
    """The tests of one family, with Holm's correction."""
    # Holm's values grow with each p, so that the family's best p values bound what any outcome could have given.
    p, best = holm([test.p for test in tests]), holm([test.best for test in tests])
    return [dataclasses.replace(t, p_holm=a, best_holm=b) for t, a, b in zip(tests, p, best, strict=True)]


@functools.cache
def _q(contenders: int, level: float) -> float:
    """Of Nemenyi's test: 2.569 for four contenders at 5 % (Demšar 2006, table 5)."""
    from scipy import stats

    return float(stats.studentized_range.ppf(1 - level, contenders, np.inf)) / math.sqrt(2)


def _table(table: ArrayLike) -> np.ndarray:
    errors = np.asarray(table, float)
    if errors.ndim != 2:
        raise ValueError(f"errors must be (cells, contenders), got the shape {errors.shape}")
    if np.any(np.isnan(errors)):
        cell, contender = np.argwhere(np.isnan(errors))[0]
        raise ValueError(f"the error of contender {contender} in cell {cell} is NaN; a run that failed is infinite")
    return errors
