"""Least squares by Levenberg and Marquardt's method, within bounds."""

from collections.abc import Callable
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

LARGEST_DAMPING = 1e10


@final
class Minimum(NamedTuple):
    """Where the descent ended.

    Attributes:
        at: (p,).
        error: there.
        converged: whether it ended because the steps had become small.
    """

    at: NDArray
    error: float
    converged: bool


def descend(
    normal: Callable[[NDArray], tuple[Any, Any, Any]],
    start: ArrayLike,
    *,
    steps: int,
    low: ArrayLike = -np.inf,
    high: ArrayLike = np.inf,
    enough: float = 0.0,
    damping: float = 1e-2,
) -> Minimum:
    """Gauss and Newton's step, damped until the error falls (Levenberg 1944; Marquardt 1963).

    What is at a bound and wants to go beyond it is left out of a step, and steps end at the bounds (Kanzow, Yamashita
    and Fukushima 2004).

    Args:
        normal: of (p,): Gauss and Newton's matrix (p, p), half the gradient (p,) and the error, all over one common
            factor. An error that is not a number is taken for a large one.
        start: (p,), within the bounds; its error has to be finite.
        steps: at most, those that are tried in vain included.
        low: bound, broadcast to (p,).
        high: likewise.
        enough: ends where no entry of a step is larger; with 0 only where no step helps any more.
        damping: of the first step; little where the start is near the minimum.
    """
    at = np.asarray(start, float)
    gram, slope, error = (np.asarray(each) for each in normal(at))
    for _ in range(steps):
        is_free = ~(((at <= low) & (slope > 0)) | ((at >= high) & (slope < 0)))
        trial = np.clip(at - _step(gram, slope, is_free, damping), low, high)
        if np.abs(trial - at).max(initial=0.0) <= enough:
            return Minimum(at, float(error), True)
        at_trial = tuple(np.asarray(each) for each in normal(trial))
        if at_trial[2] < error:
            at, (gram, slope, error), damping = trial, at_trial, max(damping / 3, 1e-12)
        else:
            damping *= 4
        if damping > LARGEST_DAMPING:
            break
    return Minimum(at, float(error), False)


def _step(gram: NDArray, slope: NDArray, is_free: NDArray, damping: float) -> NDArray:
    step = np.zeros_like(slope)
    matrix = gram[np.ix_(is_free, is_free)]
    # The last term keeps what has no effect on the error where it is.
    diagonal = np.diag(damping * np.diag(matrix) + 1e-12)
    step[is_free] = np.linalg.solve(matrix + diagonal, slope[is_free])
    return step


def descend_together(
    normal: Callable[[NDArray], tuple[NDArray, NDArray, NDArray]],
    starts: ArrayLike,
    *,
    steps: int,
    enough: float = 1e-6,
    damping: float = 1e-2,
) -> NDArray:
    """As `descend`, without bounds, of several problems whose errors are computed side by side: (k, p).

    Args:
        normal: of (k, p): the matrices (k, p, p), half the gradients (k, p) and the errors (k,).
        starts: (k, p), their errors finite.
        steps: at most, for all together.
        enough: ends a problem where a step makes its error smaller by no more than this share, or `LARGEST_DAMPING`.
        damping: of the first step.
    """
    at = np.array(starts, float)
    gram, slope, error = normal(at)
    dampings, is_done = np.full(len(at), damping), np.zeros(len(at), bool)
    for _ in range(steps):
        moved = [_step(g, s, np.ones(len(s), bool), d) for g, s, d in zip(gram, slope, dampings, strict=True)]
        trial = np.where(is_done[:, None], at, at - np.stack(moved))
        gram_there, slope_there, error_there = normal(trial)
        is_better = ~is_done & (error_there < error)
        is_done = is_done | (is_better & (error - error_there <= enough * error))
        at = np.where(is_better[:, None], trial, at)
        gram = np.where(is_better[:, None, None], gram_there, gram)
        slope = np.where(is_better[:, None], slope_there, slope)
        error = np.where(is_better, error_there, error)
        dampings = np.where(is_better, np.maximum(dampings / 3, 1e-12), 4 * dampings)
        is_done = is_done | (dampings > LARGEST_DAMPING)
        if is_done.all():
            break
    return at
