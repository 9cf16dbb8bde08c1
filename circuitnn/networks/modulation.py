"""Layers that let knobs turn the features of a network; none of them has a memory."""

import abc
from typing import Any, final

import jax.numpy as jnp
from flax import nnx
from jax import Array

from circuitnn.networks.activations import sigmoid, softsign
from circuitnn.networks.dense import Dense, affine
from circuitnn.networks.layer import Layer


class Modulation(Layer):
    """A layer without memory that follows the knobs and keeps the number of features (abstract)."""

    @abc.abstractmethod
    def turned(self, u: Array, knobs: Array) -> Array:
        """The features u (..., width) with knobs (..., controls) that broadcast against them, sample by sample."""

    @final
    def rest(self, u: Array, knobs: Array) -> tuple[tuple[()], Array]:
        return (), self.turned(u, knobs)

    @final
    def __call__(self, carry: tuple[()], u: Array, knobs: Array) -> tuple[tuple[()], Array]:
        return carry, self.turned(u, knobs)


@final
class FeatureWise(Modulation):
    """FiLM: ``theta * u + eta`` of each feature, ``[theta; eta] = W k + b``. It begins with theta 1 and eta 0.

    Attributes:
        weight: W, (2 * width, controls).
        bias: b, (2 * width,).
    """

    def __init__(self, width: int, controls: int, *, dtype: Any):
        self.width = width
        self.weight = nnx.Param(jnp.zeros((2 * width, controls), dtype))
        self.bias = nnx.Param(jnp.concatenate([jnp.ones(width, dtype), jnp.zeros(width, dtype)]))

    def turned(self, u: Array, knobs: Array) -> Array:
        theta, eta = _halves(affine(knobs, self.weight[...], self.bias[...]))
        return theta * u + eta


@final
class GatedLinear(Modulation):
    """FiLM, then ``q1 * softsign(q2)`` with ``[q1; q2] = W u + b``.

    The gates begin half open, b 1 for q2: at 0 all would be a product of two small numbers, and learn more slowly.

    Attributes:
        film: None without knobs.
        linear: W (2 * width, width) and b.
    """

    def __init__(self, width: int, controls: int, *, dtype: Any, rngs: nnx.Rngs):
        self.width = width
        self.film = FeatureWise(width, controls, dtype=dtype) if controls else None
        self.linear = Dense(width, 2 * width, dtype=dtype, rngs=rngs)
        self.linear.bias[...] = self.linear.bias[...].at[width:].set(1)

    def turned(self, u: Array, knobs: Array) -> Array:
        q, gate = _halves(self.linear(u if self.film is None else self.film.turned(u, knobs)))
        return q * softsign(gate)


@final
class Gate(nnx.Module):
    """``tanh(a + V k) * sigmoid(b + U k)``, where a and b are halves of what comes in.

    Attributes:
        knobs: [V; U], (2 * width, controls); None without knobs.
    """

    def __init__(self, width: int, controls: int, *, dtype: Any, rngs: nnx.Rngs):
        self.knobs = Dense(controls, 2 * width, bias=False, dtype=dtype, rngs=rngs) if controls else None

    def __call__(self, u: Array, knobs: Array) -> Array:
        """[a; b] (..., 2 * width) and knobs (..., controls) that broadcast against it, to (..., width)."""
        a, b = _halves(u if self.knobs is None else u + self.knobs(knobs))
        return jnp.tanh(a) * sigmoid(b)


@final
class GatedActivation(Modulation):
    """A `Gate` of ``[a; b] = W u + c``.

    Attributes:
        linear: W (2 * width, width) and c.
        gate: what follows.
    """

    def __init__(self, width: int, controls: int, *, dtype: Any, rngs: nnx.Rngs):
        self.width = width
        self.linear = Dense(width, 2 * width, dtype=dtype, rngs=rngs)
        self.gate = Gate(width, controls, dtype=dtype, rngs=rngs)

    def turned(self, u: Array, knobs: Array) -> Array:
        return self.gate(self.linear(u), knobs)


@final
class KnobNetwork(nnx.Module):
    """From knobs to numbers of another layer: ``V tanh(W (2 k - 1) + b) + c``; V and c begin with zeros.

    Attributes:
        first: W (hidden, controls) and b.
        last: V (rows, hidden) and c.
    """

    def __init__(self, controls: int, hidden: int, rows: int, *, dtype: Any, rngs: nnx.Rngs):
        self.first = Dense(controls, hidden, dtype=dtype, rngs=rngs)
        self.last = Dense(hidden, rows, dtype=dtype, rngs=rngs)
        self.last.weight[...] = jnp.zeros_like(self.last.weight[...])
        self.last.bias[...] = jnp.zeros_like(self.last.bias[...])

    def __call__(self, knobs: Array) -> Array:
        """(..., controls) to (..., rows)."""
        return self.last(jnp.tanh(self.first(2 * knobs - 1)))


def _halves(features: Array) -> tuple[Array, Array]:
    first, second = jnp.split(features, 2, axis=-1)
    return first, second
