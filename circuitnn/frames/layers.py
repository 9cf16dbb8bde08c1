"""What networks of frames are made of: convolutions that keep the length, LSTMs over a window, adaptive activations."""

import math
from typing import Any, final

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array, lax

from circuitnn.networks.activations import activation_function, sigmoid
from circuitnn.networks.dense import uniform
from circuitnn.recurrent.cells import Cell, State, elementwise_cell
from circuitnn.recurrent.lstm import LSTM_CELL
from circuitnn.recurrent.recurrent_layer import RecurrentLayer

MOST = 2**26  # numbers of one layer


@final
class SameConv(nnx.Module):
    """A convolution over a window of (..., time, features) whose output is as long, zeros around: Keras's "same".

    Attributes:
        weight: (width, features, kernel_size); (width, 1, kernel_size) of one that treats each feature for itself.
        bias: (width,).
    """

    def __init__(
        self,
        features: int,
        width: int,
        kernel_size: int,
        *,
        stride: int = 1,
        is_local: bool = False,
        dtype: Any,
        rngs: nnx.Rngs,
    ):
        self.stride, self.is_local = stride, is_local
        seen = 1 if is_local else features
        self.weight = nnx.Param(uniform(rngs, (width, seen, kernel_size), seen * kernel_size, dtype))
        self.bias = nnx.Param(uniform(rngs, (width,), seen * kernel_size, dtype))

    def __call__(self, u: Array) -> Array:
        weight = self.weight[...]
        y = convolved_locally(u, weight[:, 0]) if self.is_local else convolved(u, weight, stride=self.stride)
        return y + jnp.broadcast_to(self.bias[...], y.shape)

    def back(self, u: Array, features: int) -> Array:
        """The same weights the other way: (..., time, width) to the first of its features (..., time, features)."""
        return convolved(u, jnp.swapaxes(self.weight[...], 0, 1)[:features])


def convolved(u: Array, weight: Array, *, stride: int = 1) -> Array:
    """(..., time, features), weights (width, features, taps), zeros around: (..., ceil(time / stride), width)."""
    time, taps = u.shape[-2], weight.shape[-1]
    places = -(-time // stride)
    around = max((places - 1) * stride + taps - time, 0)
    y = lax.conv_general_dilated(
        jnp.swapaxes(u.reshape(-1, *u.shape[-2:]), -1, -2),
        weight,
        (stride,),
        [(around // 2, around - around // 2)],
    )
    return jnp.swapaxes(y, -1, -2).reshape(*u.shape[:-2], places, weight.shape[0])


def convolved_locally(u: Array, weight: Array) -> Array:
    """(..., time, features), each feature with its own weights (features, taps), zeros around: (..., time, features).

    A product of matrices for each piece of as many samples as there are taps: XLA's convolution of groups takes six
    times as long on a CPU.
    """
    time, taps = u.shape[-2], weight.shape[-1]
    pieces, span = -(-time // taps), 2 * taps - 1
    before = (taps - 1) // 2
    around = [(0, 0)] * (u.ndim - 2) + [(before, pieces * taps + span - taps - before - time), (0, 0)]
    seen = jnp.pad(u, around)[..., np.arange(pieces)[:, None] * taps + np.arange(span), :]
    lag = np.arange(span)[:, None] - np.arange(taps)
    matrices = jnp.where((lag >= 0) & (lag < taps), weight[:, np.clip(lag, 0, taps - 1)], 0)
    y = jnp.einsum("...nif,fij->...njf", seen, matrices)
    return y.reshape(*u.shape[:-2], pieces * taps, u.shape[-1])[..., :time, :]


@final
class WindowLSTM(nnx.Module):
    """An LSTM that begins with zeros at the beginning of each window, with one bias a gate as Keras has it.

    Attributes:
        layer: its weights; `bias_hh` is zero and is not learnt.
    """

    def __init__(self, features: int, hidden: int, *, is_linear: bool = False, dtype: Any, rngs: nnx.Rngs):
        self.layer = RecurrentLayer(LINEAR_CELL if is_linear else LSTM_CELL, features, hidden, dtype=dtype, rngs=rngs)
        self.layer.bias_hh = nnx.Variable(jnp.zeros(4 * hidden, dtype))  # type: ignore[assignment]

    def __call__(self, u: Array) -> Array:
        """(..., time, features) to h at each time (..., time, hidden)."""
        start = jnp.zeros((*u.shape[:-2], self.layer.size), u.dtype)
        return self.layer(start, u, u[..., :0])[1]


@final
class BothWays(nnx.Module):
    """Two LSTMs over a window, one from its beginning and one from its end; what they give side by side."""

    def __init__(self, features: int, hidden: int, *, is_linear: bool = False, dtype: Any, rngs: nnx.Rngs):
        self.forwards = WindowLSTM(features, hidden, is_linear=is_linear, dtype=dtype, rngs=rngs)
        self.backwards = WindowLSTM(features, hidden, is_linear=is_linear, dtype=dtype, rngs=rngs)

    def __call__(self, u: Array) -> Array:
        """(..., time, features) to (..., time, 2 * hidden)."""
        back = jnp.flip(self.backwards(jnp.flip(u, axis=-2)), axis=-2)
        return jnp.concatenate([self.forwards(u), back], axis=-1)


def _linear_step(inputs: list[Array], hidden: list[Array], state: State) -> State:
    i, f, g, o = (a + b for a, b in zip(inputs, hidden, strict=True))
    c = sigmoid(f) * state[1] + sigmoid(i) * g
    return sigmoid(o) * c, c


#: An LSTM without tanh, Keras's ``activation="linear"``: c <- f c + i g, h <- o c.
LINEAR_CELL: Cell = elementwise_cell(_linear_step, gates=4, slots=2)


@final
class AdaptiveActivation(nnx.Module):
    """A smooth adaptive activation function (SAAF) of each feature: ``w x`` and pieces of parabolas, joined smoothly.

    Piece s is 0 left of a_s, ``(x - a_s)^2 / 2`` up to b_s and a straight line beyond, times `MAGNITUDE` and a weight;
    a_s and b_s are neighbours among 25 points over +-0.2, every second interval.

    Source: Hou et al. 2017, "ConvNets with smooth adaptive activation functions for regression", AISTATS, with the
    numbers of Martinez Ramirez's published code.

    Attributes:
        weight: (pieces + 1, width), the last row that of x itself.
    """

    POINTS, RANGE, MAGNITUDE = 25, 0.2, 100.0

    def __init__(self, width: int, *, dtype: Any, rngs: nnx.Rngs):
        rows = self.POINTS // 2 + 1
        self.weight = nnx.Param(uniform(rngs, (rows, width), 400, dtype))

    def __call__(self, x: Array) -> Array:
        points = np.linspace(-self.RANGE, self.RANGE, self.POINTS)[: 2 * (self.POINTS // 2)].tolist()
        rows = [jnp.broadcast_to(row, x.shape) for row in self.weight[...]]
        y = rows[-1] * x
        for row, start, stop in zip(rows[:-1], points[::2], points[1::2], strict=True):
            inside = jnp.clip(x - start, 0, stop - start)
            y = y + row * self.MAGNITUDE * (0.5 * inside**2 + (stop - start) * jnp.maximum(x - stop, 0))
        return y


@final
class LocalDense(nnx.Module):
    """``f(W_c u_c + b_c)`` along the time of each channel c by itself: (..., channels, time) to (..., channels, units).

    Attributes:
        weight: (channels, units, time).
        bias: (channels, units).
    """

    def __init__(self, channels: int, time: int, units: int, *, activation: str, dtype: Any, rngs: nnx.Rngs):
        self.activation = activation
        self.weight = nnx.Param(uniform(rngs, (channels, units, time), time, dtype))
        self.bias = nnx.Param(uniform(rngs, (channels, units), time, dtype))

    def __call__(self, u: Array) -> Array:
        y = jnp.einsum("...ct,cut->...cu", u, self.weight[...])
        return activation_function(self.activation)(y + jnp.broadcast_to(self.bias[...], y.shape))


def pooled(u: Array, size: int) -> Array:
    """The largest of each `size` samples: (..., time, width) to (..., time / size, width)."""
    return jnp.max(u.reshape(*u.shape[:-2], -1, size, u.shape[-1]), axis=-2)


def within_memory(what: str, *sizes: int) -> None:
    """Refuse what needs more than `MOST` numbers, before they are asked for.

    Raises:
        ValueError: when it does.
    """
    if math.prod(sizes) > MOST:
        raise ValueError(f"{what}: {' x '.join(map(str, sizes))} numbers, at most {MOST}")
