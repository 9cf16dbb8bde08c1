"""What the study of exposure bias says of its numbers."""

import math

from circuitnn.study.comparisons import Comparison
from circuitnn.study.families import BASELINE, between_regimes, bias_under_teacher_forcing, leading
from circuitnn.study.findings import lowest_errors
from circuitnn.study.hypotheses import judged
from circuitnn.study.records import Records, free_running
from circuitnn.study.regimes import REGIMES
from circuitnn.study.wording import bias_db, counted, db, effect, judgement, outcome, plural


def headline(records: Records) -> str:
    """What became of the hypotheses, and which regime has the lowest free-running error, by how much."""
    against = [c for c in between_regimes(records) if c.second == BASELINE]
    if not against:
        return "This run does not compare teacher forcing with another regime: it has no headline."
    best = next(c for c in against if c.first == leading(records))
    title = REGIMES[best.first].title if best.first in REGIMES else best.first
    others = [f"{c.first} {effect(c)} dB, {_counts(c)}" for c in against if c is not best]
    beside = f" Beside it: {'; '.join(others)}." if others else ""
    return (
        f"{outcome(judged(records))} With the same number of updates, the lowest free-running error against that of "
        f"teacher forcing (TF) alone is that of {title} ({best.first}): {_amount(best)}, {_counts(best)}.{beside}"
    )


def findings(records: Records) -> list[str]:
    """What else a reader takes away: hypotheses, bias under teacher forcing, the best of each circuit, failures."""
    found = [judgement(one) for one in judged(records)]
    biases = bias_under_teacher_forcing(records)
    if biases:
        medians = "; ".join(
            f"{c.where} {bias_db(records.spread('bias', None, str(c.where), BASELINE).median)} dB" for c in biases
        )
        scores = [score for c in biases for cell in c.cells for score in cell.scores]
        found.append(
            f"Exposure bias under teacher forcing alone, median over circuits and seeds: "
            f"{medians.replace('ran away dB', 'ran away')}. "
            f"It is positive in {sum(score < 0 for score in scores)} of {plural(len(scores), 'run')}."
        )
    found += lowest_errors(records)
    away = sum(math.isinf(free_running(row)) for row in records.rows)
    if away:
        found.append(
            f"{away} of {plural(len(records.rows), 'run')} have no finite free-running error; they are listed below. "
            "They have no part in the effects, and count as worse than every other run in the tests."
        )
    return found


def _amount(comparison: Comparison) -> str:
    if comparison.effect is None:
        return "no pair of runs has two finite errors"
    text = f"{effect(comparison)} dB in the mean (95 % interval)"
    if comparison.several:
        text += f", by circuit {', '.join(db(value) for value in comparison.by_circuit.values())} dB"
    return text


def _counts(comparison: Comparison) -> str:
    text = f"lower in {comparison.lower} of {counted(comparison)}"
    ours, theirs = comparison.failures
    if ours or theirs:
        text += f"; {ours} of {comparison.pairs} runs failed under {comparison.first}, {theirs} under TF"
    return text
