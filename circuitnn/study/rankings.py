"""Rankings of several contenders over cells: are they alike (Friedman), and if not, which differ (Nemenyi)?"""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import final

from circuitnn.study.ranks import LEVEL, MOST_CONTENDERS, Friedman, critical_difference, friedman
from circuitnn.study.records import Records

COMMON = "TBPTT"  # the regime that models with and without circuit states can both have


@final
@dataclasses.dataclass(frozen=True)
class Ranking:
    """Contenders by their mean rank over cells.

    Attributes:
        contenders: names, the best first.
        mean_ranks: theirs; 1 is best in every cell.
        test: Friedman's, that all are alike.
        difference: how far mean ranks have to be apart (Nemenyi); None for more than six contenders, where hardly any
            difference could be shown.
    """

    contenders: tuple[str, ...]
    mean_ranks: tuple[float, ...]
    test: Friedman
    difference: float | None

    @property
    def apart(self) -> list[tuple[str, str]]:
        """Pairs that differ, the better one first; none where contenders were not shown to differ at all."""
        if self.difference is None or self.test.p >= LEVEL:
            return []
        placed = zip(self.contenders, self.mean_ranks, strict=True)
        return [(a, b) for (a, low), (b, high) in itertools.combinations(placed, 2) if high - low >= self.difference]


def ranking(errors: Mapping[str, Sequence[float]]) -> Ranking | None:
    """Rank contenders by their errors, one a cell and in the same order for each; infinity for one that failed.

    None for fewer than three contenders or two cells.
    """
    cells = len(next(iter(errors.values()), ()))
    if len(errors) < 3 or cells < 2:
        return None
    test = friedman([*zip(*errors.values(), strict=True)])
    ranked = sorted(zip(test.mean_ranks, errors, strict=True))
    difference = critical_difference(len(errors), cells) if len(errors) <= MOST_CONTENDERS else None
    return Ranking(tuple(name for _, name in ranked), tuple(rank for rank, _ in ranked), test, difference)


def ranked_regimes(records: Records) -> Ranking | None:
    """The training regimes, over the circuits and models that were trained under all of them."""
    cells = [
        (circuit, model)
        for circuit in records.circuits
        for model in records.state_models
        if {*records.regimes} <= {*records.regimes_of(model, circuit)}
    ]
    return ranking({regime: [_error(records, *cell, regime) for cell in cells] for regime in records.regimes})


def ranked_models(records: Records, regime: str = COMMON) -> Ranking | None:
    """The models that were trained under a regime on all circuits, over these."""
    models = models_under(records, regime)
    return ranking({model: [_error(records, c, model, regime) for c in records.circuits] for model in models})


def models_under(records: Records, regime: str) -> list[str]:
    """The models that were trained under a regime on all circuits."""
    return [
        model
        for model in records.models
        if all(regime in records.regimes_of(model, circuit) for circuit in records.circuits)
    ]


def _error(records: Records, circuit: str, model: str, regime: str) -> float:
    """The median over seeds: infinite where half of them failed or more."""
    return records.spread("free_running", circuit, model, regime).median
