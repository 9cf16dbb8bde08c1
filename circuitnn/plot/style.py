"""How figures look: what all of them have in common. Nothing here imports matplotlib before something is drawn."""

import functools
import io
import textwrap
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Parameters = ParamSpec("Parameters")
Drawn = TypeVar("Drawn")

INK, FAINT = "#222222", "#8a8a8a"
# Okabe & Ito (2002), "Color universal design".
BLUE, ORANGE, VERMILION, GREEN, PURPLE, SKY = "#0072B2", "#E69F00", "#D55E00", "#009E73", "#CC79A7", "#56B4E9"
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
DASHES = ("-", "--", "-.", ":")  # so that curves on each other, and on paper, are told apart

WIDTH = 8.6  # inches, of a picture as wide as a page
DPI = 130
FLOOR = 80.0  # dB below the loudest, where spectra and responses end
_LETTERS = 100  # of a legend as wide as a figure

SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "figure.titlesize": 11.5,
    "figure.titleweight": "bold",
    "figure.constrained_layout.use": True,
}


def context() -> Any:
    """Within it, figures are drawn in this style, whatever the user's own settings are.

    Raises:
        ModuleNotFoundError: without matplotlib, with what installs it.
    """
    try:
        from matplotlib import rc_context
    except ModuleNotFoundError:
        raise ModuleNotFoundError("pictures need matplotlib: pip install 'circuitnn[plots]'") from None
    return rc_context(SETTINGS)


def drawn(draw: Callable[Parameters, Drawn]) -> Callable[Parameters, Drawn]:
    """A function that draws in this style: a decorator."""

    @functools.wraps(draw)
    def styled(*args: Parameters.args, **options: Parameters.kwargs) -> Drawn:
        with context():
            return draw(*args, **options)

    return styled


@functools.cache
def _shown() -> "type[Figure]":
    """Figures that a notebook shows, also where it has not imported pyplot."""
    from matplotlib.figure import Figure

    class Shown(Figure):
        def _repr_png_(self) -> bytes:
            return png(self)

    return Shown


def panels(rows: int = 1, columns: int = 1, *, size: tuple[float, float], **options: Any) -> "tuple[Figure, NDArray]":
    """A figure of that size in inches, and its axes (rows, columns)."""
    figure = _shown()(figsize=size)
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def png(figure: "Figure") -> bytes:
    """The figure as a file."""
    literal(figure)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a box stands in its place
        figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def literal(figure: "Figure") -> None:
    """Show names as they are: matplotlib takes what is between dollars for mathematics, which few names are."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        shown = text.get_text() if isinstance(text, Text) else ""
        if "$" in shown and r"\mathdefault" not in shown:  # which numbers beside its axes have
            text.set_parse_math(False)  # type: ignore[attr-defined]


def looks(count: int) -> list[dict[str, Any]]:
    """Colours and dashes; those drawn first are wider, so that what lies on them leaves them seen."""
    return [
        {
            "color": COLOURS[k % len(COLOURS)],
            "linestyle": DASHES[k % len(DASHES)],
            "linewidth": 2.6 if k == 0 < count - 1 else 1.5,
            "alpha": 0.75 if k == 0 < count - 1 else 1.0,
        }
        for k in range(count)
    ]


def shades(count: int) -> NDArray:
    """Colours from dark to light, of a family of curves."""
    from matplotlib import colormaps

    return colormaps["viridis"](np.linspace(0, 0.85, count))


def hertz(axes: "Axes", low: float, high: float) -> None:
    """A logarithmic axis with numbers as one reads them."""
    ticks = round_numbers(low, high)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_xticks(ticks, [short(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("frequency in Hz")


def short(number: float) -> str:
    """A number of an axis: 20k in place of 20000."""
    return f"{number / 1000:g}k" if number >= 1000 else f"{number:g}"


def round_numbers(low: float, high: float) -> list[float]:
    """Those of a logarithmic axis: 1, 2 and 5 of each decade, of more than four decades only 1."""
    steps = (1,) if np.log10(high / low) > 4 else (1, 2, 5)
    numbers = [step * 10.0**decade for decade in range(-12, 13) for step in steps]
    return [number for number in numbers if low <= 1.001 * number and number <= 1.001 * high]


def scale(largest: float, unit: str) -> tuple[float, str]:
    """What volts and amperes are multiplied by, and the unit with its prefix: 20 µV in place of 2e-5 V."""
    if unit not in ("V", "A"):
        return 1.0, unit
    prefixes = ((1.0, ""), (1e3, "m"), (1e6, "µ"), (1e9, "n"))
    return next(((factor, prefix + unit) for factor, prefix in prefixes if largest * factor >= 0.1), (1.0, unit))


def title(figure: "Figure", text: str | None) -> None:
    """What a figure says, above all panels and wrapped to their width; nothing when None."""
    if text is not None:
        figure.suptitle("\n".join(textwrap.wrap(text, int(9.6 * figure.get_figwidth()))), x=0.012, ha="left")


def legend(figure: "Figure", *panels: "Axes", title: str | None = None) -> None:
    """Below all panels, where it covers nothing; as many columns as there is room for; none for a single curve."""
    found = [panel.get_legend_handles_labels() for panel in panels]
    handles, labels = [each for pair in found for each in pair[0]], [each for pair in found for each in pair[1]]
    if len(labels) < 2 and title is None:
        return
    short = ["\n".join(textwrap.wrap(label, 60)) for label in labels]
    figure.legend(handles, short, loc="outside lower left", ncols=columns(figure, short), title=title, alignment="left")


def columns(figure: "Figure", labels: Sequence[str]) -> int:
    """How many columns of a legend as wide as a figure there is room for."""
    room = int(_LETTERS * figure.get_figwidth() / WIDTH)
    return max(1, min(len(labels), room // (max(map(len, labels), default=0) + 8)))


def named(things: Any, kind: str) -> dict[str, Any]:
    """Things by name: a mapping as it is, one thing under no name, several under their numbers."""
    if isinstance(things, Mapping):
        return {str(name): thing for name, thing in things.items()}
    if isinstance(things, Sequence) and not isinstance(things, str):
        return {f"{kind} {k + 1}": thing for k, thing in enumerate(things)}
    return {"": things}
