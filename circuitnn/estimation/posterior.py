"""Unknowns of largest posterior probability: squares of what data leave over their noise, and those of a prior."""

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from jax.typing import ArrayLike
from numpy.typing import NDArray

from circuitnn.estimation.unknowns import Prior
from circuitnn.numerics.levenberg_marquardt import Minimum, descend

STEPS, ENOUGH = 200, 1e-6
NEAR, FAR = 1e-6, 1e-2  # first damping of a descent, from where the last one has ended and from anywhere


class Problem(Protocol):
    """What knows how far a circuit is from the data."""

    def linearised(self, unknowns: ArrayLike) -> tuple[ArrayLike, ArrayLike]:
        """The residual (m,) and its Jacobian (m, p) at the unknowns (p,), each over its prior's standard deviation."""


def linearised(problem: Problem, unknowns: ArrayLike) -> tuple[NDArray, NDArray]:
    """The residual (m,) and its Jacobian (m, p)."""
    rest, slopes = problem.linearised(unknowns)
    return np.asarray(rest), np.asarray(slopes)


def normal(problem: Problem, unknowns: ArrayLike, noise: float) -> tuple[NDArray, NDArray, float]:
    """Gauss and Newton's matrix, half the gradient and the error: squares over the noise's, and those of the prior."""
    at = np.asarray(unknowns)
    rest, rows = (each / noise for each in linearised(problem, unknowns))
    error = float(rest @ rest + at @ at)
    return rows.T @ rows + np.eye(at.size), rows.T @ rest + at, error if np.isfinite(rows).all() else np.nan


def descended(
    problem: Problem,
    start: NDArray,
    noise: float,
    prior: Prior,
    *,
    steps: int = STEPS,
    enough: float = ENOUGH,
    damping: float = FAR,
) -> Minimum:
    """The minimum below a start, for a known noise; `enough` is a step, in the unit of the unknowns, that ends it."""

    def at(unknowns):
        return normal(problem, unknowns, noise)

    return descend(at, start, steps=steps, low=prior.low, high=prior.high, enough=enough, damping=damping)


def best_of(found: Iterable[Minimum]) -> Minimum:
    """The lowest one that is a number."""
    return min(found, key=lambda each: each.error if np.isfinite(each.error) else np.inf)


def settled(
    problem: Problem, best: Minimum, noise: float, prior: Prior, *, least: float, is_known: bool
) -> tuple[Minimum, float, float]:
    """The minimum, the noise, and the noise in what it leaves; unless known, the noise is what is left (MacKay 1992).

    Args:
        problem: circuit and data.
        best: minimum for the noise.
        noise: given, or a guess.
        prior: bounds.
        least: noise.
        is_known: whether the noise is given.
    """
    left = left_over(problem, best.at, noise, least)
    for _ in range(10):
        if is_known or abs(left / noise - 1) < 0.01:
            break
        noise = left
        best = descended(problem, best.at, noise, prior, damping=NEAR)
        left = left_over(problem, best.at, noise, least)
    return best, noise, left


def left_over(problem: Problem, unknowns: NDArray, noise: float, least: float) -> float:
    """Noise in what is left: the data have lost as many degrees of freedom as they determine (MacKay 1992)."""
    rest, slopes = linearised(problem, unknowns)
    sizes = np.linalg.svd(slopes / noise, compute_uv=False)
    taken = np.sum(sizes**2 / (1 + sizes**2))
    return max(float(np.sqrt(rest @ rest / max(rest.size - taken, 1.0))), least)
