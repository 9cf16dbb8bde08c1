"""Numbers and the outcomes of tests as text."""

import math
from collections.abc import Callable, Sequence

from circuitnn.study.records import Records, Spread, forced, free_running
from circuitnn.study.statistics import Comparison, SignedRank

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


def millivolts(value: float) -> str:
    """Of volts."""
    return f"{1e3 * value:.0f}" if value >= 0.1 else f"{1e3 * value:.2g}"


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
    "nrmse": ("NRMSE of the levels", "{:.3g}".format),
    "spectral_flux": ("spectral flux", "{:.3g}".format),
    "mr_stft": ("MR-STFT", "{:.3g}".format),
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


def verdict(test: SignedRank, lower: str | None) -> str:
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


def bias_verdict(test: SignedRank) -> str:
    """What a one-sided test for a bias above zero has shown."""
    if test.significant:
        return "above zero"
    if test.hopeless:
        return f"cannot tell: at best p = {test.best_holm:.3g} with {plural(test.n, 'run')}"
    return "not shown to be above zero"


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
