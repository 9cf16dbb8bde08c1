"""What a network sees of the signal and the knobs."""

from collections.abc import Mapping, Sequence
from typing import Any, final

import jax.numpy as jnp
from flax import nnx
from jax import Array

from circuitnn.knobs import MID_POSITION, check_shape, matched
from circuitnn.model import Controls
from circuitnn.networks.scaling import Affine, Scaling


@final
class Inputs(nnx.Module):
    """The network's input: the signal in network units, then one channel for each control, as it is.

    Attributes:
        units: volts to network units.
        defaults: names and default values of the controls.
        width: number of channels the network sees.
    """

    def __init__(
        self,
        scaling: Scaling | None,
        in_features: int,
        controls: Sequence[str] | Mapping[str, float],
        *,
        dtype: Any,
    ):
        if isinstance(controls, str):
            raise ValueError(
                f"controls must be a sequence of names or a mapping of defaults, got the string {controls!r}"
            )
        if not isinstance(controls, Mapping):
            if len(set(controls)) < len(tuple(controls)):
                raise ValueError(f"controls: a name occurs twice in {tuple(controls)}")
            controls = dict.fromkeys(controls, MID_POSITION)
        scale, offset = (None, None) if scaling is None else (scaling.input, scaling.input_offset)
        self.units = Affine("input", scale, offset, in_features, dtype=dtype)
        self.defaults = tuple((str(name), float(default)) for name, default in controls.items())
        self.width = in_features + len(self.defaults)
        self.dtype = dtype

    def __call__(self, x: Array, controls: Controls | None) -> Array:
        """(..., time, in_features) and the controls, to (..., time, width)."""
        channels = [self.units.to_network(x)] + ([self.knobs(x, controls)] if self.defaults else [])
        return jnp.concatenate(channels, axis=-1) if len(channels) > 1 else channels[0]

    def knobs(self, x: Array, controls: Controls | None) -> Array:
        """The controls along x (..., time, in_features): (..., time, controls), in order."""
        values = dict(self.defaults) | matched(controls, dict(self.defaults))
        channels = []
        for name, _ in self.defaults:
            value = jnp.asarray(values[name], self.dtype)
            check_shape(name, value.shape, x.shape[:-1])
            # Prepending axes here keeps to strict rank promotion.
            value = value.reshape((1,) * (x.ndim - 1 - value.ndim) + value.shape)
            channels.append(jnp.broadcast_to(value, x.shape[:-1])[..., None])
        return jnp.concatenate(channels, axis=-1) if channels else jnp.zeros((*x.shape[:-1], 0), self.dtype)
