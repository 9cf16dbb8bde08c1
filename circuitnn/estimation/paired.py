"""Predictions of one recording side by side: which is better, and whether that is more than chance."""

from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

SHORTEST = 0.1  # seconds of a block: more than what is left remembers, as a rule
MOST_BLOCKS = 50
LEAST_BLOCKS = 4
LEVEL = 0.95


@final
class Difference(NamedTuple):
    """By how much the error-to-signal ratio of one prediction is larger than that of another.

    Attributes:
        value: of the ratios.
        low: end of the 95 % interval.
        high: likewise.
    """

    value: float
    low: float
    high: float

    @property
    def is_told(self) -> bool:
        """Whether the two can be told apart."""
        return not self.low <= 0 <= self.high


def paired(first: NDArray, second: NDArray, energy: float, fs: float, *, comparisons: int = 1) -> Difference:
    """The difference of two error-to-signal ratios over one stretch, from the sums of squares over blocks.

    Both errors have the loud and the hard places of the music in common: differences block by block are much surer than
    the two ratios are. Of blocks of at least 0.1 s, fifty at most; Student's interval of their mean.

    Args:
        first: errors (time,).
        second: likewise.
        energy: sum of squares of what is predicted.
        fs: Hz.
        comparisons: how many are made at once: the interval holds for all of them together (Bonferroni).

    Raises:
        ValueError: for less than four blocks.
    """
    blocks = min(int(len(first) / (SHORTEST * fs)), MOST_BLOCKS)
    if blocks < LEAST_BLOCKS:
        raise ValueError(
            f"{len(first) / fs:g} s are too few to compare on: at least {LEAST_BLOCKS * SHORTEST:g} s are wanted"
        )
    sums = np.array([part.sum() for part in np.array_split(first**2 - second**2, blocks)]) / energy
    half = student.ppf(1 - (1 - LEVEL) / (2 * comparisons), blocks - 1) * np.sqrt(blocks) * sums.std(ddof=1)
    value = float(sums.sum())
    return Difference(value, value - float(half), value + float(half))


def preferred(
    errors: Sequence[NDArray], energy: float, fs: float, simplicity: Sequence[tuple]
) -> tuple[int, int, list[Difference]]:
    """The simplest of those predictions that cannot be told from the best one.

    Args:
        errors: of each prediction, (time,).
        energy: sum of squares of what is predicted.
        fs: Hz.
        simplicity: of each, what sorts the simpler one first.

    Returns:
        The preferred one, the one with the smallest error, and the difference of each to that one.
    """
    squares = [float(error @ error) for error in errors]
    best = int(np.argmin(squares))
    count = max(len(errors) - 1, 1)
    differences = [paired(error, errors[best], energy, fs, comparisons=count) for error in errors]
    alike = [k for k, difference in enumerate(differences) if not difference.is_told]
    return min(alike, key=lambda k: (simplicity[k], squares[k])), best, differences
