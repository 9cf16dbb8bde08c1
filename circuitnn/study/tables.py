"""Tables of figures as text, and the targets that they are held against."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Cell = str | float | int | None
Row = Mapping[str, Any]  # what is reported of one item


def markdown(heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A Markdown table with aligned columns."""
    lines = [list(heads), *([text(cell) for cell in row] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines)


def text(cell: Cell) -> str:
    """A number with the digits that mean something."""
    if cell is None:
        return ""
    if isinstance(cell, str | int):
        return str(cell)
    if not math.isfinite(cell):
        return str(cell)
    if cell == 0:
        return "0"
    size = abs(cell)
    if size < 1e-3:
        return f"{cell:.1e}"
    return f"{cell:.{max(0, 2 - math.floor(math.log10(size)))}f}" if size < 1000 else f"{cell:.0f}"


def times(ratio: float | None) -> str | None:
    """A ratio as a cell."""
    return None if ratio is None else f"x {ratio:.2f}"


def target(what: str, aim: float, measured: float, *, at_least: bool = False) -> dict[str, Any]:
    """What was aimed at, and what was measured for it."""
    is_met = measured >= aim if at_least else measured <= aim
    return {"what": what, "aim": aim, "measured": measured, "is_met": bool(is_met)}


def target_table(targets: Iterable[Row]) -> str:
    """Targets in Markdown."""
    rows = ((row["what"], row["aim"], row["measured"], "met" if row["is_met"] else "missed") for row in targets)
    return markdown(("target", "aim", "measured", ""), rows)
