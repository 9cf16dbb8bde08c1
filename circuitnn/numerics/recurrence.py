"""Linear recurrences over time: the tangent of a nonlinear one."""

from jax import Array, lax
from jax import numpy as jnp

from circuitnn.numerics.small import apply


def linear_recurrence(
    transition: Array, drive: Array, start: Array, *, is_parallel: bool = False
) -> tuple[Array, Array]:
    """``s_n = transition_n s_{n-1} + drive_n``.

    Linear in (drive, start), so that JAX can transpose it: one scan forwards, one backwards, at the cost of a filter.

    Args:
        transition: (time, n, n, batch).
        drive: (time, n, batch).
        start: (n, batch), before the first step.
        is_parallel: with an associative scan (Blelloch 1990) in place of a loop: n times the work, in as many steps as
            the logarithm of the time. For accelerators.

    Returns:
        The state before each step (time, n, batch) and the one after the last (n, batch).
    """
    if is_parallel:
        return _associative(transition, drive, start)

    def step(state, inputs):
        matrix, add = inputs
        return apply(matrix, state) + add, state

    last, before = lax.scan(step, start, (transition, drive))
    return before, last


def _associative(transition: Array, drive: Array, start: Array) -> tuple[Array, Array]:
    first = drive[:1] + apply(transition[:1], start[None])
    # The matrices last: products of many small matrices are one operation then.
    matrices, vectors = jnp.moveaxis(transition, -1, 1), jnp.moveaxis(jnp.concatenate([first, drive[1:]]), -1, 1)

    def joined(earlier, later):
        (a, b), (c, d) = earlier, later
        return c @ a, c @ b + d

    _, after = lax.associative_scan(joined, (matrices, vectors[..., None]))
    after = jnp.moveaxis(after[..., 0], 1, -1)
    return jnp.concatenate([start[None], after[:-1]]), after[-1]
