"""Memories of a signal at several lengths: what a network without memory has to hear to know what has been."""

from collections.abc import Mapping, Sequence
from typing import Any, final

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from circuitnn.arguments import checked_dtype, checked_level, checked_rate
from circuitnn.model import Carry, Controls, Level, Model, Rest
from circuitnn.settings import register


@register
@final
class LowPassBank(Model):
    """The inputs, and each of them behind low passes of the first order: ``s_n = s_(n-1) + g (u_n - s_(n-1))``.

    With g = 1 - exp(-1/(fs tau)) for each time constant tau. The outputs are all inputs, then all of them behind the
    first low pass, and so on. What follows it, without memory, makes of it any filter with these poles, and a Wiener
    model (Wiener 1958) of a nonlinear one. Nothing in it is learnt.

    Args:
        time_constants: seconds, positive.
        fs: sample rate, Hz.
        in_features: width of x; that of y is so many for x and for each time constant.
        dtype: floating-point type of the signals.

    Raises:
        ValueError: for no time constant, or one that is not positive and finite.

    Source: Wiener, Nonlinear problems in random theory, 1958; Wahlberg 1991 (filters with chosen poles).
    """

    def __init__(
        self, time_constants: Sequence[float], fs: float = 48_000, *, in_features: int = 1, dtype: Any = jnp.float32
    ):
        seconds = tuple(float(each) for each in time_constants)
        if not seconds or not all(0 < each < np.inf for each in seconds):
            raise ValueError(f"time_constants: seconds are wanted, all positive, got {time_constants!r}")
        if not (isinstance(in_features, int) and in_features > 0):
            raise ValueError(f"in_features: expected a whole number of at least 1, got {in_features!r}")
        self.fs, self.dtype, self.time_constants = checked_rate(fs), checked_dtype(dtype), seconds
        self.in_features, self.out_features = in_features, in_features * (1 + len(seconds))

    @property
    def controls(self) -> Mapping[str, float]:
        return {}

    def rebuilt_at(self, fs: float) -> Model:
        return LowPassBank(self.time_constants, fs, in_features=self.in_features, dtype=self.dtype)

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Array:
        return self.resting(batch, controls, level=level)[0]

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        shape = (*batch, self.in_features)
        volts = jnp.zeros(shape, self.dtype) if level is None else checked_level(level, shape, self.dtype)
        y = jnp.tile(jnp.broadcast_to(volts, shape), 1 + len(self.time_constants))
        return y[..., self.in_features :], None if level is None else y

    def __call__(self, carry: Carry, x: Array, controls: Controls | None = None) -> tuple[Carry, Array]:
        # Of the rate and not of the pole, which near 1 would lose the digits that matter.
        gain = jnp.asarray(-np.expm1(-1 / (self.fs * np.array(self.time_constants))), self.dtype)
        gain = jnp.repeat(gain, self.in_features)

        def step(state: Array, u: Array) -> tuple[Array, Array]:
            state = state + gain * (jnp.tile(u, len(self.time_constants)) - state)
            return state, state

        carry, states = lax.scan(step, carry, jnp.moveaxis(x, -2, 0))
        return carry, jnp.concatenate([x, jnp.moveaxis(states, 0, -2)], axis=-1)
