"""The table that the terminal ends with."""

import textwrap
from collections.abc import Callable, Mapping
from typing import Any

from circuitnn.study import wording
from circuitnn.study.records import Records

WIDTH = 118
_HEAD = ("model", "regime", "ESR free running", "ESR forced", "bias dB", "recovery ms", "par.", "train s")
# A terminal may not know more than ASCII.
_PLAIN = str.maketrans({"–": "-", "−": "-", "∞": "inf"})


def table(results: Mapping[str, Any], headline: Callable[[Records], str]) -> str:
    """Medians over seeds (free-running error: with its range), one block for each circuit, then the headline.

    Args:
        results: the contents of results.json.
        headline: of the study.

    Raises:
        ReportError: when there are no rows, or they lack what names a run.
    """
    records = Records.of(results)
    blocks = {circuit: _lines(records, circuit) for circuit in records.circuits}
    every = [_HEAD, *(line for lines in blocks.values() for line in lines)]
    widths = [max(len(line[i]) for line in every) for i in range(len(_HEAD))]
    text = []
    for circuit, lines in blocks.items():
        text += [records.title(circuit), _row(_HEAD, widths), "  ".join("-" * width for width in widths)]
        text += [_row(line, widths) for line in lines]
        text.append("")
    count = len(records.seeds)
    notes = [
        f"Medians over {wording.plural(count, 'seed')}, the range in brackets; ESR is the energy of the error over "
        "that of the signal; bias is ESR free running over ESR forced (teacher-forced); - where it has no meaning.",
        headline(records),
    ]
    for note in notes:
        text += textwrap.wrap(note, WIDTH)
    return "\n".join(text).translate(_PLAIN)


def _lines(records: Records, circuit: str) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = []
    for model, regime in records.runs(circuit):
        told = {
            key: wording.spread(records.spread(key, circuit, model, regime), form)
            for key, form in wording.COLUMNS.items()
        }
        median, span = told.pop("free_running")
        free = f"{median} ({span})" if span else median
        lines.append((model, regime or wording.NONE, free, *(middle for middle, _ in told.values())))
    return lines


def _row(cells: tuple[str, ...], widths: list[int]) -> str:
    """Words to the left, numbers to the right."""
    return "  ".join(
        cell.ljust(width) if i < 3 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ).rstrip()
