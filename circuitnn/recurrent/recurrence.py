"""The time loop of gated networks, with a reverse rule of its own that all cells share.

Automatic differentiation of the loop would keep every intermediate array and add up small weight gradients operation by
operation. The rule keeps each cell's element-wise factors, and its loop is the transposed Jacobian, one product for all
gates. It makes gradients of any order by reverse mode; forward mode (jvp) is not defined.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from circuitnn.recurrent.cells import Cell, State, Weights


class Injection(NamedTuple):
    """Known parts of the hidden state, put in place before each sample: ``h <- h + m (target - P h)``.

    Attributes:
        projection: P, (hidden, hidden), or its diagonal (hidden, 1).
        target: (time, hidden, lanes).
        mask: m, (time, 1, lanes), one where the state is known.
    """

    projection: Array
    target: Array
    mask: Array


def recurrence(
    cell: Cell, weights: Weights, state: State, xs: Array, *, injection: Injection | None = None
) -> tuple[State, Array]:
    """Run a cell over a block.

    Args:
        cell: `GRU_CELL` or `LSTM_CELL`.
        weights: of the cell.
        state: (hidden, lanes) for each slot of the cell.
        xs: (time, inputs, lanes).
        injection: known hidden states.

    Returns:
        The state after the block, and h after each sample (time, hidden, lanes).
    """
    return _recurrence(cell, weights, state, xs, injection)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _recurrence(cell, weights, state, xs, injection):
    state, hs, _ = _run(cell, weights, state, xs, injection, keep=False)
    return state, hs


def _run(cell, weights, state, xs, injection, *, keep):
    prepared = cell.prepare(weights)

    def step(state, inputs):
        x, known = inputs
        if known is not None:
            state = (_inject(injection.projection, state[0], *known), *state[1:])
        state, factors = cell.forward(prepared, state, x)
        return state, (state[0], factors if keep else None)

    known = None if injection is None else (injection.target, injection.mask)
    state, (hs, factors) = jax.lax.scan(step, state, (xs, known))
    return state, hs, factors


def _forward(cell, weights, state, xs, injection):
    last, hs, factors = _run(cell, weights, state, xs, injection, keep=True)
    return (last, hs), (weights, state, xs, injection, hs, factors)


def _backward(cell, kept, gradients):
    weights, state, xs, injection, hs, factors = kept
    own = jnp.concatenate([state[0][None], hs[:-1]])
    # What the cell saw: all samples at once, so that the forward loop need not write it.
    before = own if injection is None else _inject(injection.projection, own, injection.target, injection.mask)
    hidden, width = weights.hh.shape[1], len(cell.hh_blocks) * weights.hh.shape[1]
    transposed = weights.hh.T

    def step(carry, inputs):
        g_state, g_hh = carry
        g_h, h, factors, mask = inputs
        direct, pre = cell.backward(factors, h, (g_state[0] + g_h, *g_state[1:]))
        joined = jnp.concatenate(pre)
        to_gates = joined[:width]
        g_seen = direct[0] + transposed @ to_gates
        g_own = g_seen if mask is None else _inject_backward(injection.projection, g_seen, mask)
        return ((g_own, *direct[1:]), g_hh + to_gates @ h.T), (joined, None if mask is None else g_seen)

    g_last, g_hs = gradients
    mask = None if injection is None else injection.mask
    start = (g_last, jnp.zeros_like(weights.hh))
    (g_state, g_hh), (joined, g_seen) = jax.lax.scan(step, start, (g_hs, before, factors, mask), reverse=True)
    g_weights, g_xs = _outer_gradients(cell, weights, g_hh, joined, xs, hidden)
    g_injection = None if injection is None else _injection_gradients(injection, own, g_seen)
    return g_weights, g_state, g_xs, g_injection


_recurrence.defvjp(_forward, _backward)


def _outer_gradients(cell, weights, g_hh, joined, xs, hidden):
    """Gradients of the input weights, biases and inputs, from those of all pre-activations (time, rows, lanes)."""
    seen = jnp.concatenate([xs, jnp.ones_like(xs[:, :1])], axis=1)
    # One product for each sample and then the sum: the compiler would transpose both arrays for a single product.
    products = jnp.sum(jnp.einsum("tgl,til->tgi", joined, seen), axis=0)
    blocks = [products[i : i + hidden] for i in range(0, products.shape[0], hidden)]
    ih = jnp.concatenate([blocks[i] for i in cell.ih_blocks])
    hh = jnp.concatenate([blocks[i] for i in cell.hh_blocks])
    rows = [joined[:, i * hidden : (i + 1) * hidden] for i in cell.ih_blocks]
    g_xs = jnp.einsum("gi,tgl->til", weights.ih, jnp.concatenate(rows, axis=1))
    return Weights(ih[:, :-1], g_hh, ih[:, -1], hh[:, -1]), g_xs


def _inject(projection, h, target, mask):
    """On one sample (hidden, lanes) or on all of them (time, hidden, lanes)."""
    return h + mask * (target - _project(projection, h))


def _project(projection, h):
    return projection * h if projection.shape[1] == 1 else projection @ h


def _inject_backward(projection, g, mask):
    masked = mask * g
    return g - _project(projection if projection.shape[1] == 1 else projection.T, masked)


def _injection_gradients(injection, own, g_seen):
    masked = injection.mask * g_seen
    if injection.projection.shape[1] == 1:
        g_projection = -jnp.sum(masked * own, axis=(0, 2))[:, None]
    else:
        g_projection = -jnp.einsum("tgl,thl->gh", masked, own)
    error = injection.target - _project(injection.projection, own)
    return Injection(g_projection, masked, jnp.sum(g_seen * error, axis=1, keepdims=True))
