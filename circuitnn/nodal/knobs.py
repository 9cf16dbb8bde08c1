"""Knobs of the analyses: constants, or one for each entry of a batch."""

from collections.abc import Callable
from typing import Any

import jax
from jax import Array
from jax import numpy as jnp

from circuitnn.model import Controls


def constant_knobs(controls: Controls | None, dtype: Any) -> dict[str, Array]:
    """Scalars, or the shape of the batch.

    Raises:
        ValueError: for a control that is neither a scalar nor of shape (..., 1).
    """
    knobs = {name: jnp.asarray(value, dtype) for name, value in (controls or {}).items()}
    for name, value in knobs.items():
        if value.ndim and value.shape[-1] != 1:
            raise ValueError(f"control {name}: expected a scalar or the shape (..., 1), got {value.shape}")
    return {name: value[..., 0] if value.ndim else value for name, value in knobs.items()}


def over_batch(at: Callable[[dict[str, Array]], Any], knobs: dict[str, Array]) -> Any:
    """`at` for each entry of the batch that the knobs span; its axes come first."""
    shape = jnp.broadcast_shapes(*(value.shape for value in knobs.values()))
    for _ in shape:
        at = jax.vmap(at)
    return at({name: jnp.broadcast_to(value, shape) for name, value in knobs.items()})
