"""Linear recurrences over time: the tangent of a nonlinear one."""

from jax import Array, lax

from circuitnn.numerics.small import apply


def linear_recurrence(transition: Array, drive: Array, start: Array) -> tuple[Array, Array]:
    """``s_n = transition_n s_{n-1} + drive_n``.

    Linear in (drive, start), so that JAX can transpose it: one scan forwards, one backwards, at the cost of a filter.

    Args:
        transition: (time, n, n, batch).
        drive: (time, n, batch).
        start: (n, batch), before the first step.

    Returns:
        The state before each step (time, n, batch) and the one after the last (n, batch).
    """

    def step(state, inputs):
        matrix, add = inputs
        return apply(matrix, state) + add, state

    last, before = lax.scan(step, start, (transition, drive))
    return before, last
