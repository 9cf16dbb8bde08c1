"""What is to be known of a memory that was found from a context."""

import dataclasses
from typing import final

import numpy as np

from circuitnn.description import block
from circuitnn.hybrid.oscillator import Movement
from circuitnn.model import Carry

RIVAL = 2.0  # times the error of the best one: another one with less explains the context nearly as well


@final
@dataclasses.dataclass(frozen=True)
class Candidate:
    """One explanation of a context.

    Attributes:
        error: ESR over the context, without its warm-up.
        carry: after the context.
        movement: of the oscillator there; None where the model has none.
    """

    error: float
    carry: Carry
    movement: Movement | None


@final
@dataclasses.dataclass(frozen=True)
class Synchronisation:
    """What `synchronise` found.

    Attributes:
        candidates: explanations that are apart from each other, the best one first.
        deviation: standard deviations of the best one's phase, rate and sweep after the context, from how the errors of
            sixteen parts of the context pull in different directions; infinite where nothing pulls. What the model has
            wrong all along is not in them. None where the model has no oscillator.
    """

    candidates: tuple[Candidate, ...]
    deviation: Movement | None

    @property
    def error(self) -> float:
        """ESR of the best explanation over the context."""
        return self.candidates[0].error

    @property
    def movement(self) -> Movement | None:
        """Of the oscillator after the context, by the best explanation."""
        return self.candidates[0].movement

    @property
    def is_unique(self) -> bool:
        """Whether no other explanation has less than twice the error of the best one."""
        return all(other.error >= RIVAL * self.error for other in self.candidates[1:])

    def __repr__(self) -> str:
        lines = [f"ESR {self.error:.3g} over the context{'' if self.is_unique else ', as others nearly have'}"]
        for number, candidate in enumerate(self.candidates):
            if candidate.movement is None:
                continue
            phase, rate, sweep = (float(np.asarray(each)) for each in candidate.movement)
            text = f"phase {phase:.3g} rad, rate {rate:.4g} Hz" + (f", moving by {sweep:.3g} Hz/s" if sweep else "")
            if number == 0 and self.deviation is not None:
                wide = [float(each) for each in self.deviation]
                text += f"; standard deviations {wide[0]:.2g} rad, {wide[1]:.2g} Hz"
            lines.append(text if number == 0 else f"or {text}: ESR {candidate.error:.3g}")
        return block("Synchronisation", lines)
