"""How figures look: what all of them have in common, and what a picture on a page is."""

import dataclasses
import io
import textwrap
from typing import final

from matplotlib import rc_context
from matplotlib.figure import Figure

INK, FAINT = "#222222", "#8a8a8a"
# Okabe & Ito (2002), "Color universal design".
BLUE, ORANGE, VERMILION, GREEN, PURPLE, SKY = "#0072B2", "#E69F00", "#D55E00", "#009E73", "#CC79A7", "#56B4E9"

WIDTH = 8.6  # inches, of a picture as wide as a page

_SETTINGS = {
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


@final
@dataclasses.dataclass(frozen=True)
class Picture:
    """A figure as a PNG file, with what it shows in words."""

    name: str
    png: bytes
    message: str
    caption: str


def context():
    """Within it, figures are drawn in this style, whatever the user's own settings are."""
    return rc_context(_SETTINGS)


def png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130, metadata={"Software": None})
    return buffer.getvalue()


def captioned(figure: Figure, message: str, caption: str, *, name: str = "") -> Picture:
    """The figure with what it says on top, wrapped to its width."""
    characters = int(9.6 * figure.get_figwidth())
    figure.suptitle("\n".join(textwrap.wrap(message, characters)), x=0.012, ha="left")
    return Picture(name, png(figure), message, caption)
