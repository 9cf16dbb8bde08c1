"""The time loop of the state trajectory network, ``x_n = x_{n-1} + h MLP([u_n; x_{n-1}])``, with its reverse rule.

All arrays are (..., features, lanes): batch entries side by side in memory. Going backwards, the network is linearised
at all samples at once, so that the only loop left is that of a (n_states x n_states) linear recurrence, and each weight
gradient is one product for each sample. Forward mode (jvp) is not defined.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array

Step = float | tuple[float, ...]  # of all states, or of each
Layers = tuple[tuple[Array, Array | None], ...]  # weight (out, in) and bias (out,) of each layer, the first one first
Forced = tuple[Array, Array]  # true states before each sample (time, n_states, lanes); where they hold (time, 1, lanes)

WIDE = 32  # from this many inputs on a matrix product is faster than multiply-and-add


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def residual_step(step: Step, layers: Layers, x: Array, u: Array) -> Array:
    """Many samples of which every state before is known, all at once.

    Args:
        step: h, of all states or of each.
        layers: tanh in all but the last.
        x: (time, n_states, lanes), states before, in network units.
        u: (time, inputs, lanes).

    Returns:
        (time, n_states, lanes), states after.
    """
    return x + _column(step, x) * _network(layers, x, u)[-1]


def _step_forward(step, layers, x, u):
    *kept, increment = _network(layers, x, u)
    return x + _column(step, x) * increment, (layers, kept)


def _step_backward(step, kept, gradient):
    layers, values = kept
    g_layers, g_seen = _network_backward(layers, values, _column(step, gradient) * gradient)
    inputs = values[0].shape[-2] - gradient.shape[-2]
    return g_layers, gradient + g_seen[..., inputs:, :], g_seen[..., :inputs, :]


residual_step.defvjp(_step_forward, _step_backward)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def residual_scan(step: Step, layers: Layers, start: Array, us: Array, forced: Forced | None) -> Array:
    """States after each sample, (time, n_states, lanes), of a network that runs freely.

    Args:
        step: h, of all states or of each.
        layers: tanh in all but the last.
        start: (n_states, lanes).
        us: (time, inputs, lanes).
        forced: true states that replace the network's own before a sample.
    """

    def body(x, inputs):
        u, true = inputs
        if true is not None:
            x = x + true[1] * (true[0] - x)
        x = x + _column(step, x) * _network(layers, x, u)[-1]
        return x, x

    return jax.lax.scan(body, start, (us, forced))[1]


def _scan_forward(step, layers, start, us, forced):
    xs = residual_scan(step, layers, start, us, forced)
    return xs, (layers, start, us, forced, xs)


def _scan_backward(step, kept, gradient):
    layers, start, us, forced, xs = kept
    unforced = jnp.concatenate([start[None], xs[:-1]])
    before = unforced if forced is None else unforced + forced[1] * (forced[0] - unforced)
    *values, _ = _network(layers, before, us)
    # Row j of the list: d x_n / d x_{n-1, j}, (time, n_states, lanes).
    n_states = start.shape[0]
    columns = jnp.stack([_tangent(step, layers, values, n_states, j) for j in range(n_states)], axis=1)
    if forced is not None:
        columns = columns * (1 - forced[1])[:, None]

    def body(later, inputs):
        g, columns = inputs
        total = g + later
        return jnp.sum(columns * total[None], axis=1), total

    g_start, adjoint = jax.lax.scan(body, jnp.zeros_like(start), (gradient, columns), reverse=True)
    g_layers, g_before, g_us = _step_backward(step, (layers, values), adjoint)
    if forced is None:
        return g_layers, g_start, g_us, None
    g_mask = jnp.sum(g_before * (forced[0] - unforced), axis=1, keepdims=True)
    return g_layers, g_start, g_us, (forced[1] * g_before, g_mask)


residual_scan.defvjp(_scan_forward, _scan_backward)


def _column(step: Step, like: Array) -> float | Array:
    return jnp.asarray(step, like.dtype)[:, None] if isinstance(step, tuple) else step


def _network(layers: Layers, x: Array, u: Array) -> list[Array]:
    """The input of each layer, and the output of the last one."""
    values = [jnp.concatenate([u, x], axis=-2)]
    for index, (weight, bias) in enumerate(layers):
        value = _product(weight, values[-1])
        value = value if bias is None else value + bias[:, None]
        values.append(jnp.tanh(value) if index < len(layers) - 1 else value)
    return values


def _network_backward(layers: Layers, values: list[Array], gradient: Array) -> tuple[Layers, Array]:
    """Gradients of the layers, summed over time, and of the input of the first one; values (time, width, lanes)."""
    g_layers: list[tuple[Array, Array | None]] = []
    for (weight, bias), value in zip(reversed(layers), reversed(values), strict=True):
        seen = jnp.concatenate([value, jnp.ones_like(value[..., :1, :])], axis=-2)
        # One product for each sample and then the sum: the compiler would transpose both arrays for a single product.
        products = jnp.sum(jnp.einsum("tol,til->toi", gradient, seen), axis=0)
        g_layers.append((products[:, :-1], None if bias is None else products[:, -1]))
        gradient = _product(weight.T, gradient)
        if value is not values[0]:
            gradient = gradient * (1 - value * value)
    return tuple(reversed(g_layers)), gradient


def _tangent(step: Step, layers: Layers, values: list[Array], n_states: int, state: int) -> Array:
    """Derivative of the state after each sample with respect to one state before it."""
    index = values[0].shape[-2] - n_states + state
    first, *rest = layers
    # Broadcast against the lanes in the first product below.
    tangent = first[0][:, index : index + 1]
    for (weight, _), value in zip(rest, values[1:], strict=True):
        tangent = _product(weight, tangent * (1 - value * value))
    return _column(step, tangent) * tangent + jnp.zeros((n_states, 1), tangent.dtype).at[state].set(1)


def _product(weight: Array, value: Array) -> Array:
    """W v over the feature axis of (..., features, lanes)."""
    if weight.shape[1] >= WIDE:
        return jnp.matmul(weight, value)
    terms = (weight[:, k : k + 1] * value[..., k : k + 1, :] for k in range(1, weight.shape[1]))
    return sum(terms, weight[:, :1] * value[..., :1, :])
