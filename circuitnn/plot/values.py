"""Numbers by name, and curves over anything."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from circuitnn.plot import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEW = 32  # points that get a marker each
TICKED = 6  # points of a logarithmic axis that get a tick each
MARKERS = "os^Dv*"


@style.drawn
def curves(
    over: ArrayLike,
    rows: ArrayLike | Mapping[str, ArrayLike],
    *,
    x: str,
    y: str,
    log: str = "",
    title: str | None = None,
) -> "Figure":
    """Curves over anything, such as an error over the sample rate; a few points are marked each.

    Args:
        over: (n,), where the points are.
        rows: (n,), or several by name.
        x: what `over` is, with its unit.
        y: what the rows are, with their unit.
        log: axes that are logarithmic: "x", "y" or "xy".
        title: what the picture says, above it.

    Raises:
        ValueError: for rows of another length than `over`, and axes of another name.
    """
    places = np.asarray(over, np.float64)
    known = {
        str(name): np.asarray(row, np.float64)
        for name, row in (rows if isinstance(rows, Mapping) else {"": rows}).items()
    }
    for name, row in known.items():
        if places.ndim != 1 or row.shape != places.shape:
            raise ValueError(f"curve {name}: expected {places.shape} as where the points are, got {row.shape}")
    if not set(log) <= set("xy"):
        raise ValueError(f"log: 'x', 'y' or 'xy', not {log!r}")
    figure, axes = style.panels(size=(style.WIDTH, 3.4))
    panel = axes[0, 0]
    is_marked = len(places) <= FEW
    for (name, row), look, marker in zip(known.items(), style.looks(len(known)), MARKERS * len(known), strict=False):
        panel.plot(places, row, label=name, **look, **{"marker": marker, "markersize": 4} if is_marked else {})
    if "x" in log:
        margin = 1.05 if is_marked else 1.0  # so that no marker is cut
        style.hertz(panel, float(places.min()) / margin, float(places.max()) * margin)
        if len(places) <= TICKED:
            panel.set_xticks(places, [style.short(place) for place in places])
    elif not is_marked:
        panel.margins(x=0)
    if "y" in log:
        panel.set_yscale("log")
        ticks = style.round_numbers(*panel.get_ylim())
        if len(ticks) < 7:  # more are powers of ten, as matplotlib has them
            panel.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
            panel.tick_params(axis="y", which="minor", labelleft=False)
    panel.set(xlabel=x, ylabel=y)
    style.legend(figure, panel)
    style.title(figure, title)
    return figure


@style.drawn
def bars(values: Mapping[str, float], axis: str, *, title: str | None = None) -> "Figure":
    """Numbers by name, the largest on top: what each component does to a level, for example.

    Args:
        values: by name.
        axis: what they are, with their unit.
        title: what the picture says, above it.

    Raises:
        ValueError: when there is none, or one that is not finite.
    """
    known = {str(name): float(value) for name, value in values.items()}
    wrong = [name for name, value in known.items() if not np.isfinite(value)]
    if wrong or not known:
        raise ValueError(f"bars: {wrong[0]} is not finite" if wrong else "bars: there is no value")
    return draw_bars(dict(sorted(known.items(), key=lambda pair: -abs(pair[1]))), axis, title, digits=3)


def draw_bars(values: Mapping[str, float], axis: str, title: str | None, *, digits: int = 4) -> "Figure":
    """From top to bottom, each with its number."""
    figure, axes = style.panels(size=(style.WIDTH, 1.0 + 0.24 * len(values)))
    panel = axes[0, 0]
    drawn = panel.barh(list(values), list(values.values()), height=0.6, color=style.BLUE)
    panel.bar_label(drawn, [f"{value:.{digits}g}" for value in values.values()], padding=4, fontsize=8.5)
    panel.axvline(0, color=style.INK, linewidth=0.8)
    panel.set_ylim(len(values) - 0.4, -0.6)
    panel.grid(axis="y", visible=False)
    panel.margins(x=0.12)
    panel.set_xlabel(axis)
    style.title(figure, title)
    return figure
