"""Figures of one number a run: the free-running error and the exposure bias, by model and regime."""

import math
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from circuitnn.study import families, style, wording
from circuitnn.study.families import BASELINE
from circuitnn.study.records import NODAL, Records
from circuitnn.study.style import Picture

LETTERS, ALL_LETTERS, SLANTED = 12, 110, 30  # of a name below the axis, of all of them in a row, of one that slants
# Above these a value says no more than "useless", and would squeeze the others together.
_HIGHEST_ESR, _HIGHEST_BIAS = 1e2, 60.0


def error(records: Records) -> Picture:
    """Free-running ESR by model and regime."""
    figure, panels = _stack(records)
    found = {circuit: _points(records, circuit, records.models, "free_running") for circuit in records.circuits}
    everything = [v for values in found.values() for group in values.values() for v in group if 0 < v <= _HIGHEST_ESR]
    # The panels share their axis, so that what fits on one of them fits on all.
    low = min(everything, default=1e-3)
    lows: list[float] = []
    highs: list[float] = []
    for axes, circuit in zip(panels, records.circuits, strict=True):
        values = found[circuit]
        floor = records.spread("free_running", circuit, NODAL, None).median
        on_axis = low / 300 < floor < _HIGHEST_ESR
        axes.set_title(records.title(circuit))
        axes.set_yscale("log")
        lows.append(min(low, floor if on_axis else low) / (2 if on_axis else 5))
        highs.append(2 * max([*everything, 10 * lows[-1]]))
        _draw(axes, records.models, values, lambda v: 0 < v <= _HIGHEST_ESR, f"over {_HIGHEST_ESR:g}\nor ran away")
        if on_axis:
            axes.axhline(floor, color=style.INK, linestyle=(0, (5, 3)), linewidth=1.2)
        elif floor == floor:  # below the axis: an arrow says where
            text = f"nodal model: {wording.esr(floor)}, below this axis"
            axes.text(0.99, 0.02, text, transform=axes.transAxes, ha="right", fontsize=8.5, color=style.INK)
        axes.set_ylabel("free-running ESR (lower is better)")
    for axes in panels:
        axes.set_ylim(min(lows), max(highs))
    handles = [*style.regime_handles(records.regimes, linestyle="none"), style.median_handle()]
    if any(records.select(circuit, NODAL) for circuit in records.circuits):
        handles.append(Line2D([], [], color=style.INK, linestyle=(0, (5, 3)), label="nodal model (nothing learnt)"))
    caption = "Error-to-signal ratio of the output, free running on held-out data. Each point is one seed."
    return style.picture("free-running-error.png", figure, _error_message(records), caption, handles=handles)


def bias(records: Records) -> Picture:
    """Exposure bias by model and regime."""
    figure, panels = _stack(records)
    for axes, circuit in zip(panels, records.circuits, strict=True):
        values = _points(records, circuit, records.state_models, "bias")
        shown = [v for group in values.values() for v in group if v <= _HIGHEST_BIAS] or [0.0]
        axes.set_title(records.title(circuit))
        axes.set_ylim(min(-1.0, min(shown) - 1), max(max(shown), 1.0) + 1)
        axes.axhline(0, color=style.INK, linewidth=1)
        beyond = f"over {_HIGHEST_BIAS:g} dB\nor ran away"
        _draw(axes, records.state_models, values, lambda v: v <= _HIGHEST_BIAS, beyond)
        axes.set_ylabel("exposure bias, dB")
    handles = [*style.regime_handles(records.regimes, linestyle="none"), style.median_handle()]
    caption = (
        "Free-running over teacher-forced ESR, in dB; 0 dB is none. Each point is one seed. Black boxes have none."
    )
    return style.picture("exposure-bias.png", figure, _bias_message(records), caption, handles=handles)


def _stack(records: Records) -> tuple[Figure, list[Axes]]:
    count = len(records.circuits)
    figure = Figure(figsize=(10, 1.2 + 3.1 * count))
    return figure, list(figure.subplots(count, 1, squeeze=False)[:, 0])


def _points(records: Records, circuit: str, models: list[str], key: str) -> dict[tuple[str, str], tuple[float, ...]]:
    return {
        (model, regime): records.spread(key, circuit, model, regime).values
        for model in models
        for regime in records.regimes_of(model, circuit)
    }


def _draw(
    axes: Axes,
    models: list[str],
    values: dict[tuple[str, str], tuple[float, ...]],
    fits: Callable[[float], bool],
    beyond: str,
) -> None:
    """A point for each seed, a bar for their median; what does not fit the scale is shown in a band above it."""
    band = None
    for place, model in enumerate(models):
        regimes = [regime for name, regime in values if name == model]
        for order, regime in enumerate(regimes):
            middle = place + 0.19 * (order - (len(regimes) - 1) / 2)
            points = values[model, regime]
            look: dict[str, Any] = style.line(regime) | {"linestyle": "none"}
            for seed, value in enumerate(points):
                x = middle + 0.09 * ((seed + 0.5) / len(points) - 0.5)
                if fits(value):
                    axes.plot(x, value, **look, markersize=5.5, alpha=0.75, markeredgewidth=0)
                else:
                    band = style.beyond(axes, beyond) if band is None else band
                    above: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "clip_on": False}
                    axes.plot(x, band, **look, markersize=5.5, fillstyle="none", **above)
            median = float(np.median(points)) if points else math.inf
            if fits(median) and len(points) > 1:
                axes.plot([middle - 0.08, middle + 0.08], [median] * 2, color=style.INK, linewidth=2)
    labels = [textwrap.fill(model, LETTERS) if " " in model else model for model in models]
    room = sum(max(map(len, label.splitlines())) + 2 for label in labels) <= ALL_LETTERS
    slanted: dict[str, Any] = {} if room else {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(
        range(len(models)),
        labels if room else [m if len(m) <= SLANTED else f"{m[:SLANTED]}…" for m in models],
        **slanted,
    )
    axes.set_xlim(-0.5, len(models) - 0.5)
    axes.grid(False, axis="x")
    for edge in range(1, len(models)):
        axes.axvline(edge - 0.5, color="#d8d8d8", linewidth=0.8)


def _error_message(records: Records) -> str:
    """In how many cases the regime of the headline beats teacher forcing."""
    regime = families.leading(records)
    if regime is None:
        return "Free-running error by model and regime"
    pairs = [
        [records.spread("free_running", circuit, model, name).median for name in (regime, BASELINE)]
        for circuit in records.circuits
        for model in records.state_models
        if {regime, BASELINE} <= set(records.regimes_of(model, circuit))
    ]
    lower = sum(ours < theirs for ours, theirs in pairs)
    return (
        f"{regime} has a lower median free-running error than TF in {lower} of {len(pairs)} cases (circuit and model)"
    )


def _bias_message(records: Records) -> str:
    medians = {
        regime: sorted(
            value.median
            for c in records.circuits
            for m in records.state_models
            if (value := records.spread("bias", c, m, regime)).values
        )
        for regime in (BASELINE, "TBPTT")
    }
    told = [regime for regime in medians if medians[regime]]
    if not told:
        return "Exposure bias by model and regime"
    spans = {regime: wording.between(medians[regime], wording.bias_db) for regime in told}
    return "Exposure bias, medians: " + "; ".join(
        f"{span}{'' if math.isinf(medians[regime][-1]) else ' dB'} under {regime}" for regime, span in spans.items()
    )
