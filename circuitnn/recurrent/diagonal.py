"""The diagonal linear recurrence ``x_n = a_n x_{n-1} + b_n``, element by element, with its reverse rule.

Numbers are tuples of real arrays: (real,), or (real, imaginary). A program without complex arrays has a C, and on the
CPU it is no slower. Backwards runs the reversed recurrence; nothing is kept but the states. Forward mode (jvp) is not
defined.
"""

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


def diagonal_recurrence(a: Numbers, b: Numbers, start: Numbers, *, scan: Scan = "auto") -> Numbers:
    """States after each sample, (time, n).

    Args:
        a: (n,), or (time, n) where the coefficients move.
        b: (time, n).
        start: (n,).
        scan: a loop over time ("sequential"), an associative scan (Blelloch, 1990), or what is faster ("auto").
    """
    return _recurrence(is_associative(scan, b[0].shape[0]), a, b, start)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _recurrence(is_parallel: bool, a: Numbers, b: Numbers, start: Numbers) -> Numbers:
    if is_parallel:
        return _associative(a, (*(jnp.concatenate([p[:1] + s[None], p[1:]]) for p, s in _begun(a, b, start)),))
    moves = a[0].ndim == 2

    def step(x: Numbers, inputs: tuple[Numbers, Numbers | None]) -> tuple[Numbers, Numbers]:
        drive, factor = inputs
        x = plus(times(a if factor is None else factor, x), drive)
        return x, x

    return lax.scan(step, start, (b, a if moves else None))[1]


def _begun(a: Numbers, b: Numbers, start: Numbers) -> zip:
    first = tuple(part[0] for part in a) if a[0].ndim == 2 else a
    return zip(b, times(first, start), strict=True)


def _associative(a: Numbers, b: Numbers, *, reverse: bool = False) -> Numbers:
    """From zero."""

    def joined(earlier: tuple[Numbers, Numbers], later: tuple[Numbers, Numbers]) -> tuple[Numbers, Numbers]:
        return times(earlier[0], later[0]), plus(times(later[0], earlier[1]), later[1])

    full = tuple(jnp.broadcast_to(part, b[0].shape) for part in a)
    return lax.associative_scan(joined, (full, b), reverse=reverse)[1]


def _forward(is_parallel: bool, a: Numbers, b: Numbers, start: Numbers):
    states = _recurrence(is_parallel, a, b, start)
    return states, (a, start, states)


def _backward(is_parallel: bool, kept, gradient: Numbers):
    a, start, states = kept
    back, moves = conjugate(a), a[0].ndim == 2
    if is_parallel:
        # Into sample n goes what sample n + 1 hands back.
        later = tuple(jnp.concatenate([p[1:], jnp.zeros_like(p[:1])]) for p in back) if moves else back
        g_b = _associative(later, gradient, reverse=True)
        g_start = times(tuple(p[0] for p in back) if moves else back, tuple(p[0] for p in g_b))
    else:

        def step(handed_back: Numbers, inputs: tuple[Numbers, Numbers | None]) -> tuple[Numbers, Numbers]:
            g, factor = inputs
            total = plus(g, handed_back)
            return times(back if factor is None else factor, total), total

        zeros = tuple(jnp.zeros_like(part) for part in start)
        g_start, g_b = lax.scan(step, zeros, (gradient, back if moves else None), reverse=True)
    before = tuple(jnp.concatenate([s[None], x[:-1]]) for s, x in zip(start, states, strict=True))
    g_a = times(conjugate(before), g_b)
    return (g_a if moves else tuple(jnp.sum(part, axis=0) for part in g_a)), g_b, g_start


_recurrence.defvjp(_forward, _backward)
