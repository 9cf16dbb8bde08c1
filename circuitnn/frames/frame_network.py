"""What makes a frame of a window of samples."""

import abc
from typing import Any, final

import jax.numpy as jnp
from jax import Array

from circuitnn.arguments import checked_width
from circuitnn.model import Carry
from circuitnn.networks.ends import Ends
from circuitnn.settings import settings_of


class FrameNetwork(Ends):
    """A network that makes a frame of `frame` samples of [past | frame | future] (abstract): `Framed` makes it a model.

    Knobs, where there are any, are channels beside the signal, the same along a window.

    Attributes:
        frame: samples of the output.
        context: samples of the input before and after them.
        hop: samples from one frame to the next, unless `Framed` says another.
    """

    def __init__(self, frame: int, context: tuple[int, int], *, hop: int, **ends: Any):
        self.frame, self.hop = checked_width("frame", frame), checked_width("hop", hop)
        self.context = (int(context[0]), int(context[1]))
        super().__init__(**ends)

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data."""
        return settings_of(self)

    def rest(self, u: Array) -> Carry:
        """What is kept from frame to frame when the window u (..., window, channels) has been there for long.

        Nothing, unless the subclass says else; its arrays have the batch in front.
        """
        return ()

    @abc.abstractmethod
    def __call__(self, carry: Carry, u: Array) -> tuple[Carry, Array]:
        """One frame in network units.

        Args:
            carry: what is kept from frame to frame; () where nothing is, and then all frames of a block come at once.
            u: (..., window, channels), the signal and the knobs.

        Returns:
            The carry, and (..., frame, out_features).
        """

    @final
    def in_volts(self, carry: Carry, x: Array, knobs: Array) -> tuple[Carry, Array]:
        """The same of volts x (..., window, in_features) and knobs (..., controls)."""
        carry, y = self(carry, self.seen(x, knobs))
        return carry, self.units.to_si(y)

    @final
    def seen(self, x: Array, knobs: Array) -> Array:
        """What the network sees of them, (..., window, channels)."""
        signal = self.inputs.units.to_network(x)
        if not self.inputs.defaults:
            return signal
        along = jnp.broadcast_to(knobs[..., None, :], (*x.shape[:-1], knobs.shape[-1]))
        return jnp.concatenate([signal, along], axis=-1)
