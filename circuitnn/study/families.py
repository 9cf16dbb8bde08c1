"""The families of tests that every report has: regimes against each other, models against the plain GRU, the bias."""

import dataclasses
import itertools
from typing import final

from circuitnn.study.records import Records, Spread, bias
from circuitnn.study.statistics import Comparison, SignedRank, adjusted, compare, corrected, pairs_of, signed_rank

BASELINE = "TF"


@final
@dataclasses.dataclass(frozen=True)
class BiasTest:
    """Whether the exposure bias under a regime is above zero; one-sided."""

    model: str
    regime: str
    spread: Spread
    positive: int
    test: SignedRank


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
    found = []
    for box in (name for name in records.black_boxes if name.startswith("GRU")):
        for model in records.state_models:
            pairs = pairs_of(records.select(model=model, regime="TBPTT"), records.select(model=box, regime="TBPTT"))
            found.append(compare(model, box, None, pairs))
    return corrected([c for c in found if c])


def bias_under_teacher_forcing(records: Records) -> list[BiasTest]:
    """Is the exposure bias above zero where only true states were shown? One test a model: one family."""
    found = []
    for model in records.state_models:
        values = [b for row in records.select(model=model, regime=BASELINE) if (b := bias(row)) is not None]
        if values:
            test = signed_rank(values, alternative="greater")
            found.append(BiasTest(model, BASELINE, Spread(tuple(values)), sum(v > 0 for v in values), test))
    tests = adjusted([one.test for one in found])
    return [dataclasses.replace(one, test=test) for one, test in zip(found, tests, strict=True)]


def _regimes(records: Records, first: str, second: str, model: str | None) -> Comparison | None:
    models = [model] if model else records.state_models
    pairs = [
        pair
        for name in models
        for pair in pairs_of(records.select(model=name, regime=first), records.select(model=name, regime=second))
    ]
    return compare(first, second, model, pairs)


def leading(records: Records) -> str | None:
    """The regime that the headline is about: of those shown to beat TF, or else of all, the one furthest below it."""
    against = [c for c in between_regimes(records) if c.second == BASELINE]
    shown = [c for c in against if c.test.significant and c.ratio_db < 0]
    best = min(shown or against, key=lambda c: c.ratio_db, default=None)
    return best.first if best else None
