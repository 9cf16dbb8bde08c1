"""What a recurrent cell is: one sample forwards, and the same sample backwards from element-wise factors.

A new cell is one file: `elementwise_cell` of its equations, and a class of `BlackBox` that names it. `GRU_CELL` and
`LSTM_CELL` have their factors written out, which is faster.

All arrays are (features, lanes): the entries of a batch lie side by side in memory, so that a gate is a block of rows
without gaps. Only whole operands are sliced and never the result of an element-wise operation: the compiler then makes
one vectorised loop of each gate (measured: three to eight times faster than batch-first).
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, final

import jax
import jax.numpy as jnp
from jax import Array

WIDE = 16  # inputs from which on a product is faster
State = tuple[Array, ...]  # (hidden, lanes) each; the first is h, which the recurrent weights see


@final
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


@final
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
        keeping: block of the gate that keeps what a unit remembers, None where there is no such gate.
        writing: block of a gate of its own that lets news in, None where that is what the keeping one leaves.
    """

    slots: int
    hh_blocks: tuple[int, ...]
    ih_blocks: tuple[int, ...]
    prepare: Callable[[Weights], Any]
    forward: Callable
    backward: Callable
    keeping: int | None = None
    writing: int | None = None


@final
class Prepared(NamedTuple):
    """Weights gate by gate."""

    hh: Array
    inputs: Array  # (gates * hidden, inputs)
    ih: list[Array]  # (hidden, inputs) for each gate
    bias: list[Array]  # (hidden, 1) for each gate
    bias_hh: list[Array]


def prepare(weights: Weights) -> Prepared:
    """Both biases as one, and that of the recurrent weights once more by itself."""
    hidden = weights.hh.shape[1]
    gates = [slice(i * hidden, (i + 1) * hidden) for i in range(weights.hh.shape[0] // hidden)]
    return Prepared(
        hh=weights.hh,
        inputs=weights.ih,
        ih=[weights.ih[gate] for gate in gates],
        bias=[(weights.bias_ih[gate] + weights.bias_hh[gate])[:, None] for gate in gates],
        bias_hh=[weights.bias_hh[gate][:, None] for gate in gates],
    )


def from_inputs(w: Prepared, x: Array) -> list[Array]:
    """W x for each gate: of few inputs by multiply and add, which joins the loop of the gate; of many one product."""
    if len(x) >= WIDE:
        return blocks_of(w.inputs @ x, w.hh.shape[1])
    return [sum((ih[:, k : k + 1] * x[k : k + 1] for k in range(1, len(x))), ih[:, :1] * x[:1]) for ih in w.ih]


def blocks_of(product: Array, hidden: int) -> list[Array]:
    """One block of rows for each gate."""
    return [product[i : i + hidden] for i in range(0, product.shape[0], hidden)]


def elementwise_cell(step: Callable[[list[Array], list[Array], State], State], *, gates: int, slots: int = 1) -> Cell:
    """A cell of its equations alone: what training needs besides is derived from them.

    Args:
        step: (W x + b for each gate, U h + c for each gate, state before) -> state after, arrays of (hidden, lanes),
            element by element: unit i of what comes out sees unit i of what goes in. The first slot of the state is h.
        gates: blocks of `hidden` rows in the weights.
        slots: arrays in the state.
    """

    def forward(w: Prepared, state: State, x: Array) -> tuple[State, State]:
        from_h = [block + c for block, c in zip(blocks_of(w.hh @ state[0], len(state[0])), w.bias_hh, strict=True)]
        from_x = [a + (b - c) for a, b, c in zip(from_inputs(w, x), w.bias, w.bias_hh, strict=True)]
        operands = (*from_h, *(jnp.broadcast_to(a, state[0].shape) for a in from_x), *state)

        def after(*operands: Array) -> State:
            return step(list(operands[gates : 2 * gates]), list(operands[:gates]), operands[2 * gates :])

        def derivative(index: int) -> State:
            ones = (jnp.ones_like(a) if k == index else jnp.zeros_like(a) for k, a in enumerate(operands))
            return jax.jvp(after, operands, tuple(ones))[1]

        return after(*operands), tuple(factor for k in range(len(operands)) for factor in derivative(k))

    def backward(factors: State, gradient: State) -> tuple[State, State]:
        by_slot = (factors[k : k + slots] for k in range(0, len(factors), slots))
        products = ([g * f for g, f in zip(gradient, slot, strict=True)] for slot in by_slot)
        totals = [functools.reduce(jnp.add, slot) for slot in products]
        return tuple(totals[2 * gates :]), tuple(totals[: 2 * gates])

    return Cell(slots, tuple(range(gates)), tuple(range(gates, 2 * gates)), prepare, forward, backward)
