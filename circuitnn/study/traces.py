"""Figures along time: the error against the horizon, and waveforms."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter

from circuitnn.study import families, style, wording
from circuitnn.study.families import BASELINE
from circuitnn.study.records import Records, file_name
from circuitnn.study.signals import loudest
from circuitnn.study.style import Picture


def horizon(records: Records, circuit: str) -> Picture | None:
    """Error of the states against the time since the last true one, a panel for each model."""
    times = records.curves.get(f"{circuit}|times")
    models = [m for m in records.state_models if any(_curves(records, circuit, m, r) for r in records.regimes)]
    if times is None or not models:
        return None
    columns = 2 if len(models) == 4 else min(3, len(models))
    rows = math.ceil(len(models) / columns)
    figure = Figure(figsize=(10, 1.3 + 3.1 * rows))
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes in grid.flat[len(models) :]:
        axes.set_visible(False)
    ends: dict[str, dict[str, float]] = {}
    for index, (axes, model) in enumerate(zip(grid.flat, models, strict=False)):
        ends[model] = _horizon_panel(axes, records, circuit, model, 1e3 * times)
        axes.set_title(model)
        if index + columns >= len(models):
            axes.set_xlabel("time since the start, ms")
            axes.tick_params(labelbottom=True)
        if index % columns == 0:
            axes.set_ylabel("state error (ESR)")
    low, high = grid[0, 0].get_ylim()
    grid[0, 0].set_ylim(max(low, 1e-12), min(high, 1e2))
    message = _horizon_message(records.title(circuit), families.leading(records), ends, 1e3 * times)
    handles = style.regime_handles(records.regimes, markersize=4.5)
    handles.append(Line2D([], [], color=style.INK, label="started at the true state"))
    handles.append(Line2D([], [], color=style.INK, linestyle="--", label="started at a wrong state"))
    caption = (
        "Energy of the state error over that of the states, mean over starts spread over the test data and "
        "over a twelfth of a decade of time. Solid: median "
        "over seeds, the band from the lowest to the highest; dashed: median from a wrong state. A line that ends "
        "early is that of runs that ran away."
    )
    return style.picture(f"horizon-{file_name(circuit)}.png", figure, message, caption, handles=handles)


def waveforms(records: Records, circuit: str) -> Picture | None:
    """Target and models on a short loud excerpt, and beside them their errors, magnified."""
    time, target, source = (records.curves.get(f"{circuit}|waveform-{name}") for name in ("time", "target", "input"))
    models = [
        m for m in records.models if any(records.curve(circuit, m, r, "waveform") is not None for r in records.regimes)
    ]
    if time is None or target is None or source is None or not models:
        return None
    cut = loudest(source, int(np.searchsorted(time - time[0], 0.01)) + 1)
    t = 1e3 * (time[cut] - time[cut][0])
    figure = Figure(figsize=(10, 2.4 + 1.45 * len(models)))
    grid = figure.subplots(len(models) + 1, 2, sharex=True)
    grid[0, 0].plot(t, source[cut], color=style.FAINT, linewidth=1.2)
    grid[0, 0].set_title("input")
    grid[0, 1].plot(t, target[cut], color=style.INK, linewidth=1.2)
    grid[0, 1].set_title("target output")
    rms: dict[str, dict[str, float]] = {}
    for row, model in zip(grid[1:], models, strict=True):
        rms[model] = _wave_panels(row, records, circuit, model, t, cut)
    for axes in grid.flat:
        axes.yaxis.set_major_formatter(EngFormatter(unit="V"))
    for axes in grid[-1]:
        axes.set_xlabel("time, ms")
    message = _wave_message(records.title(circuit), rms, float(np.sqrt(np.mean(target[cut] ** 2))))
    handles = [Line2D([], [], color=style.INK, label="target")]
    handles += style.regime_handles(records.regimes, markersize=4.5)
    caption = (
        f"The loudest {t[-1]:.0f} ms of the excerpt, free running, for each regime the seed of median error. Beside "
        "the outputs, on a phone below them, the error of each model with a scale of its own; the scale leaves out "
        "errors over ten times the median regime's."
    )
    return style.picture(f"waveforms-{file_name(circuit)}.png", figure, message, caption, handles=handles)


def _horizon_panel(axes: Axes, records: Records, circuit: str, model: str, times: np.ndarray) -> dict[str, float]:
    """Draw it; the median error over the last quarter for each regime."""
    ends = {}
    for regime in records.regimes_of(model, circuit):
        found = _curves(records, circuit, model, regime)
        if not found:
            continue
        ends[regime] = float(np.mean(np.median(found[0], axis=0)[3 * len(times) // 4 :]))
        t, right, wrong = _averaged(times, *found)
        median = np.median(right, axis=0)
        look = style.line(regime) | {"markersize": 3.5}
        axes.plot(t, style.finite(median), **look, linewidth=1.6, markevery=0.15)
        if len(right) > 1:
            low, high = style.finite(right.min(axis=0)), style.finite(np.minimum(right.max(axis=0), 1e6))
            axes.fill_between(t, low, high, color=style.colour(regime), alpha=0.16, linewidth=0)
        axes.plot(t, style.finite(np.median(wrong, axis=0)), **look, linewidth=1.1, linestyle="--", markevery=0.15)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    return ends


def _wave_panels(row: np.ndarray, records: Records, circuit: str, model: str, t: np.ndarray, cut: slice) -> dict:
    """Output on the left, error on the right; the RMS error in volts for each regime."""
    target = records.curves[f"{circuit}|waveform-target"][cut]
    room = 1.6 * float(np.max(np.abs(target)))
    row[0].plot(t, target, color=style.INK, linewidth=2.2, alpha=0.9)
    rms = {}
    for order, regime in enumerate(records.regimes_of(model, circuit)):
        wave = records.curve(circuit, model, regime, "waveform")
        if wave is None:
            continue
        y = wave[cut]
        every = (order * len(y) // 32, max(1, len(y) // 8))  # markers of different regimes side by side
        look = style.line(regime) | {"markersize": 3, "markevery": every}
        row[0].plot(t, np.where(np.abs(y) < 4 * room, y, np.nan), **look, linewidth=1.1)
        row[1].plot(t, y - target, **look, linewidth=1.1)
        rms[regime] = float(np.sqrt(np.mean((y - target) ** 2))) if np.all(np.isfinite(y)) else math.inf
    row[0].set_ylim(-room, room)
    limit = 10 * float(np.median([v for v in rms.values() if math.isfinite(v)] or [room]))
    peak = max((float(np.nanmax(np.abs(line.get_ydata()))) for line in row[1].lines), default=0.0)
    if not peak <= limit:
        row[1].set_ylim(-limit, limit)
    row[1].axhline(0, color=style.INK, linewidth=0.8)
    row[0].set_title(model)
    values = ", ".join(f"{name} {wording.volts(v)}" for name, v in rms.items())
    row[1].set_title(f"error; RMS: {values}", fontsize=9)
    return rms


def _curves(records: Records, circuit: str, model: str, regime: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Errors from a true and from a wrong start, (seeds, horizon) each; what is no number is infinite."""
    found = [records.curve(circuit, model, regime, kind) for kind in ("error", "wrong")]
    usable = [np.where(np.isfinite(c), c, np.inf) for c in found if c is not None and np.ndim(c) == 2 and np.size(c)]
    return (usable[0], usable[1]) if len(usable) == 2 else None


def _averaged(times: np.ndarray, *curves: np.ndarray) -> tuple[np.ndarray, ...]:
    """Means over stretches of time that grow with it, twelve to a decade.

    On a logarithmic axis the last decade holds nine tenths of the samples: drawn one by one they would be a smear.
    """
    first = np.unique(np.geomspace(1, len(times), 1 + round(12 * math.log10(max(len(times), 2)))).astype(int)) - 1
    count = np.diff(np.append(first, len(times)))
    return tuple(np.add.reduceat(a, first, axis=-1) / count for a in (times, *curves))


def _horizon_message(title: str, regime: str | None, ends: dict[str, dict[str, float]], times: np.ndarray) -> str:
    """How the regime of the headline compares with teacher forcing at the end of the horizon."""
    span = f"{times[3 * len(times) // 4]:.0f} to {times[-1]:.0f} ms after the last true state"
    ratios = [
        10 * math.log10(e[regime] / e[BASELINE])
        for e in ends.values()
        if regime in e and 0 < e[regime] < math.inf and 0 < e.get(BASELINE, 0) < math.inf
    ]
    if not ratios:
        return f"{title}: error against the time since the last true state"
    if max(ratios) < 0 or min(ratios) > 0:
        side = "below" if max(ratios) < 0 else "above"
        amount = wording.between([abs(ratio) for ratio in ratios], wording.db)
        return f"{title}: {span}, the error under {regime} is {amount} dB {side} that under TF"
    amount = wording.between(ratios, wording.db)
    return f"{title}: {span}, the error under {regime} is at {amount} dB relative to that under TF"


def _wave_message(title: str, rms: dict[str, dict[str, float]], scale: float) -> str:
    ranked = sorted((value, model, regime) for model, values in rms.items() for regime, value in values.items())
    value, model, regime = ranked[0]
    if not math.isfinite(value):
        return f"{title}: every model ran away on this excerpt"
    return (
        f"{title}: on this excerpt {model} under {regime} is the closest, with an RMS error of "
        f"{wording.volts(value)}, {100 * value / scale:.2g} % of the target's"
    )
