"""What the comparative study says of its numbers: our ranking by effect beside the published one."""

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

from benchmarks.comparative.captures import CAPTURED, CAPTURING
from benchmarks.comparative.contenders import FIVE
from benchmarks.comparative.published import BESIDE, ESR
from benchmarks.comparative.targets import EFFECTS
from circuitnn.study import Comparison, Records, Section, cells_of, compare, corrected, judged, ranking, wording
from circuitnn.study.breakdown import by_part
from circuitnn.study.findings import lowest_errors
from circuitnn.study.positions import MUSIC, POSITION
from circuitnn.study.wording import esr, judgement, outcome, probability


def seen(records: Records, circuit: str, model: str, regime: str) -> float:
    """Median error on unseen music at the positions of training, as the study has it."""
    found = by_part(records, circuit, model, regime).get("condition", {}).get(MUSIC)
    return math.inf if found is None or math.isnan(found.median) else found.median


def tau(ours: Mapping[str, float], theirs: Mapping[str, float]) -> tuple[float, float]:
    """Kendall's rank correlation of two tables of errors, and the p value that there is none."""
    names = [name for name in theirs if name in ours]
    found = stats.kendalltau([_rankable(ours[name]) for name in names], [theirs[name] for name in names])
    return float(found.statistic), float(found.pvalue)


def alike(records: Records, circuits: Sequence[str], models: Sequence[str], regime: str) -> float | None:
    """Friedman's p that the models are alike, blocks being the knob positions of an effect's devices.

    Positions share a training: this p tells the models of this run apart, and nothing of models trained anew.
    """
    errors: dict[str, list[float]] = {model: [] for model in models}
    for circuit in circuits:
        parts = {model: by_part(records, circuit, model, regime).get("position", {}) for model in models}
        for place in parts[models[0]]:
            if all(place in found for found in parts.values()):
                for model, found in parts.items():
                    errors[model].append(found[place].median)
    ranked = ranking(errors)
    return None if ranked is None else ranked.test.p


def by_effect(records: Records, regime: str) -> list[str]:
    """A sentence for each effect: ranking here, published ranking, Kendall's tau, Friedman's p."""
    sentences = []
    models = [model for model in FIVE if model in records.models]
    for effect, circuits in EFFECTS.items():
        there = [c for c in circuits if all(regime in records.regimes_of(model, c) for model in models)]
        if len(models) < 3 or not there:
            continue
        logs = {model: [math.log(seen(records, circuit, model, regime)) for circuit in there] for model in models}
        ours = {model: math.exp(np.mean(values)) for model, values in logs.items()}
        correlation, p = tau(ours, ESR[effect])
        friedman = alike(records, there, models, regime)
        theirs = ", ".join(sorted((name for name in ESR[effect] if name in ours), key=ESR[effect].__getitem__))
        sentences.append(
            f"{effect} ({', '.join(there)}; {regime}): {_in_order(ours)} (median ESR, unseen music at known positions"
            f"{', geometric mean over devices' if len(there) > 1 else ''}). Published order: {theirs}. Kendall's tau "
            f"{correlation:+.2f} (p {probability(p)})"
            + ("." if friedman is None else f"; alike over positions: p {probability(friedman)} (Friedman).")
        )
    return sentences


def beside(records: Records) -> list[str]:
    """A sentence for each table of the other two comparisons: ranking here, ranking there, Kendall's tau."""
    sentences = []
    for authors, circuit, theirs in BESIDE:
        for regime in records.regimes:
            ours = {
                model: records.spread("free_running", circuit, model, regime).median
                for model in theirs
                if regime in records.regimes_of(model, circuit)
            }
            if len(ours) < len(theirs):
                continue
            correlation, p = tau(ours, theirs)
            sentences.append(
                f"{records.title(circuit)} ({regime}): {_in_order(ours)} (median ESR of the whole test). {authors}, of "
                f"another device: {_in_order(theirs)}. Kendall's tau {correlation:+.2f}"
                + (f" (p {probability(p)})." if len(ours) > 2 else ".")
            )
    return sentences


def unseen(records: Records) -> list[str]:
    """A sentence for each device: how much worse the best model is where no training was."""
    sentences = []
    for circuit in records.circuits:
        runs = [(model, regime) for model in records.models for regime in records.regimes_of(model, circuit)]
        known = [(seen(records, circuit, *run), run) for run in runs]
        if not known:
            continue
        value, run = min(known)
        parts = by_part(records, circuit, *run).get("condition", {})
        if POSITION in parts and math.isfinite(value):
            sentences.append(
                f"{records.title(circuit)}: {run[0]} under {run[1]} has {esr(value)} at positions of the training and "
                f"{esr(parts[POSITION].median)} at the one left out."
            )
    return sentences


def pairs(records: Records) -> list[Comparison]:
    """The networks that capture, each against each over the devices: one family."""
    rows = {
        model: [row for row in records.select(model=model) if row["circuit"] in CAPTURED]
        for model in CAPTURING
        if model in records.models
    }
    found = [
        compare(first, second, cells_of(rows[first], rows[second], by=("circuit",)))
        for first, second in itertools.combinations(rows, 2)
    ]
    return corrected([one for one in found if one])


def captures(records: Records) -> list[str]:
    """A sentence on the median over devices of each network that captures, and one on each two of them."""
    errors = {
        model: [value for circuit in CAPTURED if not math.isnan(value := _captured(records, circuit, model))]
        for model in CAPTURING
        if model in records.models
    }
    medians = {model: float(np.median(values)) for model, values in errors.items() if values}
    if not medians:
        return []
    devices = max(len(values) for values in errors.values())
    return [
        f"Captures at equal cost and time: the median ESR over {wording.plural(devices, 'device')} is "
        f"{_in_order(medians)}.",
        *(
            f"{one.first} against {one.second}: {wording.effect(one)} dB; lower on {one.lower} of {len(one.scores)}; "
            f"p {probability(one.test.p_holm)} after Holm's correction, {wording.verdict(one)}."
            for one in pairs(records)
        ),
    ]


def _captured(records: Records, circuit: str, model: str) -> float:
    values = [
        value
        for regime in records.regimes_of(model, circuit)
        for value in records.spread("free_running", circuit, model, regime).values
    ]
    return float(np.median(values)) if values else math.nan


def sections(records: Records) -> list[Section]:
    """The table of the networks that capture, where the run has them."""
    family = pairs(records)
    note = (
        "Networks that cost as many operations a sample, to within a tenth, trained for the same time on the same "
        "recordings of each device, whose knobs stand still. Interval and p are over devices."
    )
    return [Section("Captures of equal cost", note, family)] if family else []


def headline(records: Records) -> str:
    """What became of the hypotheses."""
    return outcome(judged(records))


def findings(records: Records) -> list[str]:
    """Captures, hypotheses, rankings beside the published ones, the position left out, the best of each device."""
    ranked = [sentence for regime in records.regimes for sentence in by_effect(records, regime)]
    told = [*captures(records), *(judgement(one) for one in judged(records))]
    return [*told, *ranked, *beside(records), *unseen(records), *lowest_errors(records)]


def _rankable(value: float) -> float:
    return value if math.isfinite(value) else 1e300


def _in_order(errors: Mapping[str, float]) -> str:
    """Names with their errors, the lowest first."""
    return ", ".join(f"{name} {esr(errors[name])}" for name in sorted(errors, key=errors.__getitem__))
