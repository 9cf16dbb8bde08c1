"""Standard errors by drawing excerpts of a recording anew."""

import numpy as np
from numpy.typing import NDArray

DRAWS = 1000
FEWEST = 8  # excerpts: the scatter of fewer says little


def resampled(slopes: NDArray, rest: NDArray, at: NDArray, noise: float, starts: NDArray, seed: int = 0) -> NDArray:
    """Standard deviations (p,) of unknowns that are fitted to as many excerpts, drawn with replacement.

    Each draw is a Gauss-Newton step from the fit to all of them, priors included; NaN where there are too few.

    Args:
        slopes: Jacobian of the residual over the prior's standard deviations, (m, p).
        rest: the residual, (m,).
        at: the unknowns where the fit has ended, (p,), over the same.
        noise: standard deviation of the residual.
        starts: where each excerpt begins.
        seed: of the draws.

    Source: Efron 1979 (the bootstrap); Kline and Santos 2012 (draws of scores in place of fits).
    """
    count, size = len(starts), slopes.shape[1]
    if count < FEWEST:
        return np.full(size, np.nan)
    ends = [*starts[1:], len(rest)]
    parts = [(slopes[first:last] / noise, rest[first:last] / noise) for first, last in zip(starts, ends, strict=True)]
    grams = np.array([rows.T @ rows for rows, _ in parts])
    scores = np.array([rows.T @ left for rows, left in parts])
    # Where the descent has ended nothing is left to be moved by, but for rounding.
    scores += (-at - scores.sum(0)) / count
    weights = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=DRAWS)
    gram = np.einsum("dn,npq->dpq", weights, grams) + np.eye(size)
    steps = np.linalg.solve(gram, -(weights @ scores + at)[..., None])[..., 0]
    return np.std(steps, axis=0)
