"""Numbers and the outcomes of tests as text."""

import math
from collections.abc import Callable, Mapping, Sequence

from circuitnn.study.comparisons import Comparison
from circuitnn.study.hypotheses import Judgement
from circuitnn.study.records import Records, Spread, forced, free_running

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


def volts(value: float) -> str:
    """With its unit: 240 mV, 1.3 V."""
    if not math.isfinite(value):
        return "ran away"
    if value >= 1:
        return f"{value:.3g} V"
    return f"{1e3 * value:.0f} mV" if value >= 0.1 else f"{1e3 * value:.2g} mV"


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
    "esr_forced_at_its_best": esr,
    "bias": bias_db,
    "recovery": milliseconds,
    "parameters": "{:.0f}".format,
    "learning_rate": "{:.2g}".format,
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
    "nrmse": ("NRMSE of the levels", "{:.3g}".format),
    "spectral_flux": ("spectral flux", "{:.3g}".format),
    "mr_stft": ("MR-STFT", "{:.3g}".format),
}


def amount(records: Records) -> str:
    """How much each training is of."""
    seconds = records.header.get("compute", {}).get("seconds")
    if seconds is None:
        return (
            "All trainings get the same compute: the same number of updates, with the same batch and the same window "
            "length. Equal updates are not equal time."
        )
    counts = [row["updates"] for row in records.rows if row.get("updates")]
    told = f", which were {between(counts, '{:d}'.format)} updates" if counts else ""
    return (
        f"All trainings get the same time of each seed, {seconds:g} s{told}, with the same batch and the same window "
        "length. Compiling and validations are not counted."
    )


def rates(records: Records) -> str:
    """How the learning rates were found; empty for results that do not say."""
    rows = [row for row in records.rows if row.get("learning_rate") is not None]
    tried = [[rate for rate, _ in row["rates_tried"]] for row in rows if row.get("rates_tried")]
    if not tried:
        return "Each model has one learning rate, whatever the regime." if rows else ""
    edges = {(row["circuit"], row["model"], row["regime"]) for row in rows if _is_at_an_edge(row)}
    text = (
        f"The learning rate of each is the best of {listed([f'{rate:g}' for rate in tried[0]])} in short trainings, by "
        "free-running validation error."
    )
    if not edges:
        return text
    share = f"{len(edges)} of {len({(row['circuit'], row['model'], row['regime']) for row in rows})}"
    return f"{text} For {share} that is the lowest or the highest rate that was tried."


def _is_at_an_edge(row: Mapping) -> bool:
    tried = [rate for rate, _ in row.get("rates_tried") or ()]
    return len(tried) > 1 and row["learning_rate"] in (min(tried), max(tried))


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


def plural(count: int, noun: str, several: str | None = None) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {several or f'{noun}s'}"


def verdict(comparison: Comparison) -> str:
    """What a two-sided comparison has shown."""
    test = comparison.test
    if test.significant:
        lower = better(comparison)
        return f"{lower} is lower" if lower else "none is lower: what is better in the mean failed more often"
    if test.hopeless:
        return f"cannot tell: at best p = {test.best_holm:.3g} with {plural(test.n, comparison.over)}"
    return "no difference shown"


def better(comparison: Comparison) -> str | None:
    """The side with the lower error in the mean, unless it failed more often."""
    if comparison.ratio_db == 0 or math.isnan(comparison.ratio_db):
        return None
    ours, theirs = comparison.failures
    if comparison.ratio_db < 0:
        return comparison.first if ours <= theirs else None
    return comparison.second if theirs <= ours else None


def bias_verdict(comparison: Comparison) -> str:
    """What a one-sided test for a bias above zero has shown."""
    test = comparison.test
    if test.significant:
        return "above zero"
    if test.hopeless:
        return f"cannot tell: at best p = {test.best_holm:.3g} with {plural(test.n, comparison.over)}"
    return "not shown to be above zero"


def effect(comparison: Comparison | None, sign: int = 1) -> str:
    """The mean over cells with its 95 % interval, in dB; `sign` -1 turns it round."""
    if comparison is None or comparison.effect is None:
        return NONE
    mean, *ends = (sign * value for value in (comparison.effect.mean, comparison.effect.low, comparison.effect.high))
    return f"{db(mean)} ({db(min(ends))} to {db(max(ends))})"


def counted(comparison: Comparison) -> str:
    """What a comparison counts: models on the same circuits are less than as many circuits."""
    text = plural(len(comparison.scores), comparison.over)
    circuits = len(comparison.by_circuit)
    return text if circuits == len(comparison.scores) else f"{text} on {plural(circuits, 'circuit')}"


def failures(comparison: Comparison) -> str:
    """How many runs of each side failed."""
    ours, theirs = comparison.failures
    return f"{ours}; {theirs}" if ours or theirs else "none"


def judgement(found: Judgement) -> str:
    """A sentence on a hypothesis."""
    comparison, hypothesis = found.comparison, found.hypothesis
    text = f"{hypothesis.name[0].upper()}{hypothesis.name[1:]}: {found.verdict}"
    if comparison is not None and comparison.effect is not None:
        text += f", {effect(comparison)} dB over {counted(comparison)} (95 % interval)"
    return f"{text}; {found.why}."


def outcome(judgements: Sequence[Judgement]) -> str:
    """A sentence on all hypotheses of a study."""
    if not judgements:
        return "No hypotheses were written down before this run: it describes, and confirms nothing."
    told = [
        f"{verdict}: {listed(names) if names else 'none'}"
        for verdict in ("shown", "refuted", "not decided")
        if (names := [found.hypothesis.name for found in judgements if found.verdict == verdict]) or verdict == "shown"
    ]
    return f"Of {plural(len(judgements), 'hypothesis', 'hypotheses')} written down before: {'; '.join(told)}."


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
