"""Long short-term memory."""

from typing import final

import jax.numpy as jnp
from jax import Array

from circuitnn.networks.activations import sigmoid
from circuitnn.recurrent.black_box import BlackBox
from circuitnn.recurrent.cells import Cell, Prepared, State, blocks_of, from_inputs, prepare
from circuitnn.settings import register


def _lstm_forward(w: Prepared, state: State, x: Array) -> tuple[State, State]:
    h, before = state
    products, seen = blocks_of(w.hh @ h, h.shape[0]), from_inputs(w, x)
    i, f, g, o = (
        squash(seen[k] + w.bias[k] + products[k]) for k, squash in enumerate((sigmoid, sigmoid, jnp.tanh, sigmoid))
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


#: Long short-term memory (Hochreiter & Schmidhuber 1997, with forget gate, as in PyTorch): i, f, o = sigmoid(W x + b +
#: U h + c), g = tanh(likewise), c <- f c + i g, h <- o tanh(c). Blocks: i, f, g, o.
LSTM_CELL = Cell(2, (0, 1, 2, 3), (0, 1, 2, 3), prepare, _lstm_forward, _lstm_backward, keeping=1, writing=0)


@register
@final
class LSTM(BlackBox):
    """Long short-term memory and a linear read-out: ``y = W h + b`` in network units.

    i, f, o = sigmoid(W u + b + U h + c), g = tanh(likewise), c <- f c + i g, h <- o tanh(c). The carry holds h and then
    c of each layer in a row, (..., layers * 2 * hidden). Arguments as for `GRU`.

    Source: Hochreiter & Schmidhuber, 1997, in the form of PyTorch's ``torch.nn.LSTM``; as a model of audio circuits
    Wright, Damskaegg and Valimaki, DAFx 2019.
    """

    cell = LSTM_CELL
