"""Gated cells: one sample forwards, and the same sample backwards from the element-wise factors kept on the way.

All arrays are (features, lanes): the entries of a batch lie side by side in memory, so that a gate is a block of rows
without gaps. Only whole operands are sliced and never the result of an element-wise operation: the compiler then makes
one vectorised loop of each gate (measured: three to eight times faster than batch-first).
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

State = tuple[Array, ...]  # (hidden, lanes) each; the first is h, which the recurrent weights see


class Weights(NamedTuple):
    """Weights of one recurrent layer in PyTorch's layout; `gates` blocks of `hidden` rows.

    Attributes:
        ih: (gates * hidden, inputs).
        hh: (gates * hidden, hidden).
        bias_ih: (gates * hidden,).
        bias_hh: (gates * hidden,).
    """

    ih: Array
    hh: Array
    bias_ih: Array
    bias_hh: Array


class Cell(NamedTuple):
    """A cell whose next state depends on its pre-activations element by element.

    Attributes:
        slots: arrays in the state.
        hh_blocks: which of the pre-activations that `backward` returns the recurrent weights feed, in order.
        ih_blocks: which of them the input weights feed.
        prepare: what depends on weights only, once per block.
        forward: (prepared weights, state, x) -> state after, and the derivatives of the state after.
        backward: (these derivatives, gradient of the state after) -> gradient of the state before without the part
            through the recurrent weights, gradients of the pre-activations.
    """

    slots: int
    hh_blocks: tuple[int, ...]
    ih_blocks: tuple[int, ...]
    prepare: Callable
    forward: Callable
    backward: Callable


class _Prepared(NamedTuple):
    hh: Array
    ih: list[Array]  # (hidden, inputs) for each gate
    bias: list[Array]  # (hidden, 1) for each gate
    bias_hh: list[Array]


def _prepare(weights: Weights) -> _Prepared:
    hidden = weights.hh.shape[1]
    gates = [slice(i * hidden, (i + 1) * hidden) for i in range(weights.hh.shape[0] // hidden)]
    return _Prepared(
        hh=weights.hh,
        ih=[weights.ih[gate] for gate in gates],
        bias=[(weights.bias_ih[gate] + weights.bias_hh[gate])[:, None] for gate in gates],
        bias_hh=[weights.bias_hh[gate][:, None] for gate in gates],
    )


def _prepare_gru(weights: Weights) -> _Prepared:
    w = _prepare(weights)
    return w._replace(bias=[*w.bias[:2], w.bias[2] - w.bias_hh[2]])


def _sigmoid(x: Array) -> Array:
    """By tanh, which XLA evaluates as a rational function: faster than by exp, and it saturates without overflow."""
    return 0.5 * jnp.tanh(0.5 * x) + 0.5


def _seen(weight: Array, x: Array) -> Array:
    """W x for few inputs: multiply and add, which joins the loop of the gate."""
    return sum((weight[:, k : k + 1] * x[k : k + 1] for k in range(1, x.shape[0])), weight[:, :1] * x[:1])


def _blocks(product: Array, hidden: int) -> list[Array]:
    return [product[i : i + hidden] for i in range(0, product.shape[0], hidden)]


def _gru_forward(w: _Prepared, state: State, x: Array) -> tuple[State, State]:
    (h,) = state
    from_r, from_z, from_n = _blocks(w.hh @ h, h.shape[0])
    r = _sigmoid(_seen(w.ih[0], x) + w.bias[0] + from_r)
    z = _sigmoid(_seen(w.ih[1], x) + w.bias[1] + from_z)
    m = from_n + w.bias_hh[2]
    n = jnp.tanh(_seen(w.ih[2], x) + w.bias[2] + r * m)
    by_n = (1 - z) * (1 - n * n)
    by_r, by_z = by_n * m * (r * (1 - r)), (h - n) * (z * (1 - z))
    return (n + z * (h - n),), (z, by_r, by_z, by_n * r, by_n)


def _gru_backward(factors: State, gradient: State) -> tuple[State, State]:
    (z, *by), (g,) = factors, gradient
    return (g * z,), tuple(g * factor for factor in by)


def _lstm_forward(w: _Prepared, state: State, x: Array) -> tuple[State, State]:
    h, before = state
    products = _blocks(w.hh @ h, h.shape[0])
    i, f, g, o = (
        squash(_seen(w.ih[k], x) + w.bias[k] + products[k])
        for k, squash in enumerate((_sigmoid, _sigmoid, jnp.tanh, _sigmoid))
    )
    c = f * before + i * g
    shown = jnp.tanh(c)
    by_c = o * (1 - shown * shown)
    by = g * (i * (1 - i)), before * (f * (1 - f)), i * (1 - g * g), shown * (o * (1 - o))
    return (o * shown, c), (f, by_c, *by)


def _lstm_backward(factors: State, gradient: State) -> tuple[State, State]:
    f, by_c, by_i, by_f, by_g, by_o = factors
    g_h, g_c = gradient
    g_c = g_c + g_h * by_c
    return (jnp.zeros_like(g_h), g_c * f), (g_c * by_i, g_c * by_f, g_c * by_g, g_h * by_o)


#: Gated recurrent unit (Cho et al. 2014; reset gate after the product, as in PyTorch): r = sigmoid(W_r x + b_r +
#: U_r h + c_r), z likewise, n = tanh(W_n x + b_n + r (U_n h + c_n)), h <- (1 - z) n + z h. Blocks: r, z, n.
GRU_CELL = Cell(1, (0, 1, 2), (0, 1, 3), _prepare_gru, _gru_forward, _gru_backward)

#: Long short-term memory (Hochreiter & Schmidhuber 1997, with forget gate, as in PyTorch): i, f, o = sigmoid(W x + b +
#: U h + c), g = tanh(likewise), c <- f c + i g, h <- o tanh(c). Blocks: i, f, g, o.
LSTM_CELL = Cell(2, (0, 1, 2, 3), (0, 1, 2, 3), _prepare, _lstm_forward, _lstm_backward)
