"""What every loss checks first."""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from circuitnn.samples import check_kind


def pair(prediction: ArrayLike, target: ArrayLike) -> tuple[Array, Array]:
    prediction, target = jnp.asarray(prediction), jnp.asarray(target)
    if prediction.shape != target.shape:
        # Broadcasting (time,) against (time, 1) would give a (time, time) error and a number that looks like a loss.
        raise ValueError(f"prediction and target must have one shape, got {prediction.shape} and {target.shape}")
    if target.ndim == 0 or target.size == 0:
        raise ValueError(f"a loss needs samples, got the shape {target.shape}")
    for name, array in (("prediction", prediction), ("target", target)):
        check_kind(f"the {name}", array.dtype)
    return prediction, target


def time_axis(signal: Array) -> int:
    return 0 if signal.ndim == 1 else signal.ndim - 2


def time_last(prediction: Array, target: Array) -> tuple[Array, Array]:
    """Both with time along the last axis."""
    axis = time_axis(target)
    return jnp.moveaxis(prediction, axis, -1), jnp.moveaxis(target, axis, -1)
