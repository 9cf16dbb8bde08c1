"""What goes into the solution of a block, and what comes out of it."""

from typing import NamedTuple, final

from jax import Array

from circuitnn.mna.network import Affine
from circuitnn.mna.nonlinear import Devices


@final
class Stepper(NamedTuple):
    """The part of a system that the loop over time needs; a time axis in front, of length one where nothing varies."""

    ports: Affine
    update: Affine
    devices: Devices


@final
class Shown(NamedTuple):
    """Companion states shown to the loop (teacher forcing): z (time, n_states, batch) where the mask is one."""

    z: Array
    mask: Array  # (time, 1, batch), zeros and ones


@final
class Solution(NamedTuple):
    """Companion states before each sample (time, n_states, batch), port voltages at it, companion states at the end."""

    before: Array
    ports: Array
    last: Array
