"""The time loop of gated networks: cells, and the scan that all of them share."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array


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


class Injection(NamedTuple):
    """Known parts of the hidden state, put in place before each sample: ``h <- h + m (target - P h)``.

    Attributes:
        projection: P, (hidden, hidden), or its diagonal (hidden,).
        target: (time, batch, hidden).
        mask: m, (time, batch), one where the state is known.
    """

    projection: Array
    target: Array
    mask: Array

    def apply(self, h: Array, target: Array, mask: Array) -> Array:
        known = h @ self.projection.T if self.projection.ndim == 2 else h * jnp.broadcast_to(self.projection, h.shape)
        return h + mask[:, None] * (target - known)


Cell = Callable[[Weights, Array, Array], Array]


def gru_cell(weights: Weights, state: Array, x: Array) -> Array:
    """One sample of a gated recurrent unit (Cho et al. 2014; reset gate after the product, as in PyTorch).

    r = sigmoid(W_r x + b_r + U_r h + c_r), z likewise, n = tanh(W_n x + b_n + r (U_n h + c_n)),
    h <- (1 - z) n + z h. Blocks of the weights in the order r, z, n.

    Args:
        weights: with three gates.
        state: (batch, hidden).
        x: (batch, inputs).
    """
    hidden = state.shape[-1]
    a = _affine(x, weights.ih, weights.bias_ih)
    b = _affine(state, weights.hh, weights.bias_hh)
    r, z = jnp.split(jax.nn.sigmoid(a[:, : 2 * hidden] + b[:, : 2 * hidden]), 2, axis=-1)
    n = jnp.tanh(a[:, 2 * hidden :] + r * b[:, 2 * hidden :])
    return n + z * (state - n)


def lstm_cell(weights: Weights, state: Array, x: Array) -> Array:
    """One sample of a long short-term memory (Hochreiter & Schmidhuber 1997, with forget gate, as in PyTorch).

    i, f, o = sigmoid(W x + b + U h + c), g = tanh(likewise), c <- f c + i g, h <- o tanh(c). Blocks in the order
    i, f, g, o.

    Args:
        weights: with four gates.
        state: (batch, 2 * hidden), the hidden state h and then the cell state c.
        x: (batch, inputs).
    """
    h, c = jnp.split(state, 2, axis=-1)
    gates = _affine(x, weights.ih, weights.bias_ih) + _affine(h, weights.hh, weights.bias_hh)
    i, f, g, o = jnp.split(gates, 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jnp.concatenate([jax.nn.sigmoid(o) * jnp.tanh(c), c], axis=-1)


def recurrence(
    cell: Cell, weights: Weights, state: Array, xs: Array, *, injection: Injection | None = None
) -> tuple[Array, Array]:
    """Run a cell over a block.

    Args:
        cell: `gru_cell` or `lstm_cell`.
        weights: of the cell.
        state: (batch, hidden) for the GRU, (batch, 2 * hidden) for the LSTM.
        xs: (time, batch, inputs).
        injection: known hidden states.

    Returns:
        The state after the block, and h after each sample (time, batch, hidden).
    """
    hidden = weights.hh.shape[-1]

    def step(state, inputs):
        x, known = inputs
        if injection is not None:
            state = injection.apply(state, *known)
        state = cell(weights, state, x)
        return state, state[:, :hidden]

    known = None if injection is None else (injection.target, injection.mask)
    return jax.lax.scan(step, state, (xs, known))


def _affine(x: Array, weight: Array, bias: Array) -> Array:
    y = x @ weight.T
    return y + jnp.broadcast_to(bias, y.shape)
