"""What stands around a linear recurrence in a network: mixing of its outputs, and a connection past both."""

from typing import Any, Literal, final, get_args

import jax.numpy as jnp
from flax import nnx
from jax import Array

from circuitnn.model import Carry
from circuitnn.networks.activations import sigmoid
from circuitnn.networks.dense import Dense
from circuitnn.networks.layer import Layer

Mixing = Literal["glu", "tanh"]


@final
class Mixed(Layer):
    """``u + f(recurrence(u))``, f of each sample for itself.

    "glu" is ``f(z) = (W z + b) sigmoid(V z + c)`` (gated linear unit), "tanh" is ``f(z) = tanh(W z + b)``.

    Attributes:
        recurrence: a layer as wide as what goes in.
        mixing: f, by its name.
        linear: W and b.
        gate: V and c, or None.
    """

    def __init__(self, recurrence: Layer, *, mixing: Mixing = "glu", dtype: Any, rngs: nnx.Rngs):
        if mixing not in get_args(Mixing):
            raise ValueError(f"mixing: there are {', '.join(get_args(Mixing))}, not {mixing!r}")
        self.width = width = recurrence.width
        self.recurrence, self.mixing = recurrence, mixing
        self.linear = Dense(width, width, dtype=dtype, rngs=rngs)
        self.gate = Dense(width, width, dtype=dtype, rngs=rngs) if mixing == "glu" else None

    def rest(self, u: Array, knobs: Array) -> tuple[Carry, Array]:
        carry, z = self.recurrence.rest(u, knobs)
        return carry, u + self._mix(z)

    def __call__(self, carry: Carry, u: Array, knobs: Array) -> tuple[Carry, Array]:
        carry, z = self.recurrence(carry, u, knobs)
        return carry, u + self._mix(z)

    def _mix(self, z: Array) -> Array:
        if self.gate is None:
            return jnp.tanh(self.linear(z))
        return self.linear(z) * sigmoid(self.gate(z))
