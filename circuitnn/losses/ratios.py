"""Ratios that stay finite where the signal below is silent, in value and in gradient."""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

# Of the error's energy, added below a ratio of energies: in silence value and gradient stay finite, and an ESR up to 1
# is exact to 1e-12, whatever the unit.
LEAST = 1e-12
LEAST_LEVEL = 1e-6  # the same of levels, which are roots of energies


def ratio(error: Array, signal: Array, least: float) -> Array:
    """Element by element; 0 for nothing over nothing, at most 1 / least, and what is not finite stays so."""
    below = signal + least * error
    return jnp.where(below == 0, 0, error / jnp.where(below == 0, 1, below))


def unit_of(error: Array, signal: Array, axes: tuple[int, ...] | None) -> Array:
    """What both are to be measured in: squares of picoamperes, and theirs in a gradient, are beyond single precision.

    The peak of the signal, or a millionth of the error's where there is hardly a signal; a constant to gradients.
    """
    peaks = (jnp.max(jnp.abs(array), axis=axes) for array in (signal, error))
    peak = jnp.maximum(next(peaks), LEAST_LEVEL * next(peaks))
    return lax.stop_gradient(jnp.where(peak == 0, 1, peak))


def level_of(eps: ArrayLike, unit: Array) -> Array:
    """The level in units whose square in the signal's unit is `eps`."""
    # Not eps / unit^2, of which the compiler makes 0 / 0 where the square is too small for single precision.
    return jnp.sqrt(jnp.asarray(eps, unit.dtype)) / unit
