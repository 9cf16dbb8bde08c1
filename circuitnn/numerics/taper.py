"""The law of a pot: how far along its track it is at a position of its knob."""

from jax import Array
from jax import numpy as jnp
from jax.typing import ArrayLike

STEEPEST = 40.0  # of half the shape: a switch, whose exponentials are still numbers in single precision


def taper(position: ArrayLike, shape: ArrayLike) -> Array:
    """What share of its track a pot has passed: ``(exp(a k) - 1) / (exp(a) - 1)`` at the position k.

    Args:
        position: k, from 0 to 1.
        shape: a, of any sign. With 0 the pot is linear; an audio taper that is at 10 % half way has 4.4, one that is at
            15 % has 3.5, and a reverse one the same with a minus sign.

    Returns:
        From 0 to 1, rising with the position; of the shape that both broadcast to.
    """
    k, half = jnp.asarray(position), jnp.clip(jnp.asarray(shape) / 2, -STEEPEST, STEEPEST)
    return k * jnp.exp(half * (k - 1)) * _sinhc(half * k) / _sinhc(half)


def _sinhc(x: Array) -> Array:
    """sinh(x)/x, with its series around 0."""
    is_small = jnp.abs(x) < 1e-2
    other = jnp.where(is_small, 1.0, x)
    return jnp.where(is_small, 1 + x**2 / 6 * (1 + x**2 / 20), jnp.sinh(other) / other)
