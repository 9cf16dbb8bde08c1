"""The families of comparisons that every report has: regimes with each other, models with the plain GRU, the bias.

They describe a run. What a study claims is in its `hypotheses`, which are written down before.
"""

import itertools
import math

from circuitnn.study.cells import cells_of
from circuitnn.study.comparisons import Comparison, compare, corrected
from circuitnn.study.rankings import COMMON
from circuitnn.study.records import Records, forced, free_running

BASELINE = "TF"


def between_regimes(records: Records) -> list[Comparison]:
    """Every regime against every other, over all models with circuit states: one family."""
    pairs = itertools.combinations(reversed(records.regimes), 2)
    return corrected([c for a, b in pairs if (c := _regimes(records, a, b, None))])


def within_models(records: Records) -> list[Comparison]:
    """Every regime against teacher forcing, for each model with circuit states: one family."""
    others = [regime for regime in records.regimes if regime != BASELINE]
    found = [_regimes(records, regime, BASELINE, model) for model in records.state_models for regime in others]
    return corrected([c for c in found if c])


def against_black_boxes(records: Records) -> list[Comparison]:
    """Models with circuit states against the GRU without, trained the same way and for as long: one family."""
    found = [
        compare(
            model,
            box,
            cells_of(
                records.select(model=model, regime=COMMON), records.select(model=box, regime=COMMON), by=("circuit",)
            ),
        )
        for box in records.black_boxes
        if box.startswith("GRU")
        for model in records.state_models
    ]
    return corrected([c for c in found if c])


def bias_under_teacher_forcing(records: Records) -> list[Comparison]:
    """The exposure bias where only true states were shown, of each model: one family.

    First is the teacher-forced error of the same runs, so that a bias is a negative ratio.
    """
    found = []
    for model in records.state_models:
        rows = records.select(model=model, regime=BASELINE)
        cells = cells_of(rows, rows, measures=(forced, free_running))
        found.append(compare("teacher-forced", "free running", cells, where=model, alternative="less"))
    return corrected([c for c in found if c])


def _regimes(records: Records, first: str, second: str, model: str | None) -> Comparison | None:
    sides = [
        [row for name in ([model] if model else records.state_models) for row in records.select(None, name, regime)]
        for regime in (first, second)
    ]
    return compare(first, second, cells_of(*sides), where=model)


def leading(records: Records) -> str | None:
    """The regime that the headline is about: of those shown to beat TF, or else of all, the one furthest below it."""
    against = [c for c in between_regimes(records) if c.second == BASELINE]
    shown = [c for c in against if c.test.significant and c.ratio_db < 0]
    best = min(shown or against, key=lambda c: math.inf if math.isnan(c.ratio_db) else c.ratio_db, default=None)
    return best.first if best else None
