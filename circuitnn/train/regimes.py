"""Training regimes: what a model is shown while it is trained on a window of signal.

A regime says how a window is laid out (samples without a loss, blocks with one update each) and where the model's own
circuit states are replaced by the true ones. Everything else of training is the same for all of them (`fit`).

References:
    Williams, Zipser 1989: teacher forcing. Bengio et al. 2015: scheduled sampling. Wright, Damskaegg, Valimaki 2019:
    truncated backpropagation through time with a warm-up for audio circuits. Peussa et al. 2021: the three compared on
    circuit models.
"""

import abc
import dataclasses
from typing import Any, ClassVar, final

import jax
import jax.numpy as jnp
from jax import Array

from circuitnn.model import Forcing


@dataclasses.dataclass(frozen=True)
class Regime(abc.ABC):
    """How one window is used (abstract).

    Attributes:
        length: samples that one gradient reaches back over, and that one update is computed from.
        warmup: samples at the start of each window that have no loss: they bring the model's other memory in order.
        blocks: updates for each window, the carry handed on between them without a gradient.
    """

    length: int = 2048
    warmup: int = 1000
    blocks: int = 1

    needs_states: ClassVar[bool]
    # Whether `forcing` looks at the share of the training that is done: a run of it cannot become longer.
    depends_on_progress: ClassVar[bool] = True

    def __post_init__(self):
        for name, least in (("length", 1), ("warmup", 0), ("blocks", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ValueError(f"{type(self).__name__}: {name} must be an integer of at least {least}, got {value!r}")

    @abc.abstractmethod
    def forcing(self, key: Array, progress: Array, previous: Array | None) -> Forcing | None:
        """What the model is shown of the true states in one block; None when it runs freely.

        Args:
            key: for random choices.
            progress: share of the training that is done, 0 to 1.
            previous: the true states before each sample, (batch, time, n_states); None where they are unknown.
        """

    def horizon(self, progress: Array) -> Any:
        """Samples between true states, the unit of the state error (`objective.state_scale`); None: the state itself.

        Args:
            progress: share of the training that is done, 0 to 1.
        """
        return 1 if self.needs_states else None

    def emphasis(self, dtype: Any) -> Array | None:
        """What the state error of each sample of a block counts, (length,); None for all the same."""
        return None


@final
@dataclasses.dataclass(frozen=True)
class TeacherForcing(Regime):
    """Every step starts from the true state: the model learns one step ahead.

    Models without further memory are trained on all samples in parallel.
    """

    warmup: int = 100

    needs_states: ClassVar[bool] = True
    depends_on_progress: ClassVar[bool] = False

    def forcing(self, key: Array, progress: Array, previous: Array | None) -> Forcing | None:
        return None if previous is None else Forcing(previous)


@final
@dataclasses.dataclass(frozen=True)
class ScheduledSampling(Regime):
    """Each step starts from the true state with a probability that falls while training goes on.

    Attributes:
        start: probability of the true state at the start of training.
        end: the probability from the fraction `until` of training on; linear in between.
        until: that fraction, above 0 and at most 1.
    """

    warmup: int = 100
    start: float = 1.0
    end: float = 0.0
    until: float = 0.75

    def __post_init__(self):
        super().__post_init__()
        if not (0 <= self.start <= 1 and 0 <= self.end <= 1 and 0 < self.until <= 1):
            raise ValueError(f"ScheduledSampling: start, end and until are fractions, got {self}")

    needs_states: ClassVar[bool] = True

    def forcing(self, key: Array, progress: Array, previous: Array | None) -> Forcing | None:
        if previous is None:
            return None
        done = jnp.clip(progress / self.until, 0.0, 1.0)
        probability = self.start + (self.end - self.start) * done
        return Forcing(previous, jax.random.bernoulli(key, probability, previous.shape[:-1]))


@final
@dataclasses.dataclass(frozen=True)
class TruncatedBPTT(Regime):
    """The model runs freely from its own states, as it will when it is used; gradients reach back over one block.

    A model with circuit states starts each window from the true ones where they are known: without a warm-up this is
    training with a forced start. `MultipleShooting` forces the start of the block after a warm-up too.
    """

    needs_states: ClassVar[bool] = False
    depends_on_progress: ClassVar[bool] = False

    def forcing(self, key: Array, progress: Array, previous: Array | None) -> Forcing | None:
        return None


@final
@dataclasses.dataclass(frozen=True)
class InTurn:
    """Regimes one after the other, each for a share of the epochs.

    `InTurn((TeacherForcing(), 0.3), (TruncatedBPTT(), 0.7))` forces first and runs freely later. Weights and optimiser
    state are handed on from each to the next.
    """

    parts: tuple[tuple[Regime, float], ...]

    def __init__(self, *parts: tuple[Regime, float]):
        for part in parts or (None,):
            if not (isinstance(part, tuple) and len(part) == 2 and isinstance(part[0], Regime) and part[1] > 0):
                raise ValueError(
                    f"InTurn takes pairs of a regime and a positive share, (TeacherForcing(), 0.3), got {part}"
                )
        object.__setattr__(self, "parts", tuple(parts))

    def at(self, progress: float) -> Regime:
        """The regime in force when the fraction `progress` of all epochs is done."""
        total, done = sum(share for _, share in self.parts), 0.0
        for regime, share in self.parts:
            done += share / total
            if progress < done - 1e-12:
                return regime
        return self.parts[-1][0]
