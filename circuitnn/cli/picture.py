"""The family of curves as a picture: a panel for each knob."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from circuitnn.cli.family import Family, decibels
from circuitnn.cli.problems import Failure
from circuitnn.files import replacing
from circuitnn.plot.style import COLOURS, INK, SETTINGS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FLOOR = 60.0  # dB below the loudest curve, where the picture ends
PANEL = 3.6, 2.9  # inches
STYLE = SETTINGS | {"font.size": 9, "axes.titleweight": "bold", "lines.linewidth": 1.5, "svg.hashsalt": "circuitnn"}


def need_matplotlib() -> None:
    """Before anything is computed.

    Raises:
        Fault: when it is not installed, with what installs it.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise Failure(
            "a picture needs matplotlib: pip install 'circuitnn[plots]' (or ask for a table: -o FILE.csv)"
        ) from None


def write_picture(path: Path, curves: Family, *, title: str, unit: str) -> None:
    """Draw the family; the ending of the path says the format.

    Args:
        path: ends in .png, .svg or .pdf.
        curves: what is drawn, over a logarithmic frequency axis.
        title: above all panels.
        unit: label of the vertical axes.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        count = len(curves.swept)
        columns = 2 if count == 4 else min(count, 3)
        rows = math.ceil(count / columns)
        size = max(PANEL[0] * columns, 4.6), PANEL[1] * rows + 0.8
        figure = Figure(figsize=size, layout="constrained")
        panels = list(figure.subplots(rows, columns, squeeze=False, sharey=True).flat)
        for spare in panels[count:]:
            spare.remove()
        limits = _limits(curves)
        for position, (knob, panel) in enumerate(zip(curves.swept, panels, strict=False)):
            _draw(panel, curves, knob, limits)
            panel.set_xlabel("frequency in Hz")
            panel.tick_params(labelleft=True)
            if position % columns == 0:
                panel.set_ylabel(unit)
        figure.suptitle(_wrapped(title, size[0]), x=0.012, ha="left", fontsize=10.5)
        _add_legend(figure, curves)
        with replacing(path) as file:
            suffix = path.suffix.lower().removeprefix(".")
            figure.savefig(file, format=suffix, dpi=150, metadata=_METADATA[suffix])


# No dates and versions in the file: the same curves are the same bytes.
_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
}


def _draw(panel: "Axes", curves: Family, knob: str, limits: tuple[float, float]) -> None:
    """One knob: its curves, and under its name where the others stand."""
    silent = []
    for n, color in zip(curves.swept[knob], _colors_of(curves, knob), strict=True):
        level = decibels(curves.response[n])
        panel.semilogx(curves.freqs, level, color=color)
        if curves.reference is not None:
            panel.semilogx(
                curves.reference_freqs,
                decibels(curves.reference[n]),
                linestyle="none",
                marker="o",
                markersize=3.6,
                markerfacecolor="none",
                markeredgecolor=color,
                markeredgewidth=0.9,
            )
        if level.max() < limits[0]:
            silent.append(curves.names[n] if curves.names else f"{curves.knobs[knob][n]:g}" if knob else "")
    panel.set(xlim=(curves.freqs[0], curves.freqs[-1]), ylim=limits)
    panel.set_title(knob)
    ticks = _ticks(curves.freqs[0], curves.freqs[-1])
    panel.set_xticks(ticks, [_hertz(f) for f in ticks])
    panel.minorticks_off()
    if silent:
        named = ", ".join(filter(None, silent))
        words = f"{'at ' * bool(knob)}{named}: silent" if named else "silent"
        panel.text(0.03, 0.04, words, transform=panel.transAxes, color=INK, fontsize=8)


def _ticks(low: float, high: float) -> list[float]:
    """As many round frequencies as there is room for: 1, 2, 5 of each decade, decades alone, or equal steps."""
    from matplotlib.ticker import MaxNLocator

    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1,)):
        found = [10.0**decade * step for decade in decades for step in steps]
        found = [f for f in found if low <= f * (1 + 1e-9) and f <= high * (1 + 1e-9)]
        if 3 <= len(found) <= 10:
            return found
    if len(found) > 10:
        return found[:: math.ceil(len(found) / 10)]
    return [f for f in MaxNLocator(4).tick_values(low, high) if low <= f <= high]


def _hertz(value: float) -> str:
    return f"{value / 1e6:g}M" if value >= 1e6 else f"{value / 1e3:g}k" if value >= 1e3 else f"{value:g}"


def _limits(curves: Family) -> tuple[float, float]:
    """Common to all panels, so that they can be compared; at least 6 dB, and 60 dB at most."""
    shown = decibels(curves.response)
    shown = shown[np.isfinite(shown)]
    if not shown.size:
        return -FLOOR, 0.0
    top, bottom = float(shown.max()), float(max(shown.min(), shown.max() - FLOOR))
    middle, half = 0.5 * (top + bottom), max(0.55 * (top - bottom), 3.0)
    return middle - half, middle + half


def _colors(count: int) -> np.ndarray:
    """Dark to light, in an order that colour-blind readers see; without the lightest, which is faint on white."""
    import matplotlib as mpl

    return mpl.colormaps["viridis"](np.linspace(0, 0.85, count))


def _colors_of(curves: Family, knob: str) -> Any:
    """A knob's positions in order; of circuits, colours that have none (Okabe & Ito 2002)."""
    if curves.names:
        return [COLOURS[n % len(COLOURS)] for n in curves.swept[knob]]
    return _colors(len(curves.swept[knob]))


def _add_legend(figure: "Figure", curves: Family) -> None:
    """Below all panels, where no curve can be: the positions are the same in all of them."""
    from matplotlib.lines import Line2D

    handles: list[Line2D] = []
    labels: list[str] = []
    knob = next(iter(curves.swept))
    if knob:
        positions = curves.knobs[knob][curves.swept[knob]]
        last = len(positions) - 1
        # Where they are too many for one line, every second or third, with both ends.
        room = figure.get_figwidth() / 0.72 - (1 if curves.reference is None else 2.5)
        step = next(step for step in range(1, last + 1) if last % step == 0 and last / step + 1 <= room)
        shown = range(0, last + 1, step)
        colors = _colors(len(positions))
        handles.append(Line2D([], [], linestyle="none"))
        handles += [Line2D([], [], color=colors[n]) for n in shown]
        labels += ["knob at", *(f"{positions[n]:.3g}" for n in shown)]
    if curves.names:
        handles += [Line2D([], [], color=color) for color in _colors_of(curves, "")]
        labels += curves.names
    if curves.reference is not None:
        handles.append(Line2D([], [], linestyle="none", marker="o", markerfacecolor="none", color=INK, markersize=4))
        labels.append("ngspice")
    if handles:
        figure.legend(
            handles,
            labels,
            loc="outside lower left",
            ncols=1 if curves.names else len(handles),  # names may be long
            handlelength=1.3,
            columnspacing=1.2,
        )


def _wrapped(text: str, inches: float) -> str:
    import textwrap

    return "\n".join(line for part in text.splitlines() for line in textwrap.wrap(part, int(12.5 * inches)))
