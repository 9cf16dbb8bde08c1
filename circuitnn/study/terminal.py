"""The table that the terminal ends with."""

import textwrap
from collections.abc import Callable, Mapping
from typing import Any

from circuitnn.study import wording
from circuitnn.study.convergence import how_far, worse_than_silence
from circuitnn.study.hypotheses import judged
from circuitnn.study.records import Records
from circuitnn.study.tables import markdown

WIDTH = 118
_HEAD = ("model", "regime", "ESR free running", "ESR forced", "bias dB", "recovery ms", "par.", "train s")
_ONLY_ON_THE_PAGE = ("esr_forced_at_its_best", "learning_rate")
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
    text = []
    for circuit in records.circuits:
        lines = [_line(records, circuit, *run) for run in records.runs(circuit)]
        text += [records.title(circuit), markdown(_HEAD, lines), ""]
    notes = (
        f"Medians over {wording.plural(len(records.seeds), 'seed')}, the range in brackets; ESR is the energy of the "
        "error over that of the signal; bias is ESR free running over ESR forced (teacher-forced); - where it has no "
        "meaning.",
        headline(records),
        how_far(records),
        worse_than_silence(records),
        *(wording.judgement(found) for found in judged(records)),
    )
    text += [line for note in notes for line in textwrap.wrap(note, WIDTH)]
    return "\n".join(text).translate(_PLAIN)


def _line(records: Records, circuit: str, model: str, regime: str | None) -> tuple[str, ...]:
    cells = [wording.spread(records.spread(key, circuit, model, regime), form) for key, form in _columns()]
    (median, span), *others = cells  # the free-running error comes first
    return model, regime or wording.NONE, f"{median} ({span})" if span else median, *(value for value, _ in others)


def _columns() -> list[tuple[str, Callable[[float], str]]]:
    """Those of the page that a terminal has room for."""
    return [(key, form) for key, form in wording.COLUMNS.items() if key not in _ONLY_ON_THE_PAGE]
