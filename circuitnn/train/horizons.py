"""Regimes between teacher forcing and free running: states with noise, and true states at intervals.

References:
    Bishop 1995, "Training with noise is equivalent to Tikhonov regularization": noise on what a network is shown.
    Sanchez-Gonzalez et al. 2020, "Learning to simulate complex physics with graph networks": the same against the
    errors that a learned simulator makes on its own. Bock, Plitt 1984: multiple shooting. Bengio et
    al. 2009: curricula.
"""

import dataclasses
import math
from typing import Any, ClassVar, final

import jax
import jax.numpy as jnp
from jax import Array

from circuitnn.arguments import checked_width
from circuitnn.model import Forcing
from circuitnn.train.regimes import Regime


@final
@dataclasses.dataclass(frozen=True)
class NoiseInjection(Regime):
    """Every step starts from the true state with noise added, and the true state after it is the target.

    The model learns to go back to the truth from beside it. A constant level leaves a bias: what is learnt is the mean
    over the noise, which pulls more towards the mean than the circuit does (to first order a penalty on the derivative
    with respect to the states, Bishop 1995). So the level falls to zero by default. Models without further memory are
    trained on all samples in parallel.

    Attributes:
        level: standard deviation of the noise at the start of training, in units of the standard deviation of each
            state in the batch.
        end: the level from the fraction `until` of training on; linear in between.
        until: that fraction, above 0 and at most 1.
    """

    warmup: int = 100
    level: float = 0.03
    end: float = 0.0
    until: float = 0.75

    needs_states: ClassVar[bool] = True

    def __post_init__(self):
        super().__post_init__()
        if not (0 <= self.level < math.inf and 0 <= self.end < math.inf and 0 < self.until <= 1):
            raise ValueError(
                f"NoiseInjection: level and end must be finite and not negative, until a fraction, got {self}"
            )

    def forcing(self, key: Array, progress: Array, previous: Array | None) -> Forcing | None:
        if previous is None:
            return None
        done = jnp.clip(progress / self.until, 0.0, 1.0)
        level = jnp.asarray(self.level + (self.end - self.level) * done, previous.dtype)
        noise = jax.random.normal(key, previous.shape, previous.dtype)
        return Forcing(previous + level * jnp.std(previous, axis=(0, 1)) * noise)


@final
@dataclasses.dataclass(frozen=True)
class MultipleShooting(Regime):
    """The block is cut into segments that begin with the true state, and the model runs freely in each.

    Of Bock and Plitt's method this is the form for known states: the starts are the true ones, no unknowns, and what is
    left of the continuity conditions is a penalty on the state at the end of each segment. States are known at each
    sample here, so that the error along the segment counts as well. Memory that is no circuit state (further units of a
    gated network) goes on over the border of a segment, with its gradient.

    With `segment` at least `length` this is a forced start: the true state at the start of each block, then free.

    Attributes:
        segment: samples that the model runs freely.
        gap: how many times more the state error at the end of a segment counts than elsewhere, 0 for no more.
    """

    segment: int = 64
    gap: float = 1.0

    needs_states: ClassVar[bool] = True
    depends_on_progress: ClassVar[bool] = False

    def __post_init__(self):
        super().__post_init__()
        checked_width("segment", self.segment)
        if not 0 <= self.gap < math.inf:
            raise ValueError(f"MultipleShooting: gap must be finite and not negative, got {self.gap}")

    def forcing(self, key: Array, progress: Array, previous: Array | None) -> Forcing | None:
        return None if previous is None else Forcing(previous, _at_intervals(previous, self.segment))

    def horizon(self, progress: Array) -> Any:
        return min(self.segment, self.length)

    def emphasis(self, dtype: Any) -> Array | None:
        if not self.gap:
            return None
        is_end = (jnp.arange(self.length) + 1) % min(self.segment, self.length) == 0
        return 1 + jnp.asarray(self.gap, dtype) * is_end


@final
@dataclasses.dataclass(frozen=True)
class GrowingHorizon(Regime):
    """The true state is shown at intervals that grow while training goes on, from every sample to not at all.

    A curriculum from teacher forcing to truncated backpropagation through time. The interval is `start` samples at
    first and grows geometrically to the block's length at the fraction `until` of training; from there on the model
    runs freely, warm-up and all. Where in a block the intervals begin is drawn for each update.

    Attributes:
        start: samples that the model runs freely at the start of training; 1 is teacher forcing.
        until: fraction of training, above 0 and at most 1.
    """

    start: int = 1
    until: float = 0.75

    needs_states: ClassVar[bool] = True

    def __post_init__(self):
        super().__post_init__()
        checked_width("start", self.start)
        if not (self.start <= self.length and 0 < self.until <= 1):
            raise ValueError(f"GrowingHorizon: start is at most the length and until a fraction, got {self}")

    def forcing(self, key: Array, progress: Array, previous: Array | None) -> Forcing | None:
        if previous is None:
            return None
        horizon = self.horizon(progress)
        mask = _at_intervals(previous, horizon, jax.random.randint(key, (), 0, horizon))
        return Forcing(previous, mask & (horizon < self.length))

    def horizon(self, progress: Array) -> Any:
        done = jnp.clip(progress / self.until, 0.0, 1.0)
        # A power that is a whole number but for its last bits is that number.
        return jnp.floor(self.start * (self.length / self.start) ** done + 1e-3).astype(int)


def _at_intervals(previous: Array, interval: Any, phase: Any = 0) -> Array:
    """True at each interval of the samples of (batch, time, n_states): (batch, time)."""
    return jnp.broadcast_to((jnp.arange(previous.shape[1]) + phase) % interval == 0, previous.shape[:-1])
