"""Pictures of a fitted tone stack: the family of curves, the worst setting, errors over the knobs."""

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from circuitnn.plot import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from circuitnn.tone.report import ToneStackReport

BINS = 8  # of the heat map, each way


@style.drawn
def figures(report: "ToneStackReport") -> dict[str, "Figure"]:
    """The pictures by name.

    Raises:
        ModuleNotFoundError: without matplotlib.
    """
    drawn = {"worst": _worst(report), "errors": _errors(report)}
    if report.family:
        drawn["family"] = _family(report)
    return drawn


def _family(report: "ToneStackReport") -> "Figure":
    count = len(report.family)
    size = 4.2 * count + 0.6, 5.4
    figure, axes = style.panels(2, count, size=size, sharex=True, sharey="row", height_ratios=(3, 1))
    freqs = report.unseen.freqs
    for column, (name, (positions, wanted, found)) in enumerate(report.family.items()):
        above, below = axes[:, column]
        colours = style.shades(len(positions))
        for position, target, model, colour in zip(positions, wanted, found, colours, strict=True):
            above.plot(freqs, target, color=colour, lw=3.5, alpha=0.35)
            above.plot(freqs, model, color=colour, lw=1.1, label=f"{position:g}")
            below.plot(freqs, model - target, color=colour, lw=1)
        above.set_title(f"{name}, other knobs at their defaults" if count > 1 else name)
        above.legend(title=name, fontsize=8, title_fontsize=8, loc="best")
        style.hertz(below, float(freqs[0]), float(freqs[-1]))
    axes[0, 0].set_ylabel("magnitude in dB\n(broad: target, thin: model)")
    axes[1, 0].set_ylabel("error in dB")
    return figure


def _worst(report: "ToneStackReport") -> "Figure":
    errors = np.abs(report.found - report.unseen.decibels)
    setting = int(np.argmax(errors.max(axis=1)))
    figure, axes = style.panels(2, size=(6.4, 5.2), sharex=True, height_ratios=(3, 1))
    above, below = axes[:, 0]
    freqs = report.unseen.freqs
    above.plot(freqs, report.unseen.decibels[setting], color=style.FAINT, lw=4, label="target")
    above.plot(freqs, report.found[setting], color=style.BLUE, lw=1.3, label="model")
    below.plot(freqs, report.found[setting] - report.unseen.decibels[setting], color=style.VERMILION, lw=1.3)
    at = ", ".join(f"{name} {value:.2f}" for name, value in report.worst.items() if name != "freq_hz")
    above.set_title(f"Worst of {len(errors)} settings: {at}")
    above.set_ylabel("magnitude in dB")
    above.legend()
    below.set_ylabel("error in dB")
    style.hertz(below, float(freqs[0]), float(freqs[-1]))
    return figure


def _errors(report: "ToneStackReport") -> "Figure":
    """The mean error of each setting over pairs of knobs; over the one knob, where there is one."""
    errors = np.abs(report.found - report.unseen.decibels)
    names = list(report.unseen.controls)
    positions = report.unseen.positions
    if len(names) == 1:
        figure, ((axis,),) = style.panels(size=(6.4, 3.6))
        order = np.argsort(positions[:, 0])
        axis.plot(positions[order, 0], errors.max(axis=1)[order], color=style.VERMILION, lw=1.2, label="largest")
        axis.plot(positions[order, 0], errors.mean(axis=1)[order], color=style.BLUE, lw=1.2, label="mean")
        axis.set_xlabel(f"position of {names[0]}")
        axis.set_ylabel("absolute error in dB")
        axis.set_title("Error over frequency at each setting")
        axis.legend()
        return figure
    pairs = list(itertools.combinations(range(len(names)), 2))
    columns = min(3, len(pairs))
    rows = math.ceil(len(pairs) / columns)
    figure, grid = style.panels(rows, columns, size=(3.7 * columns + 0.9, 3.4 * rows + 0.4))
    axes = grid.ravel()
    cells = [np.minimum((BINS * positions[:, k]).astype(int), BINS - 1) for k in range(len(names))]
    maps = []
    for a, b in pairs:
        total, count = np.zeros((BINS, BINS)), np.zeros((BINS, BINS))
        np.add.at(total, (cells[b], cells[a]), errors.mean(axis=1))
        np.add.at(count, (cells[b], cells[a]), 1)
        maps.append(np.where(count > 0, total / np.maximum(count, 1), np.nan))
    top = max(np.nanmax(each) for each in maps)
    for axis, (a, b), values in zip(axes, pairs, maps, strict=False):
        axis.grid(visible=False)
        drawn = axis.imshow(values, origin="lower", extent=(0, 1, 0, 1), cmap="viridis", vmin=0, vmax=top)
        axis.set_xlabel(f"position of {names[a]}")
        axis.set_ylabel(f"position of {names[b]}")
    for axis in axes[len(pairs) :]:
        axis.set_axis_off()
    figure.colorbar(drawn, ax=list(axes), label="mean absolute error in dB", shrink=0.9)
    style.title(figure, f"Error over pairs of knobs ({len(errors)} settings that were not fitted)")
    return figure
