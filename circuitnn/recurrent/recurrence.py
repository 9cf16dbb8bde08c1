"""The time loop of gated networks, with a reverse rule of its own that all cells share.

Automatic differentiation of the loop would keep every intermediate array of every sample, and writing those to memory
costs more than the arithmetic. The rule keeps only the states. It goes back chunk by chunk: each chunk is run once
more, its derivatives stay in the cache, and its loop is the transposed Jacobian, one product for all gates. Gradients
by reverse mode only: forward mode (jvp) is not defined.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from circuitnn.recurrent.cells import WIDE, Cell, State, Weights

CACHE = 1 << 20  # bytes that a chunk of the reverse loop may use, about half of the second-level cache of one core


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
        cell: that of a file beside this one, or another.
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
    last, trajectory = _run(cell, weights, state, xs, injection, kept_slots=1)
    return last, trajectory[0]


def _forward(cell, *primals):
    values = jax.tree.map(lambda p: p.value, primals, is_leaf=lambda p: hasattr(p, "perturbed"))
    wanted = jax.tree.map(lambda p: p.perturbed, primals, is_leaf=lambda p: hasattr(p, "perturbed"))
    weights, state, xs, injection = values
    last, trajectory = _run(cell, weights, state, xs, injection, kept_slots=cell.slots)
    # A flag has to travel as structure: a leaf would become an array.
    wants = _flag(wanted[2]), _flag(any(jax.tree.leaves(wanted[3])))
    return (last, trajectory[0]), (weights, state, xs, injection, trajectory, wants)


def _is_symbolic(g):
    return isinstance(g, jax.custom_derivatives.SymbolicZero)


def _instantiated(g):
    return jnp.zeros(g.shape, g.dtype) if _is_symbolic(g) else g


def _flag(is_set):
    return () if is_set else None


def _run(cell, weights, state, xs, injection, *, kept_slots):
    """The state after the block, and the first slots of it after each sample."""
    prepared = cell.prepare(weights)

    def step(state, inputs):
        x, forced = inputs
        if forced is not None:
            state = (_inject(injection.projection, state[0], *forced), *state[1:])
        state, _ = cell.forward(prepared, state, x)
        # Written as one row each: the compiler makes a plain copy of it.
        return state, tuple(slot.reshape(-1) for slot in state[:kept_slots])

    forced = None if injection is None else (injection.target, injection.mask)
    last, rows = jax.lax.scan(step, state, (xs, forced))
    return last, tuple(row.reshape(-1, *state[0].shape) for row in rows)


def _backward(cell, kept, gradients):
    weights, state, xs, injection, trajectory, wants = kept
    g_last, g_hs = jax.tree.map(_instantiated, gradients, is_leaf=_is_symbolic)
    unforced = tuple(jnp.concatenate([first[None], later[:-1]]) for first, later in zip(state, trajectory, strict=True))
    forced = None if injection is None else (injection.target, injection.mask)
    projection = None if injection is None else injection.projection
    samples = (g_hs, unforced, xs, forced)
    chunk = partial(_chunk_backward, cell, cell.prepare(weights), weights, projection, wants)

    rows = 8 + 6 * cell.slots  # arrays of (hidden, lanes) that one sample of a chunk needs
    size = max(1, CACHE // (rows * state[0].size * state[0].dtype.itemsize))
    whole = xs.shape[0] - xs.shape[0] % size
    zeros = _Sums.zeros(cell, weights, xs.shape[1]), jax.tree.map(jnp.zeros_like, projection)
    carry, pieces = (g_last, *zeros), []
    if whole < xs.shape[0]:
        carry, piece = chunk(carry, jax.tree.map(lambda a: a[whole:], samples))
        pieces.append(piece)
    if whole:
        chunks = jax.tree.map(lambda a: a[:whole].reshape(-1, size, *a.shape[1:]), samples)
        carry, piece = jax.lax.scan(chunk, carry, chunks, reverse=True)
        pieces.insert(0, jax.tree.map(lambda a: a.reshape(whole, *a.shape[2:]), piece))
    g_xs, g_forced = jax.tree.map(lambda *parts: jnp.concatenate(parts), *pieces)
    g_xs = jnp.zeros_like(xs) if g_xs is None else g_xs
    g_state, sums, g_projection = carry
    return sums.gradients(cell), g_state, g_xs, _injection_gradient(injection, g_projection, g_forced)


_recurrence.defvjp(_forward, _backward, symbolic_zeros=True)


class _Sums(NamedTuple):
    """Weight gradients added up over time.

    Attributes:
        hh: of the recurrent weights.
        seen: products of the gradients of all pre-activations with [x; 1], (rows, inputs + 1).
    """

    hh: Array
    seen: Array

    @staticmethod
    def zeros(cell, weights, inputs):
        rows = (1 + max(*cell.hh_blocks, *cell.ih_blocks)) * weights.hh.shape[1]
        return _Sums(jnp.zeros_like(weights.hh), jnp.zeros((rows, inputs + 1), weights.hh.dtype))

    def gradients(self, cell):
        hidden = self.hh.shape[1]
        blocks = [self.seen[i : i + hidden] for i in range(0, self.seen.shape[0], hidden)]
        ih = jnp.concatenate([blocks[i] for i in cell.ih_blocks])
        hh = jnp.concatenate([blocks[i] for i in cell.hh_blocks])
        return Weights(ih[:, :-1], self.hh, ih[:, -1], hh[:, -1])


def _chunk_backward(cell, prepared, weights, projection, wants, carry, samples):
    """A few samples backwards: (gradient of the state after them, sums so far) -> the same before them."""
    g_hs, unforced, xs, forced = samples
    g_state, sums, g_projection = carry
    before = unforced if forced is None else (_inject(projection, unforced[0], *forced), *unforced[1:])
    mask = None if forced is None else forced[1]
    seen = jnp.concatenate([xs, jnp.ones_like(xs[:, :1])], axis=1)
    wants_x, wants_injection = (flag is not None for flag in wants)
    width, hidden = weights.hh.shape
    transposed, to_inputs = weights.hh.T, weights.ih.T
    is_wide = weights.ih.shape[1] >= WIDE

    def again(_, inputs):
        return None, cell.forward(prepared, *inputs)[1]

    _, factors = jax.lax.scan(again, None, (before, xs))

    def step(carry, inputs):
        g_state, sums = carry
        g_h, h, seen, factors, mask = inputs
        direct, pre = cell.backward(factors, (g_state[0] + g_h, *g_state[1:]))
        joined = jnp.concatenate(pre)
        to_gates = joined[:width]
        g_seen = direct[0] + transposed @ to_gates
        g_unforced = g_seen if mask is None else _inject_backward(projection, g_seen, mask)
        sums = _Sums(sums.hh + to_gates @ h.T, sums.seen + joined @ seen.T)
        # Many inputs: their gradient here is one small product more, and far fewer numbers to keep.
        for_x = to_inputs @ _blocks_of(joined, cell.ih_blocks, hidden) if is_wide else joined
        return ((g_unforced, *direct[1:]), sums), (for_x if wants_x else None, g_seen if wants_injection else None)

    inputs = g_hs, before[0], seen, factors, mask
    (g_state, sums), (for_x, g_seen) = jax.lax.scan(step, (g_state, sums), inputs, reverse=True)
    g_xs = for_x if is_wide or not wants_x else _input_gradient(cell, weights, for_x)
    if not wants_injection:
        return (g_state, sums, g_projection), (g_xs, None)
    g_chunk, g_forced = _injection_gradients(projection, unforced[0], g_seen, *forced)
    return (g_state, sums, g_projection + g_chunk), (g_xs, g_forced)


def _input_gradient(cell, weights, joined):
    hidden = weights.hh.shape[1]
    to_inputs = jax.vmap(lambda one: _blocks_of(one, cell.ih_blocks, hidden))(joined)
    return jnp.einsum("gi,tgl->til", weights.ih, to_inputs)


def _blocks_of(joined, blocks, hidden):
    """Some blocks of rows of pre-activations, in order."""
    if blocks == tuple(range(joined.shape[0] // hidden)):
        return joined
    return jnp.concatenate([joined[i * hidden : (i + 1) * hidden] for i in blocks])


def _inject(projection, h, target, mask):
    """On one sample (hidden, lanes) or on all of them (time, hidden, lanes)."""
    return h + mask * (target - _project(projection, h))


def _project(projection, h):
    return projection * h if projection.shape[1] == 1 else projection @ h


def _inject_backward(projection, g, mask):
    masked = mask * g
    return g - _project(projection if projection.shape[1] == 1 else projection.T, masked)


def _injection_gradients(projection, unforced, g_seen, target, mask):
    masked = mask * g_seen
    if projection.shape[1] == 1:
        g_projection = -jnp.sum(masked * unforced, axis=(0, 2))[:, None]
    else:
        g_projection = -jnp.sum(jnp.einsum("tgl,thl->tgh", masked, unforced), axis=0)
    error = target - _project(projection, unforced)
    return g_projection, (masked, jnp.sum(g_seen * error, axis=1, keepdims=True))


def _injection_gradient(injection, g_projection, g_forced):
    if injection is None or g_forced is None:
        return jax.tree.map(jnp.zeros_like, injection)
    return Injection(g_projection, *g_forced)
