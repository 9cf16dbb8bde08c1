"""Layouts of a signal: (..., time, features) for users, (time, features, batch) for loops: the batch is contiguous."""

import math

from jax import Array, lax
from jax import numpy as jnp


def to_columns(signal: Array) -> Array:
    """(..., time, features) as (time, features, batch); no batch becomes a batch of one."""
    return _in_order(jnp.moveaxis(signal.reshape(math.prod(signal.shape[:-2]), *signal.shape[-2:]), 0, -1))


def to_rows(columns: Array, batch: tuple[int, ...]) -> Array:
    """(time, features, batch) as (..., time, features)."""
    full = _in_order(jnp.broadcast_to(columns, (*columns.shape[:-1], math.prod(batch))))
    return jnp.moveaxis(full, -1, 0).reshape(*batch, *columns.shape[:-1])


def _in_order(columns: Array) -> Array:
    """The same array, laid out in memory as its shape says.

    XLA likes to keep a transposed array as it was and to run the loop over it with strides; the loop over a batch of
    256 is then four times slower. A row of numbers has one layout only. (with_layout_constraint is no way out: with jax
    0.10.2 on the CPU it spoils gradients through jnp.linalg.solve elsewhere in the same function.)
    """
    return lax.optimization_barrier(columns.reshape(-1)).reshape(columns.shape)
