"""What goes into the solution of a block, and what comes out of it."""

from typing import NamedTuple, final

from jax import Array
from jax import numpy as jnp

from circuitnn.mna.network import Affine
from circuitnn.mna.port_map import Devices


@final
class Stepper(NamedTuple):
    """The part of a system that the loop over time needs; a time axis in front, of length one where nothing varies."""

    ports: Affine
    held: Array  # from `held_apart`
    update: Affine
    devices: Devices


@final
class Shown(NamedTuple):
    """Companion states shown to the loop (teacher forcing): z (time, n_states, batch) where the mask is one."""

    z: Array
    mask: Array  # (time, 1, batch), zeros and ones


@final
class Solution(NamedTuple):
    """What a block is known by.

    Attributes:
        before: companion states before each sample (time, n_states, batch).
        ports: port voltages at it.
        currents: of the drives at it, less those of the shunts, (time, n_drives, batch).
        last: companion states at the end.
        fallbacks: (batch,) one where the parallel solution gave up, else zero; a real number, as of all that is
            differentiated.
    """

    before: Array
    ports: Array
    currents: Array
    last: Array
    fallbacks: Array


def no_fallbacks(u: Array) -> Array:
    """For a block with inputs u (time, n_in, batch)."""
    return jnp.zeros(u.shape[-1:], u.dtype)
