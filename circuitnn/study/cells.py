"""Cells: what a comparison counts. Two kinds of run meet in a cell, each with its seeds.

Seeds are repeats: more of them say more exactly what happens in that cell, and nothing of other cells. What shares a
training is not independent either: the errors of one set of weights on several recordings, or at several levels, rise
and fall together. A cell is therefore a circuit and a model, unless a study trains anew for each recording.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, final

from circuitnn.study.records import free_running

COLUMNS = ("circuit", "model", "regime", "recording", "level", "position", "condition", "seed")
BY = ("circuit", "model")
PARTS = (
    "recording",
    "level",
    "position",
    "condition",
)  # of the test, over which a run is measured again and not trained anew
# An error of exactly zero has no logarithm; this is -3000 dB.
_SMALLEST = 1e-300

Row = Mapping[str, Any]
Measure = Callable[[Row], float | None]


@final
@dataclasses.dataclass(frozen=True)
class Cell:
    """Two kinds of run in one place.

    Attributes:
        key: what the place is: ("diode-clipper", "STN 4-4-4").
        pairs: errors of the first and of the second kind, a pair for each seed; infinite for a run that has none: it
            diverged, ran away, or is missing.
    """

    key: tuple[Any, ...]
    pairs: tuple[tuple[float, float], ...]

    @property
    def scores(self) -> tuple[float, ...]:
        """10 log10(first / second) of each pair, in dB; infinite where one has failed, and 0 where both have."""
        return tuple(_score(*pair) for pair in self.pairs)

    @property
    def differences(self) -> tuple[float, ...]:
        """The same of the pairs in which neither has failed."""
        return tuple(_score(*pair) for pair in self.pairs if all(map(math.isfinite, pair)))

    @property
    def failures(self) -> tuple[int, int]:
        """Runs of the first and of the second kind that have failed."""
        return sum(math.isinf(a) for a, _ in self.pairs), sum(math.isinf(b) for _, b in self.pairs)

    @property
    def score(self) -> float:
        """The mean difference; where one kind failed more often it is infinite, and 0 where both always failed."""
        first, second = self.failures
        if first != second:
            return math.inf if first > second else -math.inf
        return sum(self.differences) / len(self.differences) if self.differences else 0.0


def cells_of(
    first: Sequence[Row],
    second: Sequence[Row],
    *,
    by: Sequence[str] = BY,
    measures: tuple[Measure, Measure] = (free_running, free_running),
) -> list[Cell]:
    """The cells in which both kinds of run are; runs are paired by all columns that both kinds share.

    Args:
        first: rows of results.
        second: those that they are compared with.
        by: columns that make a cell: circuit, model, regime, recording, level, position, condition. What else is shared
            tells repeats apart. With one of the last four a run's error on that part of the test counts instead of its
            pooled error.
        measures: the error of a row of the first and of the second kind; None where it has no meaning.

    Raises:
        ValueError: for unknown columns, for those that the two kinds do not share, for runs without errors by
            those parts, and when two runs of one kind cannot be told apart.
    """
    if not by or set(by) - {*COLUMNS} or "seed" in by:
        raise ValueError(f"cells are made of {', '.join(COLUMNS[:-1])}, not of {', '.join(by) or 'nothing'}")
    if {*PARTS} & {*by} and measures != (free_running, free_running):
        raise ValueError("by part of the test there are free-running errors only")
    if not first or not second:
        return []
    names = [name for name in PARTS if name in by]
    known = _known([*first, *second], names)
    sides = [list(_parts(rows, names, known)) for rows in (first, second)]
    shared = [name for name in COLUMNS if {row.get(name) for row in sides[0]} & {row.get(name) for row in sides[1]}]
    wanting = [name for name in by if name not in shared]
    if wanting:
        raise ValueError(f"the two kinds of run have no {wanting[0]} in common that a cell could be made of")
    ours, theirs = (_values(rows, by, shared, measure) for rows, measure in zip(sides, measures, strict=True))
    seed = shared.index("seed") if "seed" in shared else None
    cells = (_cell(key, ours[key], theirs[key], seed) for key in ours if key in theirs)
    return [cell for cell in cells if cell.pairs]


def _score(first: float, second: float) -> float:
    if math.isinf(first) or math.isinf(second):
        return 0.0 if first == second else math.inf if first > second else -math.inf
    return 10 * (math.log10(max(first, _SMALLEST)) - math.log10(max(second, _SMALLEST)))


def _known(rows: Sequence[Row], names: Sequence[str]) -> dict[str, dict[tuple, None]]:
    """The recordings and levels of the test of each circuit."""
    known: dict[str, dict[tuple, None]] = {}
    for row in rows:
        for part in row.get("parts") or ():
            known.setdefault(row["circuit"], {})[tuple(part.get(name) for name in names)] = None
    return known


def _parts(rows: Sequence[Row], names: Sequence[str], known: Mapping[str, Mapping[tuple, None]]) -> Iterator[Row]:
    """Rows, or what each has of the recordings and levels that make a cell, pooled over those that make none."""
    for row in rows:
        if not names or ("parts" not in row and all(name in row for name in names)):
            yield row
            continue
        has_them = row.get("parts") and all(name in part for name in names for part in row["parts"])
        if not has_them and not row.get("diverged"):
            raise ValueError(
                f"the run {row['circuit']}, {row['model']}, {row['regime']} has no errors by {' and '.join(names)}"
            )
        for key in known.get(row["circuit"], ()):
            parts = [part for part in row["parts"] if tuple(part[name] for name in names) == key]
            error = pooled(parts) if parts else None  # a training that stopped has failed on all of them
            yield {**row, **dict(zip(names, key, strict=True)), "esr_free_running": error}


def pooled(parts: Sequence[Row]) -> float | None:
    """The ESR of several parts of a test together, from the energy of the target in each; None where one has none."""
    if any(part["esr"] is None for part in parts):
        return None
    energy = sum(part["energy"] for part in parts)
    return sum(part["esr"] * part["energy"] for part in parts) / energy if energy else None


def _values(rows: Sequence[Row], by: Sequence[str], shared: Sequence[str], measure: Measure) -> dict[tuple, dict]:
    """Errors by cell, and in each by what else tells runs apart."""
    cells: dict[tuple, dict] = {}
    for row in rows:
        value = measure(row)
        if value is None:
            continue
        key, repeat = (tuple(row.get(name) for name in names) for names in (by, shared))
        runs = cells.setdefault(key, {})
        if repeat in runs:
            raise ValueError(f"two runs of {', '.join(map(str, repeat))} are in the results")
        runs[repeat] = math.inf if math.isnan(value) else value
    return cells


def _cell(key: tuple, first: dict, second: dict, seed: int | None) -> Cell:
    """All pairs of a cell; `seed` says where in what tells repeats apart the seed is."""

    def kind(repeat: tuple) -> tuple:
        return tuple(value for place, value in enumerate(repeat) if place != seed)

    # A seed that one side lacks is a run that failed; a model that was never trained on one side is none.
    both = {kind(repeat) for repeat in first} & {kind(repeat) for repeat in second}
    repeats = [repeat for repeat in dict.fromkeys([*first, *second]) if kind(repeat) in both]
    return Cell(key, tuple((first.get(repeat, math.inf), second.get(repeat, math.inf)) for repeat in repeats))
