"""The training regimes of a study: those of the library by their short names, and the form of one's own."""

import dataclasses
from collections.abc import Callable
from typing import final

from circuitnn.train import (
    GrowingHorizon,
    InTurn,
    MultipleShooting,
    NoiseInjection,
    Regime,
    ScheduledSampling,
    TeacherForcing,
    TruncatedBPTT,
)


@final
@dataclasses.dataclass(frozen=True)
class TrainingRegime:
    """A training regime of a study.

    Attributes:
        title: for the report.
        build: makes it from the keywords `length` and `warmup` (samples) and `blocks`, as the classes of regimes do.
    """

    title: str
    build: Callable[..., Regime | InTurn]

    @property
    def needs_states(self) -> bool:
        """Whether true states are shown at any time of the training."""
        regime = self.build(length=1, warmup=0)
        parts = [part for part, _ in regime.parts] if isinstance(regime, InTurn) else [regime]
        return any(part.needs_states for part in parts)


def _forced_then_free(**window: int) -> InTurn:
    return InTurn((TeacherForcing(**window), 0.3), (TruncatedBPTT(**window), 0.7))


def _forced_start(*, length: int, **window: int) -> MultipleShooting:
    return MultipleShooting(length, segment=length, gap=0.0, **window)


#: Those that a study has where it names none; `MORE_REGIMES` has all.
REGIMES = {
    "TF": TrainingRegime("teacher forcing", TeacherForcing),
    "SS": TrainingRegime("scheduled sampling", ScheduledSampling),
    "TBPTT": TrainingRegime("truncated backpropagation through time", TruncatedBPTT),
    "TF+TBPTT": TrainingRegime("teacher forcing followed by truncated backpropagation through time", _forced_then_free),
}

MORE_REGIMES = REGIMES | {
    "START": TrainingRegime("forced start: the true state at the start of the block, then free", _forced_start),
    "NOISE": TrainingRegime("noise injection: teacher forcing with falling noise", NoiseInjection),
    "MS": TrainingRegime("multiple shooting: the true state each 64 samples", MultipleShooting),
    "GROW": TrainingRegime("growing horizon: from teacher forcing to free running", GrowingHorizon),
}
