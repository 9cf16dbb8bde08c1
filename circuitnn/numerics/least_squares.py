"""Nonlinear least squares by Levenberg's and Marquardt's method, a step at a time."""

from collections.abc import Callable

from jax import Array, lax
from jax import numpy as jnp

LADDER = (0.1, 1.0, 10.0)  # times the last damping
FLOOR = 1e-9  # of the damping, and of the smallest curvature relative to the mean one


def damped_step(gram: Array, slope: Array, damping: Array) -> Array:
    """Gauss's and Newton's step, each curvature made larger by a share of itself (Marquardt 1963): (n,).

    Args:
        gram: (n, n), J^T J.
        slope: (n,), J^T r.
        damping: the share.
    """
    n = gram.shape[-1]
    curvature = jnp.diagonal(gram)
    ridge = jnp.diag(damping * curvature + FLOOR * jnp.mean(curvature))
    # A gram matrix that rounding has made indefinite gives NaN here, and such a trial is not taken.
    factor = jnp.linalg.cholesky(gram + ridge)
    half = lax.linalg.triangular_solve(factor, slope.reshape(n, 1), left_side=True, lower=True)
    return lax.linalg.triangular_solve(factor, half, left_side=True, lower=True, transpose_a=True)[:, 0]


def levenberg_marquardt_step(
    normal: Callable[[Array], tuple[Array, Array]], error: Callable[[Array], Array], flat: Array, damping: Array
) -> tuple[Array, Array, Array]:
    """One step, with the best of three dampings; without branches, so that many problems can be solved at once.

    Args:
        normal: gives J^T J and J^T r at a point.
        error: gives the sum of squares, a scalar.
        flat: (n,) the point.
        damping: () of the last step.

    Returns:
        The new point (the old one where no trial is better), its damping and its error.
    """
    gram, slope = normal(flat)
    dampings = damping * jnp.asarray(LADDER, flat.dtype)
    trials = flat - lax.map(lambda each: damped_step(gram, slope, each), dampings)
    points = jnp.concatenate([flat[None], trials])
    errors = lax.map(error, points)
    best = jnp.argmin(jnp.where(jnp.isfinite(errors), errors, jnp.inf))
    # Nothing was better: try again with a hundred times the damping.
    following = jnp.concatenate([100 * damping[None], dampings])[best]
    return points[best], jnp.maximum(following, FLOOR), errors[best]
