"""The order in which a pass goes through its windows."""

from typing import Any, Literal

import jax
import jax.numpy as jnp
from jax import Array

Order = Literal["shuffled", "stratified"]


def ordered(order: Order, key: Array, level: Any, batches: int, size: int) -> Array:
    """Indices of the windows of each batch, (batches, size); windows that make no whole batch are left out by chance.

    "stratified" divides the windows by the level of their target into as many strata as a batch has windows, equally
    many in each, and gives every batch one of each: the loudest are never alone, nor the softest.

    Args:
        order: by its name.
        key: the order follows from it and from the levels alone.
        level: of the targets, (windows,), from `levels`.
        batches: how many.
        size: windows of a batch.
    """
    chosen = jax.random.permutation(key, len(level))[: batches * size]
    if order == "shuffled":
        return chosen.reshape(batches, size)
    strata = chosen[jnp.argsort(level[chosen])].reshape(size, batches)
    keys = jax.random.split(jax.random.fold_in(key, 1), size)
    return jax.vmap(jax.random.permutation)(keys, strata).T


def levels(y: Any) -> Array:
    """Mean squares of the targets (windows, time, features), (windows,)."""
    return jnp.mean(jnp.square(y), axis=(1, 2))
