"""What joins models without being one of a circuit: a factor, an offset, and a delay."""

from collections.abc import Mapping
from typing import Any, final

import numpy as np
from flax import nnx
from jax import Array
from jax import numpy as jnp

from circuitnn.arguments import checked_dtype, checked_level, spread_level
from circuitnn.composition import delay_line, delayed
from circuitnn.model import Carry, Controls, Level, Model, Rest
from circuitnn.settings import register, settings_of


@final
class Factor(nnx.Variable):
    """The fixed number of a `Gain`: saved with it, never trained."""


class _Plain(Model):
    """A model without knobs that gives as many features as it takes (abstract)."""

    @property
    def controls(self) -> Mapping[str, float]:
        return {}


class _Memoryless(_Plain):
    """One that is the same at every rate and remembers nothing (abstract)."""

    def rebuilt_at(self, fs: float) -> Model:
        return self

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Carry:
        return ()


@register
@final
class Gain(_Memoryless):
    """``y = gain x``: from amperes to volts, from volts to the level that the next part expects.

    Args:
        gain: the factor.
        features: width of x and y.
        trainable: whether the factor is learnt.
        dtype: floating-point type.

    Raises:
        ValueError: for a factor that is not finite.
    """

    def __init__(self, gain: float, *, features: int = 1, trainable: bool = False, dtype: Any = jnp.float32):
        dtype = checked_dtype(dtype)
        if not np.isfinite(gain):
            raise ValueError(f"gain: expected a finite factor, got {gain}")
        self.factor = (nnx.Param if trainable else Factor)(jnp.asarray(gain, dtype))
        self.in_features = self.out_features = features
        self.dtype = dtype

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data."""
        is_learnt = isinstance(self.factor, nnx.Param)
        return settings_of(self, gain=self.factor[...], features=self.in_features, trainable=is_learnt)

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        volts = None if level is None else checked_level(level, (*batch, self.in_features), self.dtype)
        return (), None if volts is None else self.factor[...] * volts

    def __call__(self, carry: tuple[()], x: Array, controls: Controls | None = None) -> tuple[tuple[()], Array]:
        return carry, self.factor[...] * x


@final
class Volts(nnx.Variable):
    """The fixed number of an `Offset`: saved with it, never trained."""


@register
@final
class Offset(_Memoryless):
    """``y = x + offset``: what stands between two grounds, or what a converter calls zero.

    Args:
        offset: volts, or whatever x is in.
        features: width of x and y.
        trainable: whether it is learnt.
        dtype: floating-point type.

    Raises:
        ValueError: for an offset that is not finite.
    """

    def __init__(self, offset: float, *, features: int = 1, trainable: bool = False, dtype: Any = jnp.float32):
        dtype = checked_dtype(dtype)
        if not np.isfinite(offset):
            raise ValueError(f"offset: expected a finite number, got {offset}")
        self.added = (nnx.Param if trainable else Volts)(jnp.asarray(offset, dtype))
        self.in_features = self.out_features = features
        self.dtype = dtype

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data."""
        is_learnt = isinstance(self.added, nnx.Param)
        return settings_of(self, offset=self.added[...], features=self.in_features, trainable=is_learnt)

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        shape = (*batch, self.in_features)
        volts = jnp.zeros(shape, self.dtype) if level is None else checked_level(level, shape, self.dtype)
        return (), volts + self.added[...]

    def __call__(self, carry: tuple[()], x: Array, controls: Controls | None = None) -> tuple[tuple[()], Array]:
        return carry, x + self.added[...]


@register
@final
class Delay(_Plain):
    """``y_n = x_{n - samples}``: what runs beside a model with a latency has to wait for it.

    Args:
        samples: by which the output comes late; before the first input there was silence.
        features: width of x and y.
        dtype: floating-point type.

    Raises:
        ValueError: for a number of samples that is no whole number, or negative.
    """

    def __init__(self, samples: int, *, features: int = 1, dtype: Any = jnp.float32):
        dtype = checked_dtype(dtype)
        if not (isinstance(samples, int) and samples >= 0):
            raise ValueError(f"samples: expected a whole number, not negative, got {samples!r}")
        self.samples, self.in_features, self.out_features, self.dtype = samples, features, features, dtype

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data."""
        return settings_of(self, features=self.in_features)

    @property
    def latency(self) -> int:
        return self.samples

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Array:
        return delay_line(self.samples, spread_level(level, (*batch, self.in_features), self.dtype))

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        volts = None if level is None else checked_level(level, (*batch, self.in_features), self.dtype)
        return self.init_carry(batch, controls, level=level), volts

    def __call__(self, carry: Array, x: Array, controls: Controls | None = None) -> tuple[Array, Array]:
        return delayed(carry, x)
