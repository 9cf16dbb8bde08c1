"""What the study of exposure bias says of its numbers."""

import math

from circuitnn.study.families import BASELINE, between_regimes, bias_under_teacher_forcing, leading
from circuitnn.study.findings import lowest_errors
from circuitnn.study.records import Records, free_running
from circuitnn.study.regimes import REGIMES
from circuitnn.study.statistics import LEVEL, Comparison
from circuitnn.study.wording import bias_db, db, listed, plural, probability


def headline(records: Records) -> str:
    """Which regime lowers the free-running error, by how much, and how sure that is."""
    family = between_regimes(records)
    against = [c for c in family if c.second == BASELINE]
    if not against:
        return "This run does not compare teacher forcing with another regime: it has no headline."
    shown = [c for c in against if c.test.significant and c.ratio_db < 0]
    best = next(c for c in against if c.first == leading(records))
    if shown:
        title = REGIMES[best.first].title if best.first in REGIMES else best.first
        text = (
            f"With the same number of updates, {title} ({best.first}) gives a lower free-running error "
            f"than teacher forcing (TF) alone: {_amount(best)}, {_counts(best, family)}."
        )
        others = [f"{c.first} ({_amount(c)}, p {probability(c.test.p_holm)})" for c in shown if c is not best]
        if others:
            text += f" Lower than TF, too: {listed(others)}."
    else:
        why = (
            f" With {plural(best.test.n, 'pair')} and {len(family)} comparisons p could not have fallen below "
            f"{best.test.best_holm:.3g}: more seeds are needed."
            if best.test.hopeless
            else ""
        )
        text = (
            "No regime was shown to lower the free-running error below that of teacher forcing (TF) alone. "
            f"The lowest ratio is that of {best.first}: "
            f"{_amount(best)}, {_counts(best, family)}.{why}"
        )
    worse = [c for c in against if c.test.significant and c.ratio_db > 0]
    if worse:
        text += " Higher than under TF: " + "; ".join(f"{c.first} ({_amount(c)})" for c in worse) + "."
    return text


def findings(records: Records) -> list[str]:
    """What else a reader takes away: bias under teacher forcing, the best model of each circuit, the floor."""
    found = []
    tests = bias_under_teacher_forcing(records)
    if tests:
        medians = "; ".join(f"{t.model} {bias_db(t.spread.median)} dB" for t in tests)
        above = [t.model for t in tests if t.test.significant]
        hopeless = ", which so few runs do not allow" if all(t.test.hopeless for t in tests) else ""
        reading = (
            f"above zero in {listed(above)} (one-sided Wilcoxon, Holm-corrected p < {LEVEL})"
            if above
            else f"shown to be above zero in no model (one-sided Wilcoxon, Holm-corrected p < {LEVEL}{hopeless})"
        )
        positive, total = sum(t.positive for t in tests), sum(len(t.spread.values) for t in tests)
        found.append(
            f"Exposure bias under teacher forcing alone, median: {medians.replace('ran away dB', 'ran away')}. "
            f"It is positive in {positive} of {plural(total, 'run')}; {reading}."
        )
    found += lowest_errors(records)
    away = sum(math.isinf(free_running(row)) for row in records.rows)
    if away:
        found.append(
            f"{away} of {plural(len(records.rows), 'run')} ran away (no finite free-running error); they are listed "
            "below and count as worse than every other run."
        )
    return found


def _amount(comparison: Comparison) -> str:
    ratio = comparison.ratio_db
    if math.isnan(ratio):
        return "no median difference can be given"
    if math.isinf(ratio):
        return f"in half the pairs or more, {'TF' if ratio < 0 else comparison.first} ran away and the other did not"
    by = f"{abs(ratio):.1f} dB {'lower' if ratio < 0 else 'higher'} in the median"
    if len(comparison.by_circuit) > 1:
        by += f" (by circuit: {', '.join(db(value) for value in comparison.by_circuit.values())} dB)"
    return by


def _counts(comparison: Comparison, family: list[Comparison]) -> str:
    return (
        f"lower in {comparison.lower} of {plural(comparison.pairs, 'pair')} (Wilcoxon signed-rank test, "
        f"p {probability(comparison.test.p_holm)} after Holm's correction for {plural(len(family), 'comparison')})"
    )
