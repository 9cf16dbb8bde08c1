"""When an iteration over a whole block is given up: as soon as it is seen to lead nowhere."""

from typing import Any, NamedTuple, final

import jax.numpy as jnp
from jax import Array

MAX_ITERATIONS = 100  # then the loop over the samples takes over; what converges takes 3 to 20
GROWTH = 1e3  # of the largest step over the smallest one so far: from there on no iteration has come back
PATIENCE = 10  # iterations in which the largest step, or the samples that still move, have to become half as many


@final
class Progress(NamedTuple):
    """Of the iteration: it is given up as soon as it is seen to lead nowhere, since the loop is sure to.

    Attributes:
        left: the largest step, in units of what is small enough.
        moving: numbers that have not settled.
        smallest: of `left` when it was last halved; likewise fewest.
        iterations: so far.
        since: of them, those after the last that halved either.
    """

    left: Array
    moving: Array
    smallest: Array
    fewest: Array
    iterations: Array
    since: Array

    def after(self, left: Array, moving: Array) -> "Progress":
        """After one more iteration."""
        is_halved = (left <= self.smallest / 2) | (moving <= self.fewest / 2)
        return Progress(
            left,
            moving,
            jnp.where(is_halved, jnp.fmin(left, self.smallest), self.smallest),
            jnp.where(is_halved, jnp.minimum(moving, self.fewest), self.fewest),
            self.iterations + 1,
            jnp.where(is_halved, 0, self.since + 1),
        )

    @property
    def is_promising(self) -> Array:
        """Whether to go on."""
        is_growing = ~(self.left <= GROWTH * self.smallest)  # not "greater than": no number leads nowhere too
        return (self.iterations < MAX_ITERATIONS) & (self.since < PATIENCE) & ((self.iterations == 0) | ~is_growing)


def begin(dtype: Any) -> Progress:
    """Before the first iteration."""
    never, none = jnp.asarray(jnp.finfo(dtype).max, dtype), jnp.int32(0)
    return Progress(jnp.asarray(jnp.inf, dtype), jnp.int32(2**30), never, jnp.int32(2**30), none, none)
