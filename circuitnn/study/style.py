"""How the figures look: colours that colour-blind readers tell apart, a marker for each regime, one file format."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from circuitnn.pages.style import Picture as Picture
from circuitnn.pages.style import captioned as captioned
from circuitnn.plot.style import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, columns
from circuitnn.plot.style import FAINT as FAINT
from circuitnn.plot.style import INK as INK
from circuitnn.plot.style import context as context

# Colour and marker: where more are needed than there are colours for colour-blind readers, the marker tells.
LOOKS = {
    "TF": (VERMILION, "o"),
    "SS": (ORANGE, "s"),
    "TBPTT": (BLUE, "^"),
    "TF+TBPTT": (GREEN, "D"),
    "START": (SKY, "v"),
    "NOISE": (INK, "X"),
    "MS": (BLUE, "*"),
    "GROW": (GREEN, "p"),
}
OTHER_LOOK = (PURPLE, "P")
# Of regimes that a study brings along, in the order of its tables.
OTHER_LOOKS = (OTHER_LOOK, (BLUE, "^"), (ORANGE, "s"), (GREEN, "D"), (VERMILION, "o"), (SKY, "v"), (INK, "X"))
_OTHERS: ContextVar[Mapping[str, tuple[str, str]]] = ContextVar("looks of other regimes")


@contextmanager
def telling_apart(regimes: Iterable[str]) -> Iterator[None]:
    """Give those of these regimes that are not the library's looks of their own, as long as there are some."""
    known, others = [name for name in regimes if name in LOOKS], [name for name in regimes if name not in LOOKS]
    free = [look for look in OTHER_LOOKS if look not in [LOOKS[name] for name in known]]
    token = _OTHERS.set(dict(zip(others, itertools.cycle(free), strict=False)))
    try:
        yield
    finally:
        _OTHERS.reset(token)


def _look(regime: str) -> tuple[str, str]:
    return LOOKS.get(regime) or _OTHERS.get({}).get(regime, OTHER_LOOK)


def colour(regime: str) -> str:
    return _look(regime)[0]


def line(regime: str) -> dict[str, Any]:
    """What a line or a point of a regime looks like."""
    colour, marker = _look(regime)
    return {"color": colour, "marker": marker}


def picture(name: str, figure: Figure, message: str, caption: str, *, handles: list[Line2D]) -> Picture:
    """The figure with its message on top, wrapped to its width, and its legend below all panels."""
    most = min(6, columns(figure, [str(handle.get_label()) for handle in handles]))
    figure.legend(handles=handles, loc="outside lower center", ncols=most)
    return captioned(figure, message, caption, name=name)


def regime_handles(regimes: list[str], **options: Any) -> list[Line2D]:
    return [Line2D([], [], **line(name), label=name, **options) for name in regimes]


def median_handle() -> Line2D:
    return Line2D([], [], color=INK, marker="_", markersize=13, markeredgewidth=2, linestyle="none", label="median")


def beyond(axes: Axes, label: str) -> float:
    """Add a band on top of the axes for what has no place on the scale; its height in axes coordinates."""
    band = Rectangle((0, 1.01), 1, 0.08, facecolor="#efefef", transform=axes.transAxes, clip_on=False, zorder=0.5)
    axes.add_patch(band)
    axes.text(1.008, 1.05, label, transform=axes.transAxes, va="center", fontsize=8, color=INK)
    axes.set_title(axes.get_title(loc="left"), y=1.12)
    return 1.05


def finite(values: np.ndarray) -> np.ndarray:
    """With gaps where a curve is not a positive number, as a logarithmic scale needs it."""
    return np.where(np.isfinite(values) & (values > 0), values, np.nan)
