"""Does it help to match a GRU's states to the circuit's? Tests against the plain GRU, target by target.

On one target seeds are all that a test can count: it says what training anew on this target would give, and nothing of
other circuits. What is claimed of circuits at large is in the hypotheses.
"""

import math

from benchmarks.state_matching.contenders import MATCHED, PLAIN
from benchmarks.state_matching.targets import HIDDEN
from circuitnn.study import Comparison, Records, Section, cells_of, compare, corrected, judged, ranking
from circuitnn.study.findings import best_run
from circuitnn.study.records import free_running
from circuitnn.study.wording import effect, esr, judgement, listed, outcome, plural, probability

REGIME = "TBPTT"  # the only one that a plain GRU can learn under


def equal_regimes(records: Records) -> list[Comparison]:
    """Each state-matched GRU against the plain one, both under truncated BPTT: one family."""
    return _family(records, {(circuit, model): REGIME for circuit in records.circuits for model in MATCHED})


def best_regimes(records: Records) -> list[Comparison]:
    """The same, each state-matched GRU under the regime that is best on the validation data: one family."""
    chosen = {}
    for circuit in records.circuits:
        for model in MATCHED:
            medians = {
                regime: records.spread("validation_esr", circuit, model, regime).median
                for regime in records.regimes_of(model, circuit)
            }
            known = {regime: value for regime, value in medians.items() if not math.isnan(value)}
            if known:
                chosen[circuit, model] = min(known, key=known.__getitem__)
    return _family(records, chosen)


def _family(records: Records, regimes: dict[tuple[str, str], str]) -> list[Comparison]:
    found = []
    for (circuit, model), regime in regimes.items():
        rows = records.select(circuit, model, regime), records.select(circuit, PLAIN, REGIME)
        if comparison := compare(
            f"{model} ({regime})", PLAIN, cells_of(*rows, by=("circuit",)), where=records.title(circuit)
        ):
            found.append(comparison)
    return corrected(found)


def alike(records: Records, circuit: str) -> float | None:
    """The p value that all models are alike under truncated BPTT, seeds as blocks (Friedman 1937)."""
    errors = {
        model: [free_running(row) for row in rows]
        for model in records.models
        if (rows := records.select(circuit, model, REGIME))
    }
    if len({len(values) for values in errors.values()}) != 1:
        return None
    ranked = ranking(errors)
    return None if ranked is None else ranked.test.p


def headline(records: Records) -> str:
    """What became of the hypotheses, and what the hidden oscillator says, the case that the claim is about."""
    hidden = [c for c in equal_regimes(records) if c.where == records.title(HIDDEN)]
    if not hidden:
        return "This run does not compare a state-matched GRU with a plain one on the phaser with a hidden oscillator."
    best = min(hidden, key=lambda c: math.inf if math.isnan(c.ratio_db) else c.ratio_db)
    plain = records.spread("free_running", HIDDEN, PLAIN, REGIME).median
    text = (
        f"{outcome(judged(records))} On the phaser with a hidden oscillator the free-running error of the plain GRU is "
        f"{esr(plain)} (median ESR); that of the best state-matched GRU, {best.first}, is at {effect(best)} dB of it "
        f"(95 % interval over seeds), lower for {best.lower} of {plural(len(best.scores), 'seed')}."
    )
    shown = [c for c in equal_regimes(records) if c.test.significant]
    if not shown:
        return f"{text} At equal regime no state-matched GRU was shown to differ from the plain one on any target."
    better = [f"{c.first} on {c.where}" for c in shown if c.ratio_db < 0]
    worse = [f"{c.first} on {c.where}" for c in shown if c.ratio_db > 0]
    text += f" Over seeds lower than the plain GRU: {listed(better) if better else 'none'};"
    return f"{text} higher: {listed(worse) if worse else 'none'}."


def findings(records: Records) -> list[str]:
    """The hypotheses, the best model of each target, and whether the models differ at all."""
    sentences = [judgement(one) for one in judged(records)]
    for circuit in records.circuits:
        if best := best_run(records, circuit):
            error, model, regime = best
            p = alike(records, circuit)
            told = "" if p is None else f" All models under {REGIME} alike: p {probability(p)} (Friedman, over seeds)."
            sentences.append(
                f"{records.title(circuit)}: the lowest median free-running ESR is that of {model} under {regime}, "
                f"{esr(error)}; the plain GRU has "
                f"{esr(records.spread('free_running', circuit, PLAIN, REGIME).median)}.{told}"
            )
    return sentences


def sections(records: Records) -> list[Section]:
    """The tests that the study is about."""
    return [
        Section(
            "State matching at equal regime",
            "Each state-matched GRU against the plain GRU on each target (first column), both under truncated BPTT, "
            "with the same updates, batches and windows and as many numbers to learn. Interval and p are over seeds: "
            "they hold for training anew on this target, not for other circuits.",
            equal_regimes(records),
        ),
        Section(
            "State matching at its best regime",
            "The same with the regime of the state-matched GRU chosen on the validation data: that it can be shown the "
            "true states is what state matching is for.",
            best_regimes(records),
        ),
    ]
