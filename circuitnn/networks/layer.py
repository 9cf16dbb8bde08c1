"""A layer with a memory: the block law inside of a network."""

import abc

from flax import nnx
from jax import Array

from circuitnn.model import Carry


class Layer(nnx.Module):
    """A causal map with a carry inside of a network, all in network units (abstract).

    As a model does it obeys the block law: cutting ``u`` anywhere along time and handing the carry on changes nothing.
    Arrays of a carry have the batch in front and features behind; those without a dimension, such as the place in a
    ring of samples, belong to all entries alike.

    Attributes:
        width: features of what comes out.
    """

    width: int

    @abc.abstractmethod
    def rest(self, u: Array, knobs: Array) -> tuple[Carry, Array]:
        """Where a constant leads, exactly: a fixed point of the layer.

        Args:
            u: (..., features), what has gone in for long.
            knobs: (..., controls), where the knobs have been; they broadcast against u.

        Returns:
            The carry, and what comes out (..., width).
        """

    @abc.abstractmethod
    def __call__(self, carry: Carry, u: Array, knobs: Array) -> tuple[Carry, Array]:
        """One block: the carry after it, and (..., time, width).

        Args:
            carry: from `rest` or from the block before.
            u: (..., time, features).
            knobs: (..., time, controls), at each sample, of one sample where they stand still; they broadcast against
                u, also in the batch. Of no features where the network has no knobs.
        """
