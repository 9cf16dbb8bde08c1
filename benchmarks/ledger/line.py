"""A line of the ledger: a law that is checked of many subjects, and broken models that the check must refuse."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, kw_only=True)
class Line:
    """A law.

    Attributes:
        name: of the line.
        law: in a sentence.
        figure: what the figure is.
        bound: that no figure may exceed.
        subjects: circuits or devices that are measured.
        quick: of these the ones that tests measure.
        measure: the figure of a subject; NaN is refused.
        controls: subjects of which a broken model is measured.
        broken: its figure, which has to be above the bound.
        control: what is broken.
    """

    name: str
    law: str
    figure: str
    bound: float
    subjects: tuple[str, ...]
    quick: tuple[str, ...]
    measure: Callable[[str], float]
    controls: tuple[str, ...]
    broken: Callable[[str], float]
    control: str

    def holds(self, figure: float) -> bool:
        """Whether a figure is within the bound."""
        return figure <= self.bound
