"""Comparisons of two kinds of run: how large the difference is over cells, whether ranks agree, and who failed."""

import dataclasses
import math
from collections.abc import Sequence
from typing import final

from circuitnn.study.cells import Cell
from circuitnn.study.effects import Effect, random_effects
from circuitnn.study.ranks import Alternative, SignedRank, adjusted, signed_rank


@final
@dataclasses.dataclass(frozen=True)
class Comparison:
    """The error of one kind of run against another's.

    Attributes:
        first, second: what is compared: regimes, or models.
        where: the only model or circuit that it is about; None for all.
        cells: where both kinds of run are.
        effect: mean over cells of 10 log10(ESR first / ESR second) with its interval, in dB: negative when `first` is
            better. Runs that failed have no part in it; None when there is no pair without one.
        test: over cells, a run that failed counting as worse than all others. With one cell it is over its seeds, and
            says nothing of other circuits and models.
    """

    first: str
    second: str
    where: str | None
    cells: tuple[Cell, ...]
    effect: Effect | None
    test: SignedRank

    @property
    def over(self) -> str:
        """What the test counts."""
        return "cell" if len(self.cells) > 1 else "seed"

    @property
    def scores(self) -> tuple[float, ...]:
        """What the test is of."""
        return _scores(self.cells)

    @property
    def lower(self) -> int:
        """Cells, or seeds of the only one, in which `first` has the lower error."""
        return sum(score < 0 for score in self.scores)

    @property
    def failures(self) -> tuple[int, int]:
        """Runs of the first and of the second kind that failed."""
        return sum(cell.failures[0] for cell in self.cells), sum(cell.failures[1] for cell in self.cells)

    @property
    def pairs(self) -> int:
        """Pairs of runs."""
        return sum(len(cell.pairs) for cell in self.cells)

    @property
    def ratio_db(self) -> float:
        """The mean of the effect; without one infinite, with the sign of what failed more often, or NaN."""
        if self.effect is not None:
            return self.effect.mean
        first, second = self.failures
        return math.nan if first == second else math.copysign(math.inf, first - second)

    @property
    def by_circuit(self) -> dict[str, float]:
        """The mean difference on each circuit, of the pairs without a failure; NaN where there is none."""
        circuits: dict[str, list[float]] = {}
        for cell in self.cells:
            circuits.setdefault(str(cell.key[0]), []).extend(cell.differences)
        return {name: sum(values) / len(values) if values else math.nan for name, values in circuits.items()}

    @property
    def several(self) -> bool:
        """Whether it is about more than one circuit."""
        return len(self.by_circuit) > 1


def compare(
    first: str,
    second: str,
    cells: Sequence[Cell],
    *,
    where: str | None = None,
    alternative: Alternative = "two-sided",
) -> Comparison | None:
    """Compare two kinds of run by the cells of `cells_of`; None where there are none.

    Args:
        first: what to call the one kind.
        second: what to call the other.
        cells: those of `cells_of`, whose keys begin with the circuit.
        where: the only model or circuit that it is about.
        alternative: of the test; "less" asks whether `first` has the lower error.
    """
    if not cells:
        return None
    differences = [cell.differences for cell in cells if cell.differences]
    return Comparison(
        first,
        second,
        where,
        tuple(cells),
        random_effects(differences) if differences else None,
        signed_rank(_scores(cells), alternative=alternative),
    )


def corrected(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The comparisons of one family, with Holm's correction."""
    tests = adjusted([comparison.test for comparison in comparisons])
    return [dataclasses.replace(c, test=test) for c, test in zip(comparisons, tests, strict=True)]


def _scores(cells: Sequence[Cell]) -> tuple[float, ...]:
    return cells[0].scores if len(cells) == 1 else tuple(cell.score for cell in cells)
