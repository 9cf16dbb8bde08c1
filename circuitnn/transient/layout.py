"""Two layouts: (..., time, features) for users, (time, features, batch) for the loop, where the batch is contiguous."""

import math
from collections.abc import Mapping

from jax import Array, lax
from jax import numpy as jnp
from jax.typing import ArrayLike

from circuitnn.knobs import check_shape


def to_columns(signal: Array) -> Array:
    """(..., time, features) as (time, features, batch); no batch becomes a batch of one."""
    return _in_order(jnp.moveaxis(signal.reshape(math.prod(signal.shape[:-2]), *signal.shape[-2:]), 0, -1))


def to_rows(columns: Array, batch: tuple[int, ...]) -> Array:
    """(time, features, batch) as (..., time, features)."""
    full = _in_order(jnp.broadcast_to(columns, (*columns.shape[:-1], math.prod(batch))))
    return jnp.moveaxis(full, -1, 0).reshape(*batch, *columns.shape[:-1])


def flat_controls(
    controls: Mapping[str, ArrayLike] | None, batch: tuple[int, ...], time: int | None, dtype
) -> dict[str, Array]:
    """Controls as (), or (time or 1, batch or 1); with no `time`, those along time at their first sample.

    Raises:
        ValueError: for a shape that does not broadcast against (..., time).
    """
    flat = {}
    for name, given in (controls or {}).items():
        value = jnp.asarray(given, dtype)
        if value.ndim == 0:
            flat[name] = value
            continue
        value = value[..., :1] if time is None else value
        check_shape(name, value.shape, (*batch, time or 1))
        alike = math.prod(value.shape[:-1]) == 1
        full = (
            value.reshape(1, -1)
            if alike
            else jnp.broadcast_to(value, (*batch, value.shape[-1])).reshape(-1, value.shape[-1])
        )
        flat[name] = full.T
    return flat


def _in_order(columns: Array) -> Array:
    """The same array, laid out in memory as its shape says.

    XLA likes to keep a transposed array as it was and to run the loop over it with strides; the loop over a batch of
    256 is then four times slower. A row of numbers has one layout only. (with_layout_constraint is no way out: with jax
    0.10.2 on the CPU it spoils gradients through jnp.linalg.solve elsewhere in the same function.)
    """
    return lax.optimization_barrier(columns.reshape(-1)).reshape(columns.shape)
