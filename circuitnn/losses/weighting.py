"""Sums of losses."""

import dataclasses
from collections.abc import Callable
from typing import final

from jax import Array
from jax.typing import ArrayLike

Loss = Callable[[ArrayLike, ArrayLike], Array]


@final
@dataclasses.dataclass(frozen=True)
class Weighted:
    """A weighted sum of losses; made by `weighted`.

    Two sums of the same terms are equal, so that a function that was compiled for one serves the other.

    Attributes:
        terms: pairs of weight and loss.
    """

    terms: tuple[tuple[float, Loss], ...]

    def __call__(self, prediction: ArrayLike, target: ArrayLike) -> Array:
        """The sum, a scalar."""
        weight, loss = self.terms[0]
        total = weight * loss(prediction, target)
        for weight, loss in self.terms[1:]:
            total = total + weight * loss(prediction, target)
        return total


def weighted(*terms: tuple[float, Loss]) -> Weighted:
    """A weighted sum of losses: ``weighted((1.0, esr), (1.0, dc))``.

    Args:
        terms: pairs of weight (finite, not negative) and loss.

    Returns:
        A function of (prediction, target).

    Raises:
        ValueError: without a term, or for a term that is not such a pair.
    """
    if not terms:
        raise ValueError("weighted() needs at least one pair of (weight, loss)")
    for term in terms:
        if not (isinstance(term, tuple) and len(term) == 2 and callable(term[1])):
            raise ValueError(f"weighted() takes pairs of (weight, loss), got {term!r}")
        if not 0 <= float(term[0]) < float("inf"):
            raise ValueError(f"the weight of a loss must be finite and not negative, got {term[0]!r}")
    return Weighted(tuple((float(weight), loss) for weight, loss in terms))
