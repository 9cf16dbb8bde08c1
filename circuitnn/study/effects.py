"""How large a difference is over cells: a hierarchical model, seeds within cells.

The difference of seed s in cell c is d = mean + b_c + e_cs, with b_c of variance between^2 and e_cs of within^2. Cells
are weighted by 1 / (between^2 + within^2 / seeds). The variances are those of restricted maximum likelihood (Patterson,
Thompson 1971), in closed form where all cells have as many seeds; the interval is that of Hartung and Knapp (2001),
from the spread of the cells' means and Student's t with cells - 1 degrees of freedom. With equal numbers of seeds it
is the t interval over the cells' means, exact for normal differences whatever the two variances are.

Patterson, H. D., Thompson, R. (1971), "Recovery of inter-block information when block sizes are unequal", Biometrika
    58, 545-554. Hartung, J., Knapp, G. (2001), "On tests of the overall treatment effect in meta-analysis with normally
    distributed responses", Statistics in Medicine 20, 1771-1782.
"""

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import final

import numpy as np

from circuitnn.study.ranks import LEVEL


@final
@dataclasses.dataclass(frozen=True)
class Effect:
    """A mean difference with its 95 % interval.

    Attributes:
        mean: in the unit of the differences, decibels.
        low, high: ends of the interval; infinite where one value is all there is.
        between: standard deviation of the cells' true differences; NaN for one cell, or where no cell has two seeds.
        within: standard deviation over seeds in a cell; NaN where no cell has two.
        cells: how many; with one the interval speaks of its seeds alone.
        runs: differences in all cells together.
    """

    mean: float
    low: float
    high: float
    between: float
    within: float
    cells: int
    runs: int


def random_effects(cells: Sequence[Sequence[float] | np.ndarray]) -> Effect:
    """The mean over cells of differences, each cell with its seeds.

    Args:
        cells: finite differences, one sequence a cell.

    Raises:
        ValueError: for no cells, a cell without values, and values that are not finite.
    """
    groups = [np.asarray(cell, float).ravel() for cell in cells]
    if not groups:
        raise ValueError("an effect needs at least one cell")
    for number, group in enumerate(groups):
        if not len(group) or not np.all(np.isfinite(group)):
            raise ValueError(f"cell {number} has {'a value that is not finite' if len(group) else 'no values'}")
    sizes, means = np.array([len(group) for group in groups]), np.array([group.mean() for group in groups])
    squares = float(sum(np.sum(np.square(group - group.mean())) for group in groups))
    spare = int(sizes.sum()) - len(groups)
    within = math.sqrt(squares / spare) if spare else math.nan
    if len(groups) == 1:
        reach = _t(spare) * within / math.sqrt(sizes[0]) if spare else math.inf
        return Effect(means[0].item(), *_ends(means[0], reach), math.nan, within, 1, int(sizes[0]))
    if np.all(sizes == sizes[0]):
        weights = np.ones(len(groups))
        share = max(0.0, float(np.var(means, ddof=1)) - within**2 / sizes[0]) if spare else math.nan
        if share == 0:  # no cell differs from another by more than its seeds: all runs tell of one variance
            total = float(np.sum(sizes * np.square(means - means.mean())))
            within = math.sqrt((squares + total) / (sizes.sum() - 1))
        between = math.sqrt(share)
    else:
        within, between = _variances(sizes, means, squares)
        weights = 1 / (between**2 + within**2 / sizes) if within or between else np.ones(len(groups))
    middle = float(np.average(means, weights=weights))
    error = math.sqrt(float(np.average(np.square(means - middle), weights=weights)) / (len(groups) - 1))
    reach = _t(len(groups) - 1) * error
    return Effect(middle, *_ends(middle, reach), between, within, len(groups), int(sizes.sum()))


def _variances(sizes: np.ndarray, means: np.ndarray, squares: float) -> tuple[float, float]:
    """Standard deviations within and between cells of different size, by restricted maximum likelihood."""
    from scipy import optimize

    runs = int(sizes.sum())
    if squares == 0:  # seeds do not differ at all: what there is, is between the cells
        return 0.0, float(np.std(means, ddof=1))

    def residual(ratio: float) -> tuple[float, np.ndarray]:
        weights = sizes / (1 + sizes * ratio)
        middle = np.average(means, weights=weights)
        return squares + float(np.sum(weights * np.square(means - middle))), weights

    def deviance(ratio: float) -> float:
        """-2 log of the restricted likelihood, up to a constant; ratio = between^2 / within^2."""
        total, weights = residual(ratio)
        spread = float(np.sum(np.log1p(sizes * ratio))) + math.log(float(np.sum(weights)))
        return (runs - 1) * math.log(total) + spread

    least = optimize.minimize_scalar(
        lambda power: deviance(math.exp(power)), bounds=(-14.0, 24.0), method="bounded", options={"xatol": 1e-7}
    )
    ratio = 0.0 if deviance(0.0) <= least.fun else math.exp(least.x)
    within = math.sqrt(residual(ratio)[0] / (runs - 1))
    return within, math.sqrt(ratio) * within


def _ends(middle: float, reach: float) -> tuple[float, float]:
    return float(middle - reach), float(middle + reach)


@functools.cache
def _t(degrees: int) -> float:
    from scipy import stats

    return float(stats.t.ppf(1 - LEVEL / 2, degrees))
