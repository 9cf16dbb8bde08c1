"""A claim of the documentation: the words, where they stand, and what makes their figure."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import final

PAGES = Path(__file__).parents[2] / "docs"


@final
@dataclasses.dataclass(frozen=True)
class Claim:
    """Words on a page, with the command behind them.

    Attributes:
        page: in docs/, without the folder.
        says: the words; spaces and ends of lines do not count.
        command: that makes the figure.
        size: of its run.
        measured: the figure made anew, in a minute or two; None where that takes longer.
        within: where the figure has to lie for the words to hold.
    """

    page: str
    says: str
    command: str
    size: str
    measured: Callable[[], float] | None = None
    within: tuple[float, float] | None = None

    @property
    def stands(self) -> bool:
        """Whether the page says so."""
        return _plain(self.says) in _plain((PAGES / self.page).read_text(encoding="utf-8"))


def _plain(text: str) -> str:
    return re.sub(r"[\s|]+", " ", text)
