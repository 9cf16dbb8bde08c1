"""Hypotheses: what a study claims, written down before it runs, and what its results say of each.

A hypothesis is that one kind of run has a lower error than another, by at least so many decibels that it matters. It is
shown when the 95 % interval of the effect lies wholly beyond that, the one-sided signed-rank test over cells agrees
after Holm's correction over all hypotheses of the study, and the better side did not fail more often. It is refuted
when the interval leaves no room for an effect that matters. Else it is not decided, and the reason is said.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, final

from circuitnn.files import replacing
from circuitnn.opening import LARGEST_JSON, content, json_of
from circuitnn.study.cells import BY, COLUMNS, cells_of
from circuitnn.study.comparisons import Comparison, compare
from circuitnn.study.ranks import SignedRank, adjusted
from circuitnn.study.records import MEASURES, Records, ReportError

FILE = "description.json"
_NO_TEST = SignedRank(0, 1.0, 1.0, True)

Verdict = Literal["shown", "refuted", "not decided"]


@final
@dataclasses.dataclass(frozen=True)
class Runs:
    """A kind of run, and which of its errors counts.

    Attributes:
        regime: the only one; None is any, paired with the same on the other side.
        model: the only one; None is any, paired with the same on the other side.
        error: of the model on its own, or shown the true states.
    """

    regime: str | None = None
    model: str | None = None
    error: Literal["free_running", "forced"] = "free_running"

    def __post_init__(self):
        if self.error not in ("free_running", "forced"):
            raise ValueError(f'error must be "free_running" or "forced", got {self.error!r}')

    def __str__(self) -> str:
        words = [self.model, self.regime and f"under {self.regime}", self.error == "forced" and "teacher-forced"]
        return " ".join(word for word in words if word) or "free running"


@final
@dataclasses.dataclass(frozen=True)
class Hypothesis:
    """That one kind of run has a lower error than another.

    Attributes:
        name: short, for tables.
        claim: a sentence, with whom it is from.
        lower: the runs that are claimed to have the lower error.
        higher: those that they are compared with.
        smallest_db: the smallest effect that matters, in dB of the ratio of the two ESRs.
        circuits: the only ones; None is all.
        models: the only ones; None is all that have both kinds of run.
        by: columns that make a cell; None is the circuit and, where the two sides share it, the model.
    """

    name: str
    claim: str
    lower: Runs
    higher: Runs
    _: dataclasses.KW_ONLY
    smallest_db: float = 1.0
    circuits: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    by: tuple[str, ...] | None = None

    def __post_init__(self):
        if not 0 <= self.smallest_db < 1000:
            raise ValueError(f"{self.name}: smallest_db must be a number of decibels from 0 on, got {self.smallest_db}")
        if self.lower == self.higher:
            raise ValueError(f"{self.name}: the two sides are the same runs")
        if self.by is not None and (not self.by or self.by[0] != "circuit" or set(self.by) - {*COLUMNS[:-1]}):
            raise ValueError(f"{self.name}: cells are made of the circuit and more of {', '.join(COLUMNS[1:-1])}")

    def can_be_judged(self, circuits: Iterable[str], models: Iterable[str], regimes: Iterable[str]) -> bool:
        """Whether a run of these has both kinds of run, on one circuit at least."""
        trained, ways, sides = {*models}, {*regimes}, (self.lower, self.higher)
        return (
            all(runs.model is None or runs.model in trained for runs in sides)
            and all(runs.regime is None or runs.regime in ways for runs in sides)
            and (self.circuits is None or not {*self.circuits}.isdisjoint(circuits))
            and (self.models is None or not trained.isdisjoint(self.models))
        )

    def compared(self, records: Records) -> Comparison | None:
        """The one-sided comparison; None where the results do not have both kinds of run."""
        sides = [
            [
                row
                for row in records.select(model=runs.model, regime=runs.regime)
                if (self.circuits is None or row["circuit"] in self.circuits)
                and (self.models is None or row["model"] in self.models)
            ]
            for runs in (self.lower, self.higher)
        ]
        if not all(sides):
            return None
        by = self.by or (BY if self.lower.model == self.higher.model else BY[:1])
        cells = cells_of(*sides, by=by, measures=(MEASURES[self.lower.error], MEASURES[self.higher.error]))
        return compare(str(self.lower), str(self.higher), cells, alternative="less")


@final
@dataclasses.dataclass(frozen=True)
class Judgement:
    """What results say of a hypothesis.

    Attributes:
        hypothesis: as it was written down before the study ran.
        comparison: None where the results do not have both kinds of run.
        verdict: "shown", "refuted" or "not decided".
        why: the reason, a sentence.
    """

    hypothesis: Hypothesis
    comparison: Comparison | None
    verdict: Verdict
    why: str


def judged(records: Records) -> list[Judgement]:
    """What results say of the hypotheses that were written down before; none for results from before there were any.

    Raises:
        ReportError: when what was written down cannot be read.
    """
    hypotheses = stated(records.header)
    found = [hypothesis.compared(records) for hypothesis in hypotheses]
    # A claim that was made counts, also where no run can speak of it.
    tests = adjusted([comparison.test if comparison else _NO_TEST for comparison in found])
    judgements = []
    for hypothesis, comparison, test in zip(hypotheses, found, tests, strict=True):
        if comparison is not None:
            comparison = dataclasses.replace(comparison, test=test)
        judgements.append(Judgement(hypothesis, comparison, *_verdict(hypothesis.smallest_db, comparison)))
    return judgements


def _verdict(smallest: float, comparison: Comparison | None) -> tuple[Verdict, str]:
    if comparison is None:
        return "not decided", "this run does not have both kinds of run"
    cells, effect, test = len(comparison.cells), comparison.effect, comparison.test
    ours, theirs = comparison.failures
    circuits = len(comparison.by_circuit)
    # Models on one circuit have it in common: what they say together is less than as many circuits would say.
    of_these = "" if circuits == cells else f"; it speaks of {'this circuit' if circuits == 1 else 'these circuits'}"
    if cells == 1:
        return "not decided", "one cell cannot show it: its seeds say nothing of other circuits and models"
    if effect is None:
        return "not decided", "in no pair do both runs have an error"
    if effect.low > -smallest:
        if theirs > ours:
            return "not decided", f"the other side failed more often ({theirs} runs against {ours})"
        return "refuted", f"the interval leaves no room for an effect of {smallest:g} dB{of_these}"
    if test.hopeless:
        return "not decided", f"{cells} cells cannot show it: at best p = {test.best_holm:.2g} after Holm's correction"
    if effect.high >= -smallest:
        return "not decided", f"the interval has effects on both sides of {smallest:g} dB: more cells would narrow it"
    if ours > theirs:
        return "not decided", f"it failed more often ({ours} runs against {theirs})"
    if not test.significant:
        return "not decided", f"the ranks of the cells do not agree: p = {test.p_holm:.2g} after Holm's correction"
    return (
        "shown",
        f"the interval lies beyond {smallest:g} dB, and p = {test.p_holm:.2g} after Holm's correction{of_these}",
    )


def checked(hypotheses: Iterable[Hypothesis], circuits: Iterable[str], models: Iterable[str], regimes: Iterable[str]):
    """See that hypotheses are about what a study has.

    Raises:
        ValueError: for names that it does not have, and for two hypotheses of one name.
    """
    names = [hypothesis.name for hypothesis in hypotheses]
    if len({*names}) < len(names):
        raise ValueError(f"two hypotheses have the same name: {', '.join(names)}")
    for hypothesis in hypotheses:
        sides = (hypothesis.lower, hypothesis.higher)
        for kind, asked, known in (
            ("regime", [runs.regime for runs in sides], [*regimes]),
            ("model", [*(runs.model for runs in sides), *(hypothesis.models or ())], [*models]),
            ("circuit", [*(hypothesis.circuits or ())], [*circuits]),
        ):
            for name in asked:
                if name is not None and name not in known:
                    raise ValueError(f"{hypothesis.name}: no {kind} named {name}; there are {', '.join(known)}")


def write_down(hypotheses: Sequence[Hypothesis], folder: Path, moment: str) -> dict[str, Any]:
    """Write hypotheses into a study's description before it runs, or see that they are those written there.

    Args:
        hypotheses: of the study.
        folder: of the run's state.
        moment: that it is written, as text.

    Returns:
        the description, for the header of the results.

    Raises:
        ValueError: when the run was begun with other hypotheses.
    """
    path = folder / FILE
    claims = json.loads(json.dumps([dataclasses.asdict(hypothesis) for hypothesis in hypotheses]))
    if path.exists():
        description = json_of(content(path, LARGEST_JSON))
        if not isinstance(description, dict) or description.get("hypotheses") != claims:
            raise ValueError(
                f"{path}: this run was begun with other hypotheses. They cannot be changed while it computes; give the "
                "old ones back, or delete that folder to begin anew"
            )
        return description
    description = {"stated": moment, "hypotheses": claims}
    with replacing(path) as file:
        file.write(json.dumps(description, indent=1, allow_nan=False).encode())
    return description


def stated(header: Mapping[str, Any]) -> list[Hypothesis]:
    """The hypotheses in the header of results; none where it has no description.

    Raises:
        ReportError: when they cannot be read.
    """
    description = header.get("description")
    if description is None:
        return []
    try:
        return [_read(dict(claim)) for claim in description["hypotheses"]]
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise ReportError(f"the hypotheses of the results cannot be read ({error})") from error


def _read(claim: dict[str, Any]) -> Hypothesis:
    for side in ("lower", "higher"):
        claim[side] = Runs(**claim[side])
    for name in ("circuits", "models", "by"):
        claim[name] = None if claim.get(name) is None else tuple(map(str, claim[name]))
    return Hypothesis(str(claim.pop("name")), str(claim.pop("claim")), **claim)
