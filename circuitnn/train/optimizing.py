"""Optimisers and losses as `fit` uses them: tried before anything is compiled, equal where they compute the same."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array

from circuitnn.losses.floor import floored
from circuitnn.train.fingerprint import is_key
from circuitnn.train.sameness import Traced, traced


def update(
    optimizer: optax.GradientTransformationExtraArgs,
    gradient: Any,
    state: Any,
    params: Any,
    value: Array,
    value_of: Callable[[Any], Array],
) -> tuple[Any, Any]:
    """One step of an optimiser, which is told the loss and may ask for it elsewhere: steps and state.

    Args:
        optimizer: of optax.
        gradient: at the values `params`.
        state: of the optimiser.
        params: that are learnt.
        value: of the loss there.
        value_of: the loss of the same samples at other values, for a line search.
    """

    # Step sizes and losses of another precision than values and state would change their types.
    def elsewhere(others: Any) -> Array:
        return value_of(_of_types(others, params))

    steps, following = optimizer.update(gradient, state, params, value=value, grad=gradient, value_fn=elsewhere)
    return steps, _of_types(following, state)


def _of_types(tree: Any, like: Any) -> Any:
    def as_before(leaf: Any, old: Any) -> Any:
        return leaf if is_key(leaf) else jnp.asarray(leaf, jnp.result_type(old))

    return jax.tree.map(as_before, tree, like)


def traced_optimizer(optimizer: optax.GradientTransformationExtraArgs, params: Any, dtype: Any) -> Traced:
    """An optimiser, tried on what it is to learn.

    Args:
        optimizer: of optax.
        params: of one model; shapes will do.
        dtype: of the loss.

    Raises:
        ValueError: when it does not work on them.
    """

    def step(params: Any, value: Array) -> tuple[Any, Any]:
        return update(optimizer, params, optimizer.init(params), params, value, _energy)

    try:
        return traced(optimizer, step, params, jax.ShapeDtypeStruct((), dtype))
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        raise ValueError(
            f"the optimizer does not work on this model: {reason}. It is given gradient, state, the learnt values, and "
            "value=, grad= and value_fn= of the loss; value_fn takes all learnt values, so that a line search "
            "(optax.lbfgs) cannot be the optimizer of one part of them"
        ) from error


def _energy(params: Any) -> Array:
    """In place of a loss."""
    return sum((jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(params)), start=jnp.zeros(()))


def traced_loss(loss: Callable, shape: tuple[int, int, int], dtype: Any) -> Traced:
    """A loss of signals (batch, time, out_features), tried on their shape.

    Raises:
        ValueError: when it does not give a scalar.
    """
    signal, scalar = jax.ShapeDtypeStruct(shape, dtype), jax.ShapeDtypeStruct((), dtype)

    def call(y: Array, target: Array, eps: Array) -> Array:
        value = floored(loss, y, target, eps)
        if jnp.shape(value) or not jnp.issubdtype(jnp.result_type(value), jnp.floating):
            raise ValueError(f"loss has to give one number of (prediction, target), {loss!r} gives {value}")
        return value

    return traced(loss, jax.value_and_grad(call), signal, signal, scalar)  # a gradient may have a rule of its own
