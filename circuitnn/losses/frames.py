"""Short pieces of a signal, and roots whose gradients stay finite at silence."""

from jax import Array
from jax import numpy as jnp

from circuitnn.samples import check_windows


def check_frames(signal: Array, length: int, hop: int, count: int = 1) -> None:
    """Refuses lengths that are no positive whole numbers, and signals (..., time) with fewer than `count` frames."""
    check_windows(signal.shape, signal.ndim - 1, length, hop, count)


def frames(signal: Array, length: int, hop: int) -> Array:
    """(..., time) to (..., frames, length); they are put together from hops, whose gradient is a sum and no scatter."""
    count, parts = (signal.shape[-1] - length) // hop + 1, -(-length // hop)
    missing = max(0, (count + parts - 1) * hop - signal.shape[-1])
    filled = jnp.pad(signal, [(0, 0)] * (signal.ndim - 1) + [(0, missing)])
    hops = filled[..., : (count + parts - 1) * hop].reshape(*signal.shape[:-1], -1, hop)
    return jnp.concatenate([hops[..., k : k + count, :] for k in range(parts)], axis=-1)[..., :length]


def root(energy: Array) -> Array:
    """The square root, with the gradient 0 at 0, and not NaN."""
    return jnp.where(energy > 0, jnp.sqrt(jnp.where(energy > 0, energy, 1)), 0)
