"""All runs of a study in one table that a browser sorts and filters, from the disk, and contenders against the best."""

import math
from pathlib import Path
from typing import Any, NamedTuple, final

from circuitnn.pages import templates
from circuitnn.study import rankings, wording
from circuitnn.study.breakdown import by_part
from circuitnn.study.cells import cells_of
from circuitnn.study.comparisons import compare
from circuitnn.study.definition import Study
from circuitnn.study.positions import LEVEL, MUSIC, POSITION
from circuitnn.study.records import Records, Spread

TEMPLATE = "leaderboard.html.j2"
CONDITIONS = (MUSIC, POSITION, LEVEL)


@final
class Entry(NamedTuple):
    """A cell of the table: what is shown, and the number that it is sorted by; None comes last."""

    text: str
    value: float | None


def page(records: Records, study: Study) -> str:
    """The page, as HTML."""
    heads = ["ESR, all of the test", *CONDITIONS, "weights", "operations", "training, s", "rate", "runs"]
    lines: list[dict[str, Any]] = [
        {"circuit": records.title(circuit), "model": model, "regime": regime or wording.NONE, "cells": cells}
        for circuit in records.circuits
        for model, regime in records.runs(circuit)
        for cells in [_cells(records, circuit, model, regime)]
    ]
    told = [n for n in range(len(heads)) if any(line["cells"][n].value is not None for line in lines)]
    return templates.rendered(
        Path(__file__).with_name(TEMPLATE),
        {},
        study=study,
        heads=[heads[n] for n in told],
        lines=[line | {"cells": [line["cells"][n] for n in told]} for line in lines],
        circuits=[records.title(circuit) for circuit in records.circuits],
        standings=[(regime, found) for regime in records.regimes if (found := standings(records, regime))],
        seeds=wording.plural(len(records.seeds), "seed"),
    )


def standings(records: Records, regime: str) -> list[dict[str, Any]]:
    """Models under a regime by their mean rank over circuits, each with its error against the first one's."""
    ranked = rankings.ranked_models(records, regime)
    if ranked is None:
        return []
    first = ranked.contenders[0]
    found = []
    for model, rank in zip(ranked.contenders, ranked.mean_ranks, strict=True):
        rows = (records.select(model=name, regime=regime) for name in (model, first))
        compared = None if model == first else compare(model, first, cells_of(*rows, by=("circuit",)))
        found.append({"model": model, "rank": f"{rank:.2f}", "effect": wording.effect(compared)})
    return found


def _cells(records: Records, circuit: str, model: str, regime: str | None) -> list[Entry]:
    def entry(spread: Spread, form: Any) -> Entry:
        if not spread.values:
            return Entry(wording.NONE, None)
        middle, span = wording.spread(spread, form)
        value = spread.median
        return Entry(f"{middle} ({span})" if span else middle, value if math.isfinite(value) else 1e300)

    parts = by_part(records, circuit, model, regime).get("condition", {})
    columns: list[tuple[str, Any]] = [
        ("parameters", "{:.0f}".format), ("operations", "{:.0f}".format), ("train_seconds", wording.seconds),
        ("learning_rate", "{:.2g}".format),
    ]  # fmt: skip
    runs = len(records.select(circuit, model, regime))
    return [
        entry(records.spread("free_running", circuit, model, regime), wording.esr),
        *(entry(parts.get(name, Spread(())), wording.esr) for name in CONDITIONS),
        *(entry(records.spread(key, circuit, model, regime), form) for key, form in columns),
        Entry(str(runs), float(runs)),
    ]
