"""What a picture on a page is; how it looks is in `circuitnn.plot.style`."""

import dataclasses
import textwrap
from typing import final

from matplotlib.figure import Figure

from circuitnn.pages.narrow import narrow
from circuitnn.plot.style import png


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
    characters = int(9.6 * figure.get_figwidth())
    figure.suptitle("\n".join(textwrap.wrap(message, characters)), x=0.012, ha="left")
    return Picture(name, png(figure), message, caption, narrow(figure, message))
