"""What the drawn figures of the pages have in common: the style of cn.plot, smaller, and the file."""

import io
import re
from collections.abc import Callable
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from circuitnn.files import replacing
from circuitnn.plot.style import SETTINGS

STYLE = SETTINGS | {"font.size": 8, "axes.titlesize": 8, "lines.linewidth": 1.3, "svg.hashsalt": "circuitnn"}


def keep(path: Path, draw: Callable[[], Figure]) -> None:
    """Draws a figure in that style into an SVG file, the same bytes each time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with rc_context(STYLE):
        buffer = io.StringIO()
        draw().savefig(buffer, format="svg", metadata={"Date": None})
    with replacing(path) as file:
        file.write(_shortened(buffer.getvalue()).encode())


def _shortened(svg: str) -> str:
    """Two digits of a point are enough."""
    return re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), svg)
