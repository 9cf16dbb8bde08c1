"""The last samples of a signal, round and round: what convolutions and frames remember."""

from typing import NamedTuple, final

import jax.numpy as jnp
from jax import Array, lax


@final
class Ring(NamedTuple):
    """The last inputs of a convolution.

    Attributes:
        samples: (..., length, features), the oldest at `position` and the newest before it, round and round.
        position: () whole number, where the next sample is written.
    """

    samples: Array
    position: Array


def in_order(carry: Ring) -> Array:
    """(..., length, features): what a ring holds, the oldest first."""
    length = carry.samples.shape[-2]
    twice = jnp.concatenate([carry.samples, carry.samples], axis=-2)
    return lax.dynamic_slice_in_dim(twice, carry.position, length, axis=-2)
