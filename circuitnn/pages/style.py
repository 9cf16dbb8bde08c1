"""What a picture on a page is; how it looks is in `circuitnn.plot.style`."""

import dataclasses
from typing import final

from matplotlib.figure import Figure

from circuitnn.pages.narrow import narrow
from circuitnn.plot.style import png, title


@final
@dataclasses.dataclass(frozen=True)
class Picture:
    """A figure as a PNG file, with what it shows in words; `narrow` is the same for a phone, where there is one."""

    name: str
    png: bytes
    message: str
    caption: str
    narrow: bytes = b""


def captioned(figure: Figure, message: str, caption: str, *, name: str = "") -> Picture:
    """The figure with what it says on top, wrapped to its width."""
    title(figure, message)
    return Picture(name, png(figure), message, caption, narrow(figure, message))
