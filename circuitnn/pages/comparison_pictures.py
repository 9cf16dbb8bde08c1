"""Pictures of a comparison: signals where they are loud and quiet, their spectra, responses."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from circuitnn.pages.style import Picture, captioned
from circuitnn.plot import residuals
from circuitnn.plot.style import FLOOR, INK, WIDTH, hertz, legend, looks

if TYPE_CHECKING:
    from circuitnn.pages.comparison_page import Take


def waveforms(takes: "Sequence[Take]", fs: float, unit: str) -> Picture:
    """Where the first is loudest, and where it is quiet; below that, how the others differ from it."""
    figure = Figure(figsize=(WIDTH, 4.8))
    grid = figure.subplots(2, 2, sharex="col", height_ratios=(3, 2))
    first = takes[0].signal
    for column, part, title in zip(grid.T, residuals.excerpts(first, fs), ("loudest", "quiet"), strict=True):
        above, below = column
        time = 1e3 * np.arange(part.stop - part.start) / fs
        for take, look in zip(takes, looks(len(takes)), strict=True):
            above.plot(time, take.signal[part], label=take.name, **look)
            if take is not takes[0]:
                below.plot(time, take.signal[part] - first[part], **look)
        above.set_title(f"{title}, at {part.start / fs:.3f} s")
        below.axhline(0, color=INK, linewidth=0.8)
        below.set_xlabel("time in ms")
    grid[0, 0].set_ylabel(f"output in {unit}")
    grid[1, 0].set_ylabel(f"difference in {unit}")
    legend(figure, grid[0, 0])
    caption = f"20 ms each. Below: the others less {takes[0].name}, which is the zero line."
    return captioned(figure, f"{len(takes)} signals, and how they differ from {takes[0].name}", caption)


def spectra(takes: "Sequence[Take]", fs: float, unit: str) -> Picture:
    """Levels in bands of a sixth of an octave."""
    figure = Figure(figsize=(WIDTH, 3.6))
    axes = figure.subplots()
    top = -np.inf
    for take, look in zip(takes, looks(len(takes)), strict=True):
        freqs, level = residuals.bands(take.signal, fs)
        axes.semilogx(freqs, level, label=take.name, **look)
        top = max(top, float(level.max()))
    axes.set(xlabel="frequency in Hz", ylabel=f"level in dB of 1 {unit}", ylim=(top - FLOOR, top + 5))
    hertz(axes, residuals.LOWEST, 0.5 * fs)
    legend(figure, axes)
    return captioned(figure, "Spectra of the whole sounds", "Root mean square in bands of a sixth of an octave.")


def responses(takes: "Sequence[Take]", freqs: ArrayLike | None) -> Picture | None:
    """Small-signal frequency responses of those that have one; None where none has."""
    having = [(take, look) for take, look in zip(takes, looks(len(takes)), strict=True) if take.response is not None]
    if freqs is None or not having:
        return None
    figure = Figure(figsize=(WIDTH, 3.4))
    axes = figure.subplots()
    curves = [residuals.decibels(np.abs(np.asarray(take.response))) for take, _ in having]
    for curve, (take, look) in zip(curves, having, strict=True):
        axes.semilogx(np.asarray(freqs), curve, label=take.name, **look)
    top = max(float(curve.max()) for curve in curves)
    low = max(min(float(curve.min()) for curve in curves), top - FLOOR)
    axes.set(xlabel="frequency in Hz", ylabel="gain in dB", ylim=(min(low - 2, top - 6), top + 2))
    hertz(axes, float(np.min(np.asarray(freqs))), float(np.max(np.asarray(freqs))))
    legend(figure, axes)
    caption = "Exact analysis at the operating point: what each does to a signal that is very small."
    return captioned(figure, "Small-signal frequency responses", caption)
