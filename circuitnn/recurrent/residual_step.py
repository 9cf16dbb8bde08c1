"""The time loop of the state trajectory network: ``x_n = x_{n-1} + h MLP([u_n; x_{n-1}])``."""

import jax
import jax.numpy as jnp
from jax import Array

from circuitnn.recurrent.layers import affine

Layers = tuple[tuple[Array, Array | None], ...]  # weight (out, in) and bias (out,) of each layer, the first one first
Known = tuple[Array, Array]  # states before each sample (time, batch, n_states), and where they hold (time, batch, 1)


def residual_step(layers: Layers, x: Array, u: Array, step: float) -> Array:
    """One sample, or many of which every state before is known.

    Args:
        layers: tanh in all but the last.
        x: (..., n_states), states before, in network units.
        u: (..., inputs).
        step: h.

    Returns:
        (..., n_states), states after.
    """
    value = jnp.concatenate([u, x], axis=-1)
    for weight, bias in layers[:-1]:
        value = jnp.tanh(affine(value, weight, bias))
    return x + step * affine(value, *layers[-1])


def residual_scan(layers: Layers, start: Array, us: Array, step: float, known: Known | None = None) -> Array:
    """States after each sample, (time, batch, n_states).

    Args:
        layers: as for `residual_step`.
        start: (batch, n_states).
        us: (time, batch, inputs).
        step: h.
        known: true states that replace the network's own before a sample.
    """

    def body(x, inputs):
        u, true = inputs
        if true is not None:
            x = jnp.where(true[1], true[0], x)
        x = residual_step(layers, x, u, step)
        return x, x

    return jax.lax.scan(body, start, (us, known))[1]
