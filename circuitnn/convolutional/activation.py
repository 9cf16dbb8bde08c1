"""Activations with numbers of their own, as plain data."""

import math
from dataclasses import dataclass
from typing import final

import jax.numpy as jnp
from jax import Array

from circuitnn.networks.activations import LEAK, activation_function
from circuitnn.settings import register

_SHAPED = ("leaky_relu", "leaky_hard_tanh")


@register
@final
@dataclass(frozen=True)
class Activation:
    """A function that is straight in parts; those without numbers are named by their name alone.

    Attributes:
        name: "leaky_relu" (x above zero, slope x below) or "leaky_hard_tanh" (x from low to high, straight on with
            other slopes outside).
        slope: of "leaky_relu" below zero: one number, or one for each channel.
        low, high: where "leaky_hard_tanh" bends.
        slopes: of "leaky_hard_tanh" below and above.

    Raises:
        ValueError: for another name, or numbers that are not finite.
    """

    name: str
    slope: float | tuple[float, ...] = LEAK
    low: float = -1.0
    high: float = 1.0
    slopes: tuple[float, float] = (LEAK, LEAK)

    def __post_init__(self) -> None:
        if self.name not in _SHAPED:
            raise ValueError(f"activation: {' and '.join(_SHAPED)} have numbers of their own, not {self.name!r}")
        if isinstance(self.slope, list | tuple):
            object.__setattr__(self, "slope", tuple(self.slope))
        object.__setattr__(self, "slopes", tuple(self.slopes))
        numbers = [*(self.slope if isinstance(self.slope, tuple) else [self.slope]), self.low, self.high, *self.slopes]
        if not numbers or not all(math.isfinite(number) for number in numbers) or len(self.slopes) != 2:
            raise ValueError(f"activation: finite numbers are needed, got {self}")

    def __call__(self, x: Array) -> Array:
        """Of (batch, channels, time)."""
        if self.name == "leaky_relu":
            slope = jnp.asarray(self.slope, x.dtype)
            return jnp.where(x > 0, x, x * jnp.broadcast_to(slope[:, None] if slope.ndim else slope, x.shape))
        below, above = self.slopes
        inside = jnp.clip(x, self.low, self.high)
        return inside + below * jnp.minimum(x - self.low, 0) + above * jnp.maximum(x - self.high, 0)


def activated(activation: str | Activation, x: Array) -> Array:
    """Of (batch, channels, time), elementwise.

    Raises:
        ValueError: for a name that is none.
    """
    return activation(x) if isinstance(activation, Activation) else activation_function(activation)(x)
