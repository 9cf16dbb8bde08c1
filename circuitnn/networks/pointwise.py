"""A layer without memory."""

from typing import Any, final

from flax import nnx
from jax import Array

from circuitnn.networks.activations import activation_function
from circuitnn.networks.dense import Dense
from circuitnn.networks.layer import Layer


@final
class Pointwise(Layer):
    """``f(W u + b)`` of each sample for itself.

    Attributes:
        linear: W and b.
        activation: f by its name, see `circuitnn.networks.activations`.
    """

    def __init__(
        self, features: int, width: int, *, activation: str = "linear", bias: bool = True, dtype: Any, rngs: nnx.Rngs
    ):
        activation_function(activation)  # an error here, not later
        self.width, self.activation = width, activation
        self.linear = Dense(features, width, bias=bias, dtype=dtype, rngs=rngs)

    def rest(self, u: Array, knobs: Array) -> tuple[tuple[()], Array]:
        return self((), u, knobs)

    def __call__(self, carry: tuple[()], u: Array, knobs: Array) -> tuple[tuple[()], Array]:
        return carry, activation_function(self.activation)(self.linear(u))
