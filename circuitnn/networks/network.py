"""Networks as models: between volts and network units, and at rest where silence leads them."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
from flax import nnx
from jax import Array

from circuitnn.arguments import checked_dtype, checked_level, checked_rate, checked_width
from circuitnn.model import Controls, Level, Model
from circuitnn.networks.conditioning import Conditioning, conditioning_of
from circuitnn.networks.inputs import Inputs
from circuitnn.networks.layer import Layer
from circuitnn.networks.rest import first_positions
from circuitnn.networks.scaling import Scaling, output_units, stored_scaling


class Network(Model):
    """A network that hears the signal and its knobs in network units, and answers in volts (abstract).

    Attributes:
        inputs: volts and knobs to what the network sees.
        units: what it gives to volts.
        fs: sample rate in hertz of its training; None before.
        conditioning: how the knobs reach it.
    """

    def __init__(
        self,
        *,
        in_features: int,
        out_features: int,
        controls: Sequence[str] | Mapping[str, float],
        scaling: Scaling | None,
        fs: float | None,
        dtype: Any,
        conditioning: Conditioning | str = "inputs",
    ):
        self.in_features = checked_width("in_features", in_features)
        self.out_features = checked_width("out_features", out_features)
        self.dtype = checked_dtype(dtype)
        self.fs = None if fs is None else checked_rate(fs)
        self.conditioning = conditioning_of(conditioning)
        self.inputs = Inputs(
            scaling, in_features, controls, dtype=self.dtype, shows_controls=self.conditioning.is_input
        )
        self.units = output_units(scaling, out_features, dtype=self.dtype)

    @property
    def controls(self) -> Mapping[str, float]:
        return dict(self.inputs.defaults)

    @property
    def scaling(self) -> Scaling:
        """The stored normalisation."""
        return stored_scaling(self.inputs.units, self.units, self.out_features)

    def at_rest(self, batch: tuple[int, ...], controls: Controls | None, level: Level) -> tuple[Array, Controls]:
        """What goes in at rest: volts (*shape, 1, in_features) and knobs, of no larger a batch than they differ in."""
        positions = first_positions(self, controls)
        volts = checked_level(level, (*batch, self.in_features), self.dtype)
        shape = jnp.broadcast_shapes(volts.shape[:-1], *(jnp.shape(knob)[:-1] for knob in positions.values()))
        return jnp.broadcast_to(volts[..., None, :], (*shape, 1, self.in_features)), positions

    def conditioned(self, features: int, rngs: nnx.Rngs) -> Layer | None:
        """The layer without memory by which the knobs turn `features` inside; None where they do not."""
        return self.conditioning.layer(features, len(self.inputs.defaults), dtype=self.dtype, rngs=rngs)
