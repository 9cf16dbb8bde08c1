"""Knobs that move: a table of positions over time, interpolated linearly."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np

from circuitnn.cli.loading import known_knob
from circuitnn.cli.problems import Fault
from circuitnn.knobs import check_value
from circuitnn.tables import number, table_rows

if TYPE_CHECKING:
    import circuitnn as cn

TIME_COLUMNS = ("time_s", "time")


@final
@dataclass(frozen=True, eq=False)
class Automation:
    """Positions of knobs over time; held before the first and after the last row.

    Attributes:
        times: (n,) seconds, increasing.
        knobs: name to positions (n,), from 0 to 1.
    """

    times: np.ndarray
    knobs: dict[str, np.ndarray]

    def at(self, start: int, samples: int, fs: int) -> dict[str, np.ndarray]:
        """The positions (samples,) of each knob from sample `start` on."""
        seconds = (start + np.arange(samples)) / fs
        return {name: np.interp(seconds, self.times, values) for name, values in self.knobs.items()}


def read_automation(path: str, model: "cn.Circuit | cn.Model", source: str) -> Automation:
    """Read a CSV table: a column time_s (or time) in seconds, and one for each knob that moves.

    Empty lines and those that begin with # are left out.

    Raises:
        Fault: naming the line, for a missing column, a knob that the model does not have, a cell that is no number or
            outside 0..1, and times that do not increase.
    """
    rows = _rows(path)
    line, head = next(rows, (0, []))
    if not head:
        raise Fault(f"{path}: is empty; its first line names the columns: time_s and one for each knob")
    time, knobs = _columns(path, head, model, source)
    table: list[list[float]] = []
    for line, cells in rows:
        table.append(_numbers(path, line, head, cells, time))
        if len(table) > 1 and table[-1][time] <= table[-2][time]:
            raise Fault(
                f"{path}, line {line}: time {table[-1][time]:g} s does not come after {table[-2][time]:g} s of the row "
                "before; times have to increase"
            )
    if not table:
        raise Fault(f"{path}: has no rows below its head")
    values = np.array(table)
    return Automation(values[:, time], {name: values[:, column] for name, column in knobs.items()})


def _rows(path: str) -> Iterator[tuple[int, list[str]]]:
    """Number of the line and cells, for lines that say something."""
    try:
        for line, cells in table_rows(path):
            if any(cells) and not cells[0].startswith("#"):
                yield line, cells
    except ValueError as problem:
        raise Fault(str(problem)) from None


def _columns(path: str, head: list[str], model: "cn.Circuit | cn.Model", source: str) -> tuple[int, dict[str, int]]:
    """Which column has the time, and which each knob."""
    shown = ", ".join(head)
    lowered = [name.lower() for name in head]
    for before, name in itertools.pairwise(sorted(lowered)):
        if before == name:
            raise Fault(f"{path}: has the column {name!r} twice")
    times = [lowered.index(name) for name in TIME_COLUMNS if name in lowered]
    if not times:
        raise Fault(f"{path}: has no column time_s (or time); its columns: {shown}")
    if len(times) > 1:
        raise Fault(f"{path}: has a column time_s and a column time; which one counts?")
    others = [column for column in range(len(head)) if column != times[0]]
    if not others:
        raise Fault(f"{path}: has no column for a knob; its columns: {shown}")
    try:
        return times[0], {known_knob(head[column], model, source): column for column in others}
    except Fault as problem:
        raise Fault(f"{path}: {problem.message}") from None


def _numbers(path: str, line: int, head: list[str], cells: list[str], time: int) -> list[float]:
    if len(cells) != len(head):
        raise Fault(f"{path}, line {line}: has {len(cells)} cells, the head has {len(head)} columns")
    numbers = []
    for column, (name, cell) in enumerate(zip(head, cells, strict=True)):
        try:
            position = number(cell)
        except ValueError:
            raise Fault(f"{path}, line {line}: {name} is {cell!r}, which is no number") from None
        if not math.isfinite(position):
            raise Fault(f"{path}, line {line}: {name} is {cell}, which is not finite")
        if column != time:
            try:
                check_value(name, position)
            except ValueError as problem:
                raise Fault(f"{path}, line {line}: {problem}") from None
        numbers.append(position)
    return numbers
