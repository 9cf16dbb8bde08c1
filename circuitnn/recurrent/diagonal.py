"""The diagonal linear recurrence ``x_n = a_n x_{n-1} + b_n``, element by element, with its reverse rule.

Numbers are tuples of real arrays: (real,), or (real, imaginary). A program without complex arrays has a C, and on the
CPU it is no slower. Backwards runs the reversed recurrence; nothing is kept but the states. Forward mode (jvp) is not
defined.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal, get_args

import jax
import jax.numpy as jnp
from jax import Array, lax

Numbers = tuple[Array, ...]
Scan = Literal["auto", "sequential", "associative"]


def checked_scan(scan: str) -> Scan:
    """How the recurrence runs.

    Raises:
        ValueError: for anything else.
    """
    if scan not in get_args(Scan):
        raise ValueError(f"scan: there are {', '.join(get_args(Scan))}, not {scan!r}")
    return scan  # type: ignore[return-value]


def is_associative(scan: Scan, time: int) -> bool:
    """Whether a block is run by an associative scan.

    On a CPU the loop is faster: it reads and writes each number once, where the scan does so for each power of two. On
    an accelerator each step of a loop costs the launch of a kernel.
    """
    if time == 1 or scan == "sequential":
        return False
    return scan == "associative" or jax.default_backend() != "cpu"


def times(a: Numbers, b: Numbers) -> Numbers:
    """The product."""
    if len(a) == 1:
        return (a[0] * b[0],)
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def plus(a: Numbers, b: Numbers) -> Numbers:
    """The sum."""
    return tuple(p + q for p, q in zip(a, b, strict=True))


def conjugate(a: Numbers) -> Numbers:
    """With the other sign of the imaginary part."""
    return a[0], *(-part for part in a[1:])


def quotient(a: Numbers, b: Numbers) -> Numbers:
    """``a / b`` of complex numbers; zero where b is."""
    size = b[0] * b[0] + b[1] * b[1]
    inverse = jnp.where(size > 0, 1 / jnp.where(size > 0, size, 1), 0)
    return tuple(part * inverse for part in times(a, conjugate(b)))


def exponential(a: Numbers) -> Numbers:
    """``exp(a)`` of complex numbers."""
    size = jnp.exp(a[0])
    return size * jnp.cos(a[1]), size * jnp.sin(a[1])


def exponential_minus_one(a: Numbers) -> Numbers:
    """``exp(a) - 1`` of complex numbers, exact for small ones."""
    half = jnp.sin(a[1] / 2)
    return jnp.expm1(a[0]) * jnp.cos(a[1]) - 2 * half * half, jnp.exp(a[0]) * jnp.sin(a[1])


def diagonal_recurrence(change: Numbers, b: Numbers, start: Numbers, *, scan: Scan = "auto") -> Numbers:
    """States after each sample, (time, n): ``x_n = x_{n-1} + change_n x_{n-1} + b_n``.

    A factor near one, of a state that lasts for seconds, is one to rounding; what it lacks of one is not.

    Args:
        change: a - 1, (n,), or (time, n) where the coefficients move.
        b: (time, n).
        start: (n,).
        scan: a loop over time ("sequential"), an associative scan (Blelloch, 1990), or what is faster ("auto").
    """
    return _recurrence(is_associative(scan, b[0].shape[0]), change, b, start)


def changed(change: Numbers, x: Numbers) -> Numbers:
    """``(1 + change) x``."""
    return plus(x, times(change, x))


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _recurrence(is_parallel: bool, change: Numbers, b: Numbers, start: Numbers) -> Numbers:
    moves = change[0].ndim == 2
    if is_parallel:
        first = changed(tuple(part[0] for part in change) if moves else change, start)
        return _associative(change, tuple(p.at[0].add(x) for p, x in zip(b, first, strict=True)))

    def step(x: Numbers, inputs: tuple[Numbers, Numbers | None]) -> tuple[Numbers, Numbers]:
        drive, moving = inputs
        x = plus(x, plus(times(change if moving is None else moving, x), drive))
        return x, x

    return lax.scan(step, start, (b, change if moves else None))[1]


def _associative(change: Numbers, b: Numbers, *, reverse: bool = False) -> Numbers:
    """From zero."""

    def joined(earlier: tuple[Numbers, Numbers], later: tuple[Numbers, Numbers]) -> tuple[Numbers, Numbers]:
        return plus(later[0], changed(later[0], earlier[0])), plus(later[1], changed(later[0], earlier[1]))

    full = tuple(jnp.broadcast_to(part, b[0].shape) for part in change)
    return lax.associative_scan(joined, (full, b), reverse=reverse)[1]


def _forward(is_parallel: bool, change: Numbers, b: Numbers, start: Numbers):
    states = _recurrence(is_parallel, change, b, start)
    return states, (change, start, states)


def _backward(is_parallel: bool, kept, gradient: Numbers):
    change, start, states = kept
    back, moves = conjugate(change), change[0].ndim == 2
    if is_parallel:
        # Into sample n goes what sample n + 1 hands back.
        later = tuple(jnp.concatenate([p[1:], jnp.zeros_like(p[:1])]) for p in back) if moves else back
        g_b = _associative(later, gradient, reverse=True)
        g_start = changed(tuple(p[0] for p in back) if moves else back, tuple(p[0] for p in g_b))
    else:
        g_start, g_b = _back(back, gradient)
    first = times(conjugate(start), tuple(part[0] for part in g_b))
    others = times(conjugate(tuple(part[:-1] for part in states)), tuple(part[1:] for part in g_b))
    if moves:
        return tuple(jnp.concatenate([p[None], q]) for p, q in zip(first, others, strict=True)), g_b, g_start
    return tuple(p + jnp.sum(q, axis=0) for p, q in zip(first, others, strict=True)), g_b, g_start


def _back(back: Numbers, gradient: Numbers) -> tuple[Numbers, Numbers]:
    """The loop from the end: the gradient of what it starts with, and of what is added to each state."""
    moves = back[0].ndim == 2

    def step(handed_back: Numbers, inputs: tuple[Numbers, Numbers | None]) -> tuple[Numbers, Numbers]:
        g, moving = inputs
        total = plus(g, handed_back)
        return changed(back if moving is None else moving, total), total

    zeros = tuple(jnp.zeros_like(part[0]) for part in gradient)
    return lax.scan(step, zeros, (gradient, back if moves else None), reverse=True)


_recurrence.defvjp(_forward, _backward)


def in_chunks(
    block: Callable[[Array, Array], tuple[Array, Array]], state: Array, columns: Array, size: int
) -> tuple[Array, Array]:
    """A block of many samples as chunks that stay in the cache; going back, each is run once more.

    Args:
        block: (state, (time, ...)) to the state after it and (time, ...).
        state: before.
        columns: (time, ...).
        size: samples of a chunk.
    """
    whole = columns.shape[0] - columns.shape[0] % size
    if whole <= size:
        return block(state, columns)
    chunks = columns[:whole].reshape(-1, size, *columns.shape[1:])
    state, y = lax.scan(jax.checkpoint(block), state, chunks)
    y = y.reshape(whole, *y.shape[2:])
    if whole == columns.shape[0]:
        return state, y
    state, last = block(state, columns[whole:])
    return state, jnp.concatenate([y, last])
