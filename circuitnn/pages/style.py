"""What a picture on a page is; how it looks is in `circuitnn.plot.style`."""

import dataclasses
from typing import final

from matplotlib.figure import Figure

from circuitnn.plot.style import png, title


@final
@dataclasses.dataclass(frozen=True)
class Picture:
    """A figure as a PNG file, with what it shows in words."""

    name: str
    png: bytes
    message: str
    caption: str


def captioned(figure: Figure, message: str, caption: str, *, name: str = "") -> Picture:
    """The figure with what it says on top, wrapped to its width."""
    title(figure, message)
    return Picture(name, png(figure), message, caption)
