"""Intervals of single values from the profile of the likelihood: where they are neither narrow nor symmetric."""

from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from circuitnn.estimation.posterior import NEAR, Problem, descended, normal
from circuitnn.estimation.unknowns import Prior

STEPS = 12  # of a descent
ENOUGH = 0.02  # of the prior's standard deviations: a step that ends a descent
CLOSE = 0.05  # standard deviations that an end may be off by
TRIES = 8  # places that are tried on each side
MOST_FAR = 4.0  # times as far as the place before, at most


@final
class Profile(NamedTuple):
    """An interval of 95 %.

    Attributes:
        low: of the unknown, in the unit of the prior's standard deviation; minus infinity where the recording allows
            for anything down to the bound.
        high: likewise.
    """

    low: float
    high: float


def profiled(
    problem: Problem, best: NDArray, prior: Prior, noise: float, index: int, error: float, reach: float
) -> Profile:
    """Where the likelihood of one unknown, with all others at their best, has fallen as far as 95 % allow.

    The signed root of twice the fall is that of a normal number (Barndorff-Nielsen 1986); it is scaled so that near the
    best value it agrees with the standard error, which allows for noise that is not white (Chandler and Bate 2007).
    The prior of the unknown itself does not count.

    Args:
        problem: circuit, recorder and excerpts.
        best: where the fit has ended, (p,).
        prior: of all unknowns.
        noise: standard deviation of what is left.
        index: of the unknown.
        error: its standard error, in the unit of the prior's standard deviation.
        reach: standard errors on either side that an interval has.
    """
    gram, _, whole = normal(problem, best, noise)
    others = np.linalg.inv(gram)
    white = np.sqrt(1 / max(1 / others[index, index] - 1.0, 1e-12))
    search = _Search(
        problem=problem,
        best=best,
        prior=prior,
        noise=noise,
        which=index,
        least=float(whole - best[index] ** 2),
        scale=min(float(white / error), 1.0),
        along=others[:, index] / others[index, index],
    )
    return Profile(*(_end(search, side, reach, min(reach * error, MOST_FAR)) for side in (-1, 1)))


@final
class _Search(NamedTuple):
    """What is looked for, and where it begins.

    Attributes:
        least: squares at the best place, without the unknown's own prior.
        scale: of the root.
        along: how the others follow the unknown, (p,).
    """

    problem: Problem
    best: NDArray
    prior: Prior
    noise: float
    which: int
    least: float
    scale: float
    along: NDArray

    def root(self, place: float, start: NDArray) -> tuple[float, NDArray]:
        """Of the fall where the unknown is held at a place, and the others there; they begin at `start`."""
        k = self.which
        box = self.prior._replace(low=_with(self.prior.low, k, place), high=_with(self.prior.high, k, place))
        begun = np.clip(start + self.along * (place - start[k]), box.low, box.high)
        found = descended(self.problem, begun, self.noise, box, steps=STEPS, enough=ENOUGH, damping=NEAR)
        fall = found.error - found.at[k] ** 2 - self.least
        return self.scale * float(np.sqrt(max(fall, 0.0))), found.at


def _end(search: _Search, side: int, reach: float, far: float) -> float:
    """Of the interval, on one side; `far` is where it may be."""
    middle = float(search.best[search.which])
    bound = float((search.prior.low if side < 0 else search.prior.high)[search.which])
    start = search.best
    inner, outer = (0.0, 0.0), None  # distances and roots
    for _ in range(TRIES):
        is_bound = far >= side * (bound - middle)
        far = min(far, side * (bound - middle))
        root, at = search.root(middle + side * far, start)
        if abs(root - reach) < CLOSE:
            return middle + side * far * reach / root
        if root < reach:
            if is_bound:
                return side * np.inf
            inner, start = (far, root), at
        else:
            outer = (far, root)
        far = _next(inner, outer, reach)
    return middle + side * far


def _next(inner: tuple[float, float], outer: tuple[float, float] | None, reach: float) -> float:
    """A distance at which the root may be the one looked for: it is about as straight as a line."""
    if outer is None:
        return inner[0] * float(np.clip(reach / max(inner[1], 1e-6), 1.1, MOST_FAR))
    share = (reach - inner[1]) / (outer[1] - inner[1])
    return inner[0] + float(np.clip(share, 0.05, 0.95)) * (outer[0] - inner[0])


def _with(bounds: NDArray, index: int, value: float) -> NDArray:
    found = np.array(bounds, float)
    found[index] = value
    return found
