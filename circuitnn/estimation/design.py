"""Experiments chosen for what they tell: sets of candidates whose statistics together make a loss small."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

SWEEPS = 20  # through the whole set, at most
WORTH = 1e-9  # of the loss: an exchange that gains less is none

Loss = Callable[[NDArray], NDArray]
"""Of sums of statistics (..., 2, p, p), see `covariance`; the smaller the better."""


def covariance(statistics: NDArray) -> NDArray:
    """Of what least squares make of experiments: A^-1 (A + B) A^-1, from the sums of both over the experiments.

    Args:
        statistics: (..., 2, p, p): A, the precision that the fit counts with, and B, the covariance of its scores
            beyond that, from errors that the fit knows nothing of.
    """
    counted, beyond = statistics[..., 0, :, :], statistics[..., 1, :, :]
    inverse = np.linalg.inv(counted)
    return inverse + inverse @ beyond @ inverse


@final
class DOptimal(NamedTuple):
    """Logarithm of the determinant of the covariance of the `first` unknowns (Wald 1943)."""

    first: int

    def __call__(self, statistics: NDArray, /) -> NDArray:
        return np.linalg.slogdet(covariance(statistics)[..., : self.first, : self.first])[1]


@final
class IOptimal(NamedTuple):
    """Average variance of what is predicted: trace of the covariance times W, W (p, p) the average of J^T J."""

    weight: NDArray

    def __call__(self, statistics: NDArray, /) -> NDArray:
        return np.einsum("...pq,qp->...", covariance(statistics), self.weight)


def chosen(information: NDArray, known: NDArray, loss: Loss, count: int, *, repeats: bool = True) -> list[int]:
    """`count` candidates for which the loss is small, in an order in which each is the best one after those before it.

    One after the other, then exchanged one for one until nothing gains (Fedorov 1972; Atkinson, Donev and Tobias 2007).
    That is not always the best set of all, but seldom far from it.

    Args:
        information: (c, 2, p, p), statistics of each candidate.
        known: (2, p, p), statistics before any of them; the first one is positive definite.
        loss: of sums of statistics.
        count: how many.
        repeats: whether a candidate may be chosen more than once.
    """
    found: list[int] = []
    total = known.copy()
    for _ in range(count):
        found.append(_best(information, total, loss, [] if repeats else found))
        total = total + information[found[-1]]
    for _ in range(SWEEPS):
        before = float(loss(total))
        for k, candidate in enumerate(found):
            others = total - information[candidate]
            taken = [] if repeats else [each for place, each in enumerate(found) if place != k]
            found[k] = _best(information, others, loss, taken)
            total = others + information[found[k]]
        # Differences of large numbers would add up.
        total = known + information[found].sum(axis=0)
        if before - float(loss(total)) <= WORTH * abs(before):
            break
    return _ordered(found, information, known, loss)


def continued(information: NDArray, known: NDArray, loss: Loss, count: int) -> Iterator[NDArray]:
    """Statistics after each of `count` candidates, each the best next one."""
    total = known
    for _ in range(count):
        total = total + information[_best(information, total, loss, [])]
        yield total


def _best(information: NDArray, total: NDArray, loss: Loss, taken: Sequence[int]) -> int:
    """The candidate after which the loss is smallest."""
    losses = loss(total + information)
    losses[list(taken)] = np.inf
    return int(np.nanargmin(losses))


def _ordered(found: Sequence[int], information: NDArray, known: NDArray, loss: Loss) -> list[int]:
    left, order, total = list(found), [], known
    while left:
        order.append(left.pop(_best(information[left], total, loss, [])))
        total = total + information[order[-1]]
    return order
