"""What a network sees of the signal and the knobs."""

from collections.abc import Mapping, Sequence
from typing import Any, final

import jax.numpy as jnp
from flax import nnx
from jax import Array

from circuitnn.knobs import MID_POSITION, along, matched
from circuitnn.model import Controls
from circuitnn.networks.scaling import Affine, Scaling


@final
class Inputs(nnx.Module):
    """The network's input: the signal in network units, then one channel for each control that it is shown, as it is.

    Attributes:
        units: volts to network units.
        defaults: names and default values of the controls.
        shows_controls: whether they are channels of the input.
        width: number of channels the network sees.
    """

    def __init__(
        self,
        scaling: Scaling | None,
        in_features: int,
        controls: Sequence[str] | Mapping[str, float],
        *,
        dtype: Any,
        shows_controls: bool = True,
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
        self.shows_controls = shows_controls
        self.width = in_features + (len(self.defaults) if shows_controls else 0)
        self.dtype = dtype

    def __call__(self, x: Array, controls: Controls | None) -> Array:
        """(..., time, in_features) and the controls, to (..., time, width)."""
        signal = self.units.to_network(x)
        if not self.defaults or not self.shows_controls:
            return signal
        knobs = jnp.broadcast_to(self.knobs(x, controls), (*x.shape[:-1], len(self.defaults)))
        return jnp.concatenate([signal, knobs], axis=-1)

    def knobs(self, x: Array, controls: Controls | None) -> Array:
        """The controls along x (..., time, in_features), in order: (..., time, controls), which broadcast against x.

        The time is 1 where all of them stand still, and so is a batch that they have in common.
        """
        defaults = dict(self.defaults)
        return along(defaults | matched(controls, defaults), x.shape[:-1], self.dtype)
