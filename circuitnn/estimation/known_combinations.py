"""Products and ratios that data determine where they do not determine their factors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from circuitnn.estimation.fitted_value import LINEAR, FittedValue

_NOTHING = 0.03  # a power that a product is written without


@final
@dataclass(frozen=True)
class KnownCombination:
    """A product or ratio of values that data determine where they do not determine its factors.

    Attributes:
        powers: name to exponent.
        value: SI.
        standard_error: relative.
    """

    powers: Mapping[str, float]
    value: float
    standard_error: float

    @property
    def label(self) -> str:
        """As "R1*C1" or "R1/R2"."""
        found = ""
        for name, power in self.powers.items():
            size = f"^{abs(power):.3g}" if abs(abs(power) - 1) > 1e-3 else ""
            found += (("*" if found else "") if power > 0 else ("/" if found else "1/")) + name + size
        return found


def pivots_of(combinations: Sequence[Mapping[str, float]], rows: Sequence[FittedValue]) -> tuple[str, ...]:
    """What the other values of each combination are multiplied with: a resistance where there is one, else a value.

    Args:
        combinations: label to share.
        rows: all values.
    """
    by_label = {row.label: row for row in rows}
    found: list[str] = []
    for shares in combinations:
        others = [label for label in shares if label not in found and by_label[label].kind not in LINEAR]

        def rank(label: str, shares: Mapping[str, float] = shares) -> tuple:
            row = by_label[label]
            return row.kind == "R", row.kind != "recorder", row.kind == "model" and not row.unit, abs(shares[label])

        found.append(max(others or list(shares), key=rank))
    return tuple(found)


def known_combinations(
    rows: Sequence[FittedValue], combinations: Sequence[Mapping[str, float]], pivots: Sequence[str], errors: np.ndarray
) -> tuple[KnownCombination, ...]:
    """Each value of a combination with those powers of the pivots that make the product stay the same along all.

    Args:
        rows: all values.
        combinations: label to share.
        pivots: the value that the others are multiplied with, of each combination.
        errors: (p,), standard errors where the pivots are held.
    """
    by_label = {row.label: (row, error) for row, error in zip(rows, errors, strict=True)}
    matrix = np.array([[shares.get(pivot, 0.0) for pivot in pivots] for shares in combinations])
    if not combinations or np.linalg.matrix_rank(matrix) < len(pivots):
        return ()
    found = []
    for label in dict.fromkeys(label for shares in combinations for label in shares):
        row, error = by_label[label]
        if label in pivots or row.kind in LINEAR:
            continue
        along = np.array([shares.get(label, 0.0) for shares in combinations])
        powers = {
            pivot: float(power)
            for pivot, power in zip(pivots, np.linalg.solve(matrix, -along), strict=True)
            if abs(power) > _NOTHING
        }
        if any(by_label[pivot][0].kind in LINEAR for pivot in powers):
            continue
        value = row.fitted * float(np.prod([by_label[pivot][0].fitted ** power for pivot, power in powers.items()]))
        # A quotient reads better with what it is divided by at its end.
        above = {pivot: power for pivot, power in powers.items() if power > 0}
        below = {pivot: power for pivot, power in powers.items() if power < 0}
        found.append(KnownCombination(above | {label: 1.0} | below, value, float(error)))
    return tuple(found)
