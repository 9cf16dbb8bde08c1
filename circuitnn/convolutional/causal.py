"""The causal convolution with gaps between its taps, and the ring that holds what it has heard."""

from typing import Any, NamedTuple, final

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array, lax

from circuitnn.networks.dense import uniform
from circuitnn.networks.layer import Layer


@final
class Ring(NamedTuple):
    """The last inputs of a convolution.

    Attributes:
        samples: (..., length, features), the oldest at `position` and the newest before it, round and round.
        position: () whole number, where the next sample is written.
    """

    samples: Array
    position: Array


@final
class CausalConv(Layer):
    """``y[n] = b + sum_k W[:, :, k] u[n - dilation (kernel_size - 1 - k)]``: PyTorch's ``Conv1d``, of the past alone.

    A single sample reads its taps and writes one row of the ring, whatever the dilation; in a longer block all samples
    are computed at once.

    Args:
        features: of the input.
        width: of the output.
        kernel_size: number of taps.
        dilation: samples from tap to tap.
        bias: whether there is one.

    Attributes:
        weight: (width, features, kernel_size).
        bias: (width,), or None.
        reach: samples before the present one that an output is made of.
    """

    def __init__(
        self,
        features: int,
        width: int,
        kernel_size: int,
        *,
        dilation: int = 1,
        bias: bool = True,
        dtype: Any,
        rngs: nnx.Rngs,
    ):
        self.features, self.width, self.kernel_size, self.dilation = features, width, kernel_size, dilation
        fan = features * kernel_size
        self.weight = nnx.Param(uniform(rngs, (width, features, kernel_size), fan, dtype))
        self.bias: Any = nnx.Param(uniform(rngs, (width,), fan, dtype)) if bias else None

    @property
    def reach(self) -> int:
        """Samples before the present one that an output is made of."""
        return self.dilation * (self.kernel_size - 1)

    def rest(self, u: Array, knobs: Array) -> tuple[Ring, Array]:
        samples = jnp.broadcast_to(u[..., None, :], (*u.shape[:-1], self.reach, u.shape[-1]))
        y = self._biased(sum((u @ self.tap(k) for k in range(1, self.kernel_size)), u @ self.tap(0)))
        return Ring(samples, jnp.zeros((), jnp.int32)), y

    def __call__(self, carry: Ring, u: Array, knobs: Array) -> tuple[Ring, Array]:
        if not self.reach:
            return carry, self._biased(u @ self.tap(0))
        if u.shape[-2] == 1:
            return self._one(carry, u)
        heard = jnp.concatenate([in_order(carry), u], axis=-2)
        last = heard[..., heard.shape[-2] - self.reach :, :]
        return Ring(last, jnp.zeros_like(carry.position)), self._biased(self._convolved(heard, u.shape[-2]))

    def tap(self, k: int) -> Array:
        """(features, width), the product that the k-th tap is; the last one is of the present sample."""
        return self.weight[:, :, k].T

    def _one(self, carry: Ring, u: Array) -> tuple[Ring, Array]:
        samples, position = carry
        length = np.int32(self.reach)
        y = u @ self.tap(self.kernel_size - 1)
        for k in range(self.kernel_size - 1):
            row = lax.rem(position + k * self.dilation, length)
            y = y + lax.dynamic_slice_in_dim(samples, row, 1, axis=-2) @ self.tap(k)
        after = lax.dynamic_update_slice_in_dim(samples, u, position, axis=-2)
        return Ring(after, lax.rem(position + 1, length)), self._biased(y)

    def _convolved(self, heard: Array, time: int) -> Array:
        """All samples at once, from what was heard before them and with them."""
        if heard.dtype == jnp.float32:  # XLA's quick convolution on a CPU is of single precision
            columns = jnp.swapaxes(heard.reshape(-1, *heard.shape[-2:]), -1, -2)
            y = lax.conv_general_dilated(columns, self.weight[...], (1,), "VALID", rhs_dilation=(self.dilation,))
            return jnp.swapaxes(y, -1, -2).reshape(*heard.shape[:-2], time, self.width)
        spans = [slice(k * self.dilation, k * self.dilation + time) for k in range(self.kernel_size)]
        products = [heard[..., span, :] @ self.tap(k) for k, span in enumerate(spans)]
        return sum(products[1:], products[0])

    def _biased(self, y: Array) -> Array:
        return y if self.bias is None else y + jnp.broadcast_to(self.bias[...], y.shape)


def in_order(carry: Ring) -> Array:
    """(..., length, features): what a ring holds, the oldest first."""
    length = carry.samples.shape[-2]
    twice = jnp.concatenate([carry.samples, carry.samples], axis=-2)
    return lax.dynamic_slice_in_dim(twice, carry.position, length, axis=-2)
