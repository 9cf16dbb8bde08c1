"""Functions of one number that stand between the linear maps of a network, by name."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

LEAK = 0.01  # slope of the leaky rectifier below zero


def linear(x: Array) -> Array:
    """Nothing."""
    return x


def sigmoid(x: Array) -> Array:
    """By tanh, which XLA evaluates as a rational function: faster than by exp, and it saturates without overflow."""
    return 0.5 * jnp.tanh(0.5 * x) + 0.5


def softsign(x: Array) -> Array:
    """``x / (1 + |x|)``."""
    return x / (1 + jnp.abs(x))


def relu(x: Array) -> Array:
    """``max(x, 0)``."""
    return jnp.maximum(x, 0)


def leaky_relu(x: Array) -> Array:
    """``x`` above zero, a hundredth of it below."""
    return jnp.where(x > 0, x, LEAK * x)


def elu(x: Array) -> Array:
    """``x`` above zero, ``exp(x) - 1`` below."""
    return jnp.where(x > 0, x, jnp.expm1(jnp.minimum(x, 0)))


def hard_swish(x: Array) -> Array:
    """``x`` times what goes straight from 0 at -3 to 1 at 3."""
    return x * jnp.clip(x + 3, 0, 6) / 6


def fast_tanh(x: Array) -> Array:
    """The rational approximation of tanh that Neural Amp Modeler calls by this name."""
    a, b, c, d, e = 2.45550750702956, 0.893229853513558, 0.821226666969744, 2.44506634652299, 0.814642734961073
    size, square = jnp.abs(x), x * x
    above = x * (a + a * size + (b + c * size) * square)
    return above / (d + (d + square) * jnp.abs(x + e * x * size))


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": linear,
    "tanh": jnp.tanh,
    "sigmoid": sigmoid,
    "softsign": softsign,
    "relu": relu,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "silu": jax.nn.silu,
    "softplus": jax.nn.softplus,
    "hard_tanh": lambda x: jnp.clip(x, -1, 1),
    "hard_swish": hard_swish,
    "fast_tanh": fast_tanh,
}


def activation_function(name: str) -> Callable[[Array], Array]:
    """The function of that name, elementwise.

    Raises:
        ValueError: for a name that is none of them.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"activation: there are {', '.join(ACTIVATIONS)}, not {name!r}")
    return ACTIVATIONS[name]
