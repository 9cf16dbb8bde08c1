"""What makes a frame of a window of samples."""

import abc
from collections.abc import Mapping, Sequence
from typing import Any, final

import jax.numpy as jnp
from flax import nnx
from jax import Array

from circuitnn.arguments import checked_dtype, checked_rate, checked_width
from circuitnn.model import Carry
from circuitnn.networks.inputs import Inputs
from circuitnn.networks.scaling import Scaling, output_units, stored_scaling
from circuitnn.settings import settings_of


class FrameNetwork(nnx.Module):
    """A network that makes a frame of `frame` samples of [past | frame | future] (abstract): `Framed` makes it a model.

    Knobs, where there are any, are channels beside the signal, the same along a window.

    Attributes:
        frame: samples of the output.
        context: samples of the input before and after them.
        hop: samples from one frame to the next, unless `Framed` says another.
        inputs: volts and knobs to what the network sees.
        units: what it gives to volts.
        fs: sample rate in hertz of its training; None before.
    """

    def __init__(
        self,
        frame: int,
        context: tuple[int, int],
        *,
        hop: int,
        in_features: int,
        out_features: int,
        controls: Sequence[str] | Mapping[str, float],
        scaling: Scaling | None,
        fs: float | None,
        dtype: Any,
    ):
        self.frame, self.hop = checked_width("frame", frame), checked_width("hop", hop)
        self.context = (int(context[0]), int(context[1]))
        self.in_features = checked_width("in_features", in_features)
        self.out_features = checked_width("out_features", out_features)
        self.dtype = checked_dtype(dtype)
        self.fs = None if fs is None else checked_rate(fs)
        self.inputs = Inputs(scaling, in_features, controls, dtype=self.dtype)
        self.units = output_units(scaling, out_features, dtype=self.dtype)

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data."""
        return settings_of(self)

    @property
    def controls(self) -> Mapping[str, float]:
        """Names of the knobs with their default values."""
        return dict(self.inputs.defaults)

    @property
    def scaling(self) -> Scaling:
        """The stored normalisation."""
        return stored_scaling(self.inputs.units, self.units, self.out_features)

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
