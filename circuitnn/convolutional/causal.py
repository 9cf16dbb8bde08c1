"""The causal convolution with gaps between its taps."""

from typing import Any, final

import jax.numpy as jnp
from flax import nnx
from jax import Array

from circuitnn.convolutional.history import Memory
from circuitnn.networks.dense import uniform
from circuitnn.networks.layer import Layer
from circuitnn.rings import Ring


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
        carry, y = self._convolved(Memory(None, u.shape[:-1]), u[..., None, :])
        nothing = Ring(jnp.zeros((*u.shape[:-1], 0, u.shape[-1]), u.dtype), jnp.zeros((), jnp.int32))
        return carry[0] if carry else nothing, y[..., 0, :]

    def __call__(self, carry: Ring, u: Array, knobs: Array) -> tuple[Ring, Array]:
        after, y = self._convolved(Memory([carry], u.shape[:-2]), u)
        return after[0] if after else carry, y

    def _convolved(self, memory: Memory, u: Array) -> tuple[list[Ring], Array]:
        columns = u.reshape(-1, *u.shape[-2:]).swapaxes(1, 2)
        bias = None if self.bias is None else self.bias[...]
        y = memory.convolved(columns, self.weight[...], bias, dilation=self.dilation)
        return memory.after, y.swapaxes(1, 2).reshape(*u.shape[:-1], self.width)
