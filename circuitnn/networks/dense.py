"""Linear maps of features, and how their weights begin."""

import math
from typing import Any, final

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array


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
