"""The two ends of a recurrent model: what the network sees of the signal and the knobs, and its linear maps."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, final

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from circuitnn.knobs import MID_POSITION, check_shape, matched
from circuitnn.model import Controls
from circuitnn.recurrent.scaling import Affine, Scaling


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
        values = dict(self.defaults) | matched(controls, dict(self.defaults))
        channels = [self.units.to_network(x)]
        for name, _ in self.defaults:
            value = jnp.asarray(values[name], self.dtype)
            check_shape(name, value.shape, x.shape[:-1])
            # Prepending axes here keeps to strict rank promotion.
            value = value.reshape((1,) * (x.ndim - 1 - value.ndim) + value.shape)
            channels.append(jnp.broadcast_to(value, x.shape[:-1])[..., None])
        return jnp.concatenate(channels, axis=-1) if len(channels) > 1 else channels[0]


@final
class Dense(nnx.Module):
    """``y = W x + b`` over the last axis; W is (out, in), as in PyTorch.

    Attributes:
        weight: (out_features, in_features).
        bias: (out_features,), or None.
    """

    def __init__(self, in_features: int, out_features: int, *, bias: bool = True, dtype: Any, rngs: nnx.Rngs):
        self.weight = nnx.Param(uniform(rngs, (out_features, in_features), in_features, dtype))
        self.bias: Any = nnx.Param(uniform(rngs, (out_features,), in_features, dtype)) if bias else None

    def __call__(self, x: Array) -> Array:
        return affine(x, self.weight[...], None if self.bias is None else self.bias[...])


def affine(x: Array, weight: Array, bias: Array | None) -> Array:
    """``W x + b`` over the last axis of x."""
    y = x @ weight.T
    return y if bias is None else y + jnp.broadcast_to(bias, y.shape)


def uniform(rngs: nnx.Rngs, shape: tuple[int, ...], fan: int, dtype: Any) -> Array:
    """PyTorch's initialisation of linear and recurrent layers: uniform in +-1/sqrt(fan)."""
    bound = 1 / math.sqrt(fan)
    # Drawn in single precision, so that a seed means the same weights in both.
    return jax.random.uniform(rngs.params(), shape, jnp.float32, -bound, bound).astype(dtype)


def affine_lanes(h: Array, weight: Array, bias: Array) -> Array:
    """``W h + b`` over the feature axis of (time, features, lanes)."""
    # A product for each sample: a single one would make the compiler transpose the whole trajectory, and the time loop
    # that writes it with it.
    repeated = jnp.broadcast_to(weight, (h.shape[0], *weight.shape))
    return repeated @ h + bias[:, None]
