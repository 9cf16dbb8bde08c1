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
        measure: the figure of a subject; NaN is not within any bound.
        controls: subjects of which a broken model is measured; of these the first is what tests measure.
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

    @property
    def quick_controls(self) -> tuple[str, ...]:
        """The controls that tests measure."""
        return self.controls[:1]

    def holds(self, figure: float) -> bool:
        """Whether a figure is within the bound."""
        return figure <= self.bound

    def refuses(self, figure: float) -> bool:
        """Whether a broken model's figure is beyond the bound; one that has no figure was not seen to be broken."""
        return figure > self.bound
