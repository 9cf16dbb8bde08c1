"""Numbers as text, and the sentences that the numbers carry."""

import math
from collections.abc import Callable, Sequence

from benchmarks.exposure_bias import statistics
from benchmarks.exposure_bias.records import REGIMES, Records, Spread, forced, free_running
from benchmarks.exposure_bias.statistics import LEVEL, BiasTest, Comparison, Test

NONE = "–"


def esr(value: float) -> str:
    if math.isinf(value):
        return "ran away"
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}".replace("-", "−")  # a hyphen would break lines


def db(value: float) -> str:
    if math.isnan(value):
        return NONE
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:.1f}".replace("-", "−")


def bias_db(value: float) -> str:
    return "ran away" if math.isinf(value) else db(value)


def milliseconds(value: float) -> str:
    """Of a time in seconds; infinite is never."""
    return "never" if math.isinf(value) else f"{1e3 * value:.3g}"


def seconds(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2g}"


def probability(value: float) -> str:
    """As a relation, to follow the letter p."""
    if value < 1e-4:
        mantissa, exponent = f"{value:.0e}".split("e")
        return f"= {mantissa}e{int(exponent)}".replace("-", "−")
    return f"= {value:.2g}"


# What the tables show of each model and regime, and how.
COLUMNS: dict[str, Callable[[float], str]] = {
    "free_running": esr,
    "forced": esr,
    "bias": bias_db,
    "recovery": milliseconds,
    "parameters": "{:.0f}".format,
    "train_seconds": seconds,
}


# What a second table shows, and its heads.
OTHER: dict[str, tuple[str, Callable[[float], str]]] = {
    "esr_high_pass": ("ESR, high-pass", esr),
    "esr_a_weighting_low_pass": ("ESR, A-weighted", esr),
    "dc": ("DC", esr),
    "mae": ("MAE, mV", lambda value: f"{1e3 * value:.3g}"),
    "stft_distance": ("STFT distance", "{:.3g}".format),
    "log_spectral_distance": ("log-spectral distance, dB", "{:.3g}".format),
    "spectral_flux_error": ("spectral flux error", "{:.3g}".format),
    "rms_energy_error": ("RMS energy error", "{:.3g}".format),
}


def spread(values: Spread, form: Callable[[float], str]) -> tuple[str, str]:
    """The median, and the range over seeds where there is one."""
    if not values.values:
        return NONE, ""
    median, low, high = form(values.median), form(values.low), form(values.high)
    return median, "" if low == high else f"{low} to {high}"


def between(values: Sequence[float], form: Callable[[float], str]) -> str:
    """The lowest to the highest of the values."""
    low, high = form(min(values)), form(max(values))
    return low if low == high else f"{low} to {high}"


def listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def verdict(test: Test, lower: str | None) -> str:
    """What a two-sided test has shown; `lower` names the better side."""
    if test.significant and lower:
        return f"{lower} is lower"
    if test.hopeless:
        return f"cannot tell: at best p = {test.best_holm:.3g} with {plural(test.n, 'pair')}"
    return "no difference shown"


def better(comparison: Comparison) -> str | None:
    """The side with the lower error, when the median says so."""
    if comparison.ratio_db < 0:
        return comparison.first
    return comparison.second if comparison.ratio_db > 0 else None


def bias_verdict(one: BiasTest) -> str:
    if one.test.significant:
        return "above zero"
    if one.test.hopeless:
        return f"cannot tell: at best p = {one.test.best_holm:.3g} with {plural(one.test.n, 'run')}"
    return "not shown to be above zero"


def leading(records: Records) -> str | None:
    """The regime that the headline is about: of those shown to beat TF, or else of all, the one furthest below it."""
    against = [c for c in statistics.between_regimes(records) if c.second == statistics.BASELINE]
    shown = [c for c in against if c.test.significant and c.ratio_db < 0]
    best = min(shown or against, key=lambda c: c.ratio_db, default=None)
    return best.first if best else None


def headline(records: Records) -> str:
    """Which regime lowers the free-running error, by how much, and how sure that is."""
    family = statistics.between_regimes(records)
    against = [c for c in family if c.second == statistics.BASELINE]
    if not against:
        return "This run does not compare teacher forcing with another regime: it has no headline."
    shown = [c for c in against if c.test.significant and c.ratio_db < 0]
    best = next(c for c in against if c.first == leading(records))
    if shown:
        text = (
            f"With the same number of updates, {REGIMES.get(best.first, best.first)} ({best.first}) gives a lower "
            f"free-running error than teacher forcing (TF) alone: {_amount(best)}, {_counts(best, family)}."
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
    tests = statistics.bias_under_teacher_forcing(records)
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
    for circuit in records.circuits:
        ranked = sorted(
            (records.spread("free_running", circuit, model, regime).median, model, regime)
            for model in records.models
            for regime in records.regimes_of(model, circuit)
        )
        if not ranked:
            continue
        error, model, regime = ranked[0]
        floor = records.spread("free_running", circuit, "nodal", None)
        side = "below" if error < floor.median else "above"
        beside = f", {side} the {esr(floor.median)} of the nodal model, which learns nothing" if floor.values else ""
        found.append(
            f"{records.title(circuit)}: the lowest median free-running ESR is that of {model} under {regime}, "
            f"{esr(error)}{beside}."
        )
    away = sum(math.isinf(free_running(row)) for row in records.rows)
    if away:
        found.append(
            f"{away} of {plural(len(records.rows), 'run')} ran away (no finite free-running error); they are listed "
            "below and count as worse than every other run."
        )
    return found


def troubles(records: Records) -> list[dict[str, str]]:
    """Runs that diverged, ran away or did not find back, for each circuit, model and regime."""
    found = []
    for circuit in records.circuits:
        for model, regime in records.runs(circuit):
            rows = records.select(circuit, model, regime)
            kinds: dict[str, list[str]] = {}
            for row in rows:
                if kind := _trouble(row):
                    kinds.setdefault(kind, []).append(str(row.get("seed", NONE)))
            found += [
                {
                    "circuit": records.title(circuit),
                    "model": model,
                    "regime": regime or NONE,
                    "what": what,
                    "seeds": f"{len(seeds)} of {len(rows)}" + (f" (seed {', '.join(seeds)})" if regime else ""),
                }
                for what, seeds in kinds.items()
            ]
    return found


def _trouble(row) -> str | None:
    if row.get("diverged"):
        return f"training stopped: {row['diverged']}"
    if math.isinf(free_running(row)):
        one_step = forced(row)
        return "ran away" + (f", although teacher-forced its ESR is {esr(one_step)}" if one_step else "")
    return "did not find back from a wrong state within the horizon" if row.get("recovered") is False else None


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
