"""Pictures of what was identified: the values, and what the prediction leaves of the recording."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from circuitnn.estimation.fitted_value import LINEAR, FittedValue
from circuitnn.pages.style import Picture, captioned
from circuitnn.plot import residuals
from circuitnn.plot.style import BLUE, FAINT, INK, ORANGE, VERMILION, WIDTH

FARTHEST = 20.0  # times nominal, or one in so many: where an axis of values ends
NEAR = 0.5  # changes up to that are drawn on a linear axis, in percent
TICKS, FINE = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20), (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1, 1.25, 1.5, 2, 2.5, 3)


def values(rows: Sequence[FittedValue]) -> Picture | None:
    """Each value against its nominal one, with its interval; None where there is none that can be compared so."""
    shown = [row for row in rows if row.kind not in LINEAR]
    if not shown:
        return None
    ratios = np.array([[row.fitted, *row.interval] for row in shown]) / np.array([[row.nominal] for row in shown])
    ratios = np.clip(ratios, 1 / FARTHEST, FARTHEST)
    is_linear = np.abs(ratios - 1).max() < NEAR
    figure = Figure(figsize=(WIDTH, 0.9 + 0.42 * len(shown)))
    axes = figure.subplots()
    for place, (row, (at, low, high)) in enumerate(zip(shown, ratios, strict=True)):
        look: dict[str, Any] = {"color": BLUE if row.is_determined else VERMILION}
        axes.plot([low, high], [place, place], linewidth=5, alpha=0.45, solid_capstyle="butt", **look)
        marker = "o" if row.is_determined else "D"
        axes.plot(
            at, place, marker, markersize=6, markerfacecolor=look["color"] if row.is_determined else "white", **look
        )
        for end, bound, sign in ((low, 1 / FARTHEST, "<"), (high, FARTHEST, ">")):
            if np.isclose(end, bound):
                axes.plot(end, place, sign, markersize=7, **look)
    axes.axvline(1, color=INK, linewidth=1)
    axes.set_yticks(range(len(shown)), [row.label for row in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    _scale(axes, ratios, is_linear)
    caption = (
        "Bars are the intervals of 95 %, the line is the nominal value. Blue and filled: determined to the precision "
        "that was asked for; red and hollow: not determined."
    )
    return captioned(figure, _found(shown), caption)


def waveforms(recorded: NDArray, predicted: NDArray, fs: float, unit: str) -> Picture:
    """Recording and prediction, and below them what is left, where it is loud and where it is quiet."""
    left = recorded - predicted
    offset = float(left.mean())
    figure = Figure(figsize=(WIDTH, 4.6))
    grid = figure.subplots(2, 2, sharex="col", height_ratios=(3, 2))
    shares: list[float] = []
    for column, part, title in zip(grid.T, residuals.excerpts(predicted, fs), ("loudest", "quiet"), strict=True):
        time = 1e3 * np.arange(part.stop - part.start) / fs
        above, below = column
        above.plot(time, recorded[part], color=FAINT, linewidth=3.5, alpha=0.6, label="recording")
        above.plot(time, predicted[part] + offset, color=BLUE, linewidth=1.2, label="prediction")
        error = np.sqrt(np.mean((left[part] - offset) ** 2))
        shares.append(float(error / max(np.std(recorded[part]), 1e-300)))
        above.set_title(f"{title}, at {part.start / fs:.3f} s")
        below.plot(time, 1e3 * (left[part] - offset), color=VERMILION, linewidth=1)
        below.axhline(0, color=INK, linewidth=0.8)
        below.set_xlabel("time in ms")
    grid[0, 0].set_ylabel(f"output in {unit}")
    grid[1, 0].set_ylabel(f"left, in m{unit}" if unit == "V" else f"left, in 1/1000 of {unit}")
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    caption = "The mean of what is left is taken out: an offset of the recorder."
    loud, quiet = (f"{100 * share:.2g} %" for share in shares)
    message = f"Left is {loud} of the recording where it is loudest, {quiet} where it is quiet"
    return captioned(figure, message, caption)


def spectrum(recorded: NDArray, predicted: NDArray, fs: float, unit: str, floor: float | None) -> Picture:
    """Levels of the recording and of what is left in bands; `floor`: root mean square of a white noise beneath."""
    found = residuals.spectra(recorded, recorded - predicted, fs)
    figure = Figure(figsize=(WIDTH, 3.4))
    axes = figure.subplots()
    axes.semilogx(found.freqs, found.recorded, color=INK, linewidth=1.6, label="recording")
    axes.semilogx(found.freqs, found.left, color=VERMILION, linewidth=1.6, label="left by the prediction")
    if floor is not None:
        band = found.freqs * (2 ** (0.5 / residuals.BANDS) - 2 ** (-0.5 / residuals.BANDS))
        noise = residuals.decibels(floor * np.sqrt(band / (0.5 * fs)))
        axes.semilogx(found.freqs, noise, "--", color=BLUE, linewidth=1.4, label="noise floor of the recorder")
    ticks = [f for f in (20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000) if f <= 0.5 * fs]
    axes.set_xticks(ticks, [f"{f / 1000:g}k" if f >= 1000 else f"{f:g}" for f in ticks])
    axes.minorticks_off()
    top = float(found.recorded.max())
    bottom = max(float(found.left.min()), top - 120)
    axes.set(xlim=(found.freqs[0], found.freqs[-1]), ylim=(bottom - (5 if floor is None else 15), top + 5))
    axes.set(xlabel="frequency in Hz", ylabel=f"level in dB of 1 {unit}")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    apart = found.recorded - found.left
    worst = int(np.argmin(np.where(found.recorded > top - 40, apart, np.inf)))
    message = (
        f"What is left is {np.median(apart[found.recorded > top - 40]):.0f} dB below the recording where that is loud, "
        f"and {apart[worst]:.0f} dB at {found.freqs[worst]:.0f} Hz"
    )
    return captioned(figure, message, "Root mean square in bands of a sixth of an octave.")


def against_level(recorded: NDArray, predicted: NDArray, fs: float, unit: str) -> Picture:
    """What is left by the level of the prediction, and by its value."""
    left = recorded - predicted
    found = residuals.levels(predicted, left - left.mean(), fs)
    figure = Figure(figsize=(WIDTH, 3.4))
    by_level, by_value = figure.subplots(1, 2)
    by_level.plot(found.level, found.left, ".", color=VERMILION, markersize=2.5, alpha=0.45)
    span = np.array([found.level.min(), found.level.max()])
    for below in (20, 40, 60):
        by_level.plot(span, span - below, color=FAINT, linewidth=0.8)
        by_level.annotate(f"-{below} dB", (span[1], span[1] - below), (3, -3), textcoords="offset points", fontsize=8)
    low, high = np.percentile(found.left, (0.5, 100))
    by_level.set(xlim=(span[0] - 2, span[1] + 9), ylim=(low - 6, high + 8))
    by_level.set(xlabel=f"level of 10 ms of the prediction, dB of 1 {unit}", ylabel=f"left in them, dB of 1 {unit}")
    scale = 1e3
    by_value.axhline(0, color=INK, linewidth=0.8)
    edges = (scale * (found.mean - found.spread), scale * (found.mean + found.spread))
    by_value.fill_between(found.place, *edges, color=ORANGE, alpha=0.3, linewidth=0, label="one standard deviation")
    by_value.plot(found.place, scale * found.mean, color=VERMILION, linewidth=1.6, label="mean")
    small = "mV" if unit == "V" else f"1/1000 of {unit}"
    by_value.set(xlabel=f"prediction in {unit}", ylabel=f"left there, in {small}")
    figure.legend(*by_value.get_legend_handles_labels(), loc="outside lower right", ncols=2)
    caption = (
        "First a point for each 10 ms: noise of the recorder lies flat, a model that is wrong rises with the level. "
        "Then a mean that bends is a nonlinearity that the circuit does not have; a slope is a gain."
    )
    return captioned(figure, "What is left, against the level", caption)


def _scale(axes: Axes, ratios: NDArray, is_linear: bool) -> None:
    low, high = min(ratios.min(), 1.0), max(ratios.max(), 1.0)
    if is_linear:
        room = 0.08 * max(high - low, 0.02)
        axes.set_xlim(low - room, high + room)
        axes.xaxis.set_major_formatter(lambda x, _: f"{100 * (x - 1):+.4g} %" if abs(x - 1) > 1e-9 else "nominal")
        axes.set_xlabel("change from nominal")
        return
    axes.set_xscale("log")
    axes.set_xlim(low / 1.15, high * 1.15)
    ticks = [tick for tick in (TICKS if high > 4 * low else FINE) if low / 1.15 <= tick <= high * 1.15]
    axes.set_xticks(ticks, ["nominal" if tick == 1 else f"x {tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("times nominal")


def _found(rows: Sequence[FittedValue]) -> str:
    known = [row.label for row in rows if row.is_determined]
    if not known:
        return "No value is determined by this recording"
    if len(known) == len(rows):
        return "All values are determined" if len(rows) > 1 else f"{known[0]} is determined"
    others = [row.label for row in rows if not row.is_determined]
    return f"Determined: {', '.join(known)}; not determined: {', '.join(others)}"
