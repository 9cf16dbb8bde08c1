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

COLUMNS = ("circuit", "model", "regime", "recording", "level", "seed")
BY = ("circuit", "model")
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
        differences: 10 log10(ESR first / ESR second) of each pair in which both have a finite error, in dB.
        failures: runs of the first and of the second that have none: diverged, ran away, or missing.
        repeats: pairs, with those that failed.
    """

    key: tuple[Any, ...]
    differences: tuple[float, ...]
    failures: tuple[int, int]
    repeats: int

    @property
    def score(self) -> float:
        """The mean difference; where one side failed more often it is infinite, and 0 where both always failed."""
        first, second = self.failures
        if first != second:
            return math.inf if first > second else -math.inf
        return sum(self.differences) / len(self.differences) if self.differences else 0.0

    @property
    def circuit(self) -> str:
        """The first part of the key."""
        return str(self.key[0]) if self.key else ""


def cells_of(
    first: Sequence[Row], second: Sequence[Row], *, by: Sequence[str] = BY, measure: Measure = free_running
) -> list[Cell]:
    """The cells in which both kinds of run are; runs are paired by all that both kinds share.

    Args:
        first: rows of results.
        second: those that they are compared with.
        by: columns that make a cell, of `COLUMNS`; all other columns that are shared are repeats. With "recording" or
            "level" a run's errors of that part of the test count, and its pooled error else.
        measure: the error of a row; None where it has no meaning there.

    Raises:
        ValueError: for unknown columns, and when two runs of one kind cannot be told apart.
    """
    if not by or set(by) - {*COLUMNS} or "seed" in by:
        raise ValueError(f"cells are made of {', '.join(COLUMNS[:-1])}, not of {', '.join(by) or 'nothing'}")
    sides = [list(_parts(rows, by)) for rows in (first, second)]
    shared = [name for name in COLUMNS if {row.get(name) for row in sides[0]} & {row.get(name) for row in sides[1]}]
    wanting = [name for name in by if name not in shared]
    if wanting and all(sides):
        raise ValueError(f"the two kinds of run have no {wanting[0]} in common that a cell could be made of")
    values = [_values(rows, by, shared, measure) for rows in sides]
    cells = []
    for key in values[0]:
        if key in values[1]:
            cells.append(_cell(key, values[0][key], values[1][key]))
    return cells


def cells_against_zero(rows: Sequence[Row], *, by: Sequence[str] = BY, measure: Measure) -> list[Cell]:
    """The cells of a measure that is a difference in dB itself, such as the exposure bias; infinite ones failed."""
    values = _values(list(_parts(rows, by)), by, COLUMNS, measure)
    cells = []
    for key, runs in values.items():
        finite = tuple(value for value in runs.values() if math.isfinite(value))
        cells.append(Cell(key, finite, (len(runs) - len(finite), 0), len(runs)))
    return cells


def _parts(rows: Sequence[Row], by: Sequence[str]) -> Iterator[Row]:
    """Rows, or what each has of the recordings and levels of its test, pooled over those that make no cell."""
    if not {"recording", "level"} & {*by}:
        yield from rows
        return
    for row in rows:
        parts = row.get("parts")
        if parts is None and all(name in row for name in by):
            yield row
            continue
        if not parts and not row.get("diverged"):
            raise ValueError(f"the run {row['circuit']}, {row['model']}, {row['regime']} has no errors by recording")
        for part in parts or ():
            yield {**row, **part}


def _values(rows: Sequence[Row], by: Sequence[str], shared: Sequence[str], measure: Measure) -> dict[tuple, dict]:
    """Errors by cell, and in each by what else tells runs apart."""
    found: dict[tuple, dict] = {}
    for row in rows:
        value = measure(row)
        if value is None:
            continue
        key, repeat = (tuple(row.get(name) for name in names) for names in (by, shared))
        runs = found.setdefault(key, {})
        if repeat in runs:
            raise ValueError(f"two runs of {', '.join(map(str, repeat))} are in the results")
        runs[repeat] = math.inf if math.isnan(value) else value
    return found


def _cell(key: tuple, first: dict, second: dict) -> Cell:
    repeats = list(dict.fromkeys([*first, *second]))
    pairs = [(first.get(repeat, math.inf), second.get(repeat, math.inf)) for repeat in repeats]
    differences = tuple(decibels(a, b) for a, b in pairs if math.isfinite(a) and math.isfinite(b))
    failures = sum(math.isinf(a) for a, _ in pairs), sum(math.isinf(b) for _, b in pairs)
    return Cell(key, differences, failures, len(pairs))


def decibels(first: float, second: float) -> float:
    """10 log10 of the ratio of two finite errors."""
    return 10 * (math.log10(max(first, _SMALLEST)) - math.log10(max(second, _SMALLEST)))
