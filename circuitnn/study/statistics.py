"""Do the regimes differ, or is it the seeds? Wilcoxon signed-rank tests on paired runs, corrected by Holm's method.

Two runs make a pair when circuit, model and seed are the same: the seed fixes initial weights and the order of the
data, so that what is left between them is the regime. Errors are compared as log10 ESR, hence as ratios.

Wilcoxon, F. (1945), "Individual comparisons by ranking methods", Biometrics Bulletin 1(6), 80-83.
Holm, S. (1979), "A simple sequentially rejective multiple test procedure", Scandinavian J. Statistics 6(2), 65-70.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Literal, final

import numpy as np

from circuitnn.study.records import free_running

LEVEL = 0.05
# An error of exactly zero has no logarithm; this is -3000 dB.
_SMALLEST = 1e-300


@final
@dataclasses.dataclass(frozen=True)
class SignedRank:
    """A signed-rank test.

    Attributes:
        n: pairs that differ; ties say nothing about the sign and are left out.
        p: the p value; 1 when no pair differs.
        best: the smallest p that this many pairs could have given, all of them pointing the same way.
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
        """Whether no outcome whatsoever could have been significant with so few pairs."""
        return self.best_holm >= LEVEL


@final
@dataclasses.dataclass(frozen=True)
class Comparison:
    """The free-running error of one kind of run against another's.

    Attributes:
        first, second: what is compared: regimes, or models.
        model: the only model it is about; None when pooled over those with circuit states.
        pairs: number of pairs.
        lower: pairs in which `first` has the lower error.
        ratio_db: median over the pairs of 10 log10(ESR first / ESR second): negative when `first` is better.
        by_circuit: the same median for each circuit.
        test: two-sided.
    """

    first: str
    second: str
    model: str | None
    pairs: int
    lower: int
    ratio_db: float
    by_circuit: dict[str, float]
    test: SignedRank

    @property
    def several(self) -> bool:
        """Whether it is about more than one circuit."""
        return len(self.by_circuit) > 1


def signed_rank(
    differences: Sequence[float], *, alternative: Literal["two-sided", "greater"] = "two-sided"
) -> SignedRank:
    """Test that differences are symmetric about zero; infinite ones rank above all others.

    Zeros and NaN are left out.
    """
    from scipy import stats  # half a second that import circuitnn does not wait for

    d = np.asarray([value for value in differences if value != 0 and not math.isnan(value)], float)
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


def holm(p: Sequence[float]) -> list[float]:
    """p values that hold for a whole family of tests (Holm 1979)."""
    adjusted = [0.0] * len(p)
    reached = 0.0
    for rank, index in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        reached = max(reached, min(1.0, (len(p) - rank) * p[index]))
        adjusted[index] = reached
    return adjusted


def pairs_of(first: list, second: list) -> list[tuple[str, float]]:
    """(circuit, difference of log10 ESR) of the runs with the same circuit and seed."""
    partners = {(row["circuit"], row.get("seed")): row for row in second}
    return [
        (row["circuit"], _difference(free_running(row), free_running(partners[key])))
        for row in first
        if (key := (row["circuit"], row.get("seed"))) in partners
    ]


def _difference(a: float, b: float) -> float:
    if math.isinf(a) and math.isinf(b):
        return 0.0  # both ran away: neither is better
    return math.log10(max(a, _SMALLEST)) - math.log10(max(b, _SMALLEST))


def compare(first: str, second: str, model: str | None, pairs: list[tuple[str, float]]) -> Comparison | None:
    """Test the pairs of `pairs_of`; None where there are none."""
    if not pairs:
        return None
    differences = [d for _, d in pairs]
    by_circuit = {
        circuit: _median_db([d for name, d in pairs if name == circuit])
        for circuit in dict.fromkeys(name for name, _ in pairs)
    }
    lower = sum(d < 0 for d in differences)
    return Comparison(
        first, second, model, len(pairs), lower, _median_db(differences), by_circuit, signed_rank(differences)
    )


def _median_db(differences: list[float]) -> float:
    """10 times the median; the middle of -inf and +inf is no number, and then nothing is known."""
    with np.errstate(invalid="ignore"):
        return 10 * float(np.median(differences))


def corrected(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The comparisons of one family, with Holm's correction."""
    tests = adjusted([comparison.test for comparison in comparisons])
    return [dataclasses.replace(c, test=test) for c, test in zip(comparisons, tests, strict=True)]


def adjusted(tests: Sequence[SignedRank]) -> list[SignedRank]:
    """The tests of one family, with Holm's correction."""
    # Holm's values grow with each p, so that the family's best p values bound what any outcome could have given.
    p, best = holm([test.p for test in tests]), holm([test.best for test in tests])
    return [dataclasses.replace(t, p_holm=a, best_holm=b) for t, a, b in zip(tests, p, best, strict=True)]
