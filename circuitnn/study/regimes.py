"""The training regimes of a study: those of the library by their short names, and the form of one's own."""

import dataclasses
from collections.abc import Callable
from typing import Literal, final

import optax

from circuitnn import capture
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


def warmed_up_adam(learning_rate: float) -> Callable[[int], optax.GradientTransformation]:
    """Adam with a linear warm-up, a cosine decay and clipped gradients, from the number of updates."""

    def build(updates: int) -> optax.GradientTransformation:
        schedule = optax.warmup_cosine_decay_schedule(0.0, learning_rate, max(1, updates // 20), updates)
        return optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule))

    return build


def falling_adam(learning_rate: float) -> Callable[[int], optax.GradientTransformation]:
    """Adam whose rate falls exponentially to a quarter, and clipped gradients, from the number of updates."""

    def build(updates: int) -> optax.GradientTransformation:
        schedule = optax.exponential_decay(learning_rate, updates, 0.25)
        return optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule))

    return build


SCHEDULES = {"cosine": warmed_up_adam, "exponential": falling_adam}


@final
@dataclasses.dataclass(frozen=True)
class TrainingRegime:
    """A training regime of a study.

    Attributes:
        title: for the report.
        build: makes it from the keywords `length` and `warmup` (samples) and `blocks`, as the classes of regimes do.
        loss: one of `circuitnn.capture.LOSSES`.
        schedule: of Adam's rate: "cosine" warms up linearly and decays to zero, "exponential" falls to a quarter.
        rate: of learning, the same for all contenders; None is what the preset's search finds, or the contender's own.
        patience: epochs without a better validation, after which a training ends; None is never.
    """

    title: str
    build: Callable[..., Regime | InTurn]
    _: dataclasses.KW_ONLY
    loss: str = "esr"
    schedule: Literal["cosine", "exponential"] = "cosine"
    rate: float | None = None
    patience: int | None = None

    def __post_init__(self):
        capture.loss(self.loss, 1.0)
        if self.schedule not in SCHEDULES:
            raise ValueError(f"{self.title}: schedule must be one of {', '.join(SCHEDULES)}, got {self.schedule!r}")
        if self.rate is not None and not 0 < self.rate < 1:
            raise ValueError(f"{self.title}: the rate of learning must be above 0 and below 1, got {self.rate!r}")
        if self.patience is not None and self.patience < 1:
            raise ValueError(f"{self.title}: patience must be one epoch or more, got {self.patience!r}")
        try:
            self.build(length=1, warmup=0, blocks=1)
        except TypeError as problem:
            raise ValueError(f"{self.title}: build has to take length, warmup and blocks: {problem}") from None

    def optimizer(self, rate: float) -> Callable[[int], optax.GradientTransformation]:
        """Adam at that rate along the schedule, gradients of at most norm one: of the number of updates."""
        return SCHEDULES[self.schedule](rate)

    @property
    def needs_states(self) -> bool:
        """Whether true states are shown at any time of the training."""
        regime = self.build(length=1, warmup=0, blocks=1)
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
