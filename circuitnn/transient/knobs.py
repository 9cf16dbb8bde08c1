"""Knobs as the loop over time wants them: a time axis in front, the batch behind it, which is contiguous."""

import math
from collections.abc import Mapping

from jax import Array
from jax import numpy as jnp
from jax.typing import ArrayLike

from circuitnn.knobs import check_shape


def flat_controls(
    controls: Mapping[str, ArrayLike] | None, batch: tuple[int, ...], time: int | None, dtype
) -> dict[str, Array]:
    """Controls as (), or (time or 1, batch or 1); with no `time`, those along time at their first sample.

    Raises:
        ValueError: for a shape that does not broadcast against (..., time).
    """
    flat = {}
    for name, position in (controls or {}).items():
        value = jnp.asarray(position, dtype)
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
