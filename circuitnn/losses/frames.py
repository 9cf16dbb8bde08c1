"""Short pieces of a signal, and roots whose gradients stay finite at silence."""

import numpy as np
from jax import Array
from jax import numpy as jnp


def check_frames(signal: Array, length: int, hop: int, count: int = 1) -> None:
    """Refuses lengths that are no positive whole numbers, and signals (..., time) with fewer than `count` frames."""
    for name, value in (("length", length), ("hop", hop)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"the {name} of a window must be a positive whole number of samples, got {value!r}")
    needed = length + (count - 1) * hop
    if signal.shape[-1] < needed:
        raise ValueError(f"the windows need {needed} samples along time, got {signal.shape[-1]}")


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
