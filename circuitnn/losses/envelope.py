"""Losses that hear the course of the level."""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from circuitnn.losses.frames import check_frames, frames, root
from circuitnn.losses.ratios import LEAST_LEVEL, level_of, ratio, unit_of
from circuitnn.losses.signals import pair, time_last


def rms_energy_error(
    prediction: ArrayLike, target: ArrayLike, *, length: int = 2048, hop: int = 512, eps: ArrayLike = 0.0
) -> Array:
    """Difference of the levels in short frames, relative to the mean level: `circuitnn.metrics.rms_energy_error`.

    Args:
        prediction: (time,) or (..., time, features).
        target: the same shape.
        length: of a frame, in samples.
        hop: from frame to frame, in samples; what does not fill a frame at the end is left out.
        eps: its root is added to the levels of the target, in the square of its unit, as for `esr`.

    Returns:
        A scalar; 0 for equal levels, 1 for a silent prediction, at most 1e6 where the target is silent.

    Raises:
        ValueError: when the shapes differ, the signals are shorter than a frame, length or hop are not positive whole
            numbers, or the arrays are not real floating-point numbers.
    """
    predicted, true, below = _levels(prediction, target, length, hop, eps)
    return ratio(jnp.mean(jnp.abs(predicted - true)), jnp.mean(below), LEAST_LEVEL)


def nrmse(
    prediction: ArrayLike, target: ArrayLike, *, length: int = 2048, hop: int = 512, eps: ArrayLike = 0.0
) -> Array:
    """NRMSE as Simionato and Fasciani have it, the error of the level of each frame relative to that level.

    It is `circuitnn.metrics.nrmse`, and no error of the waveform: that is `rmse`. Quiet frames count as much as loud
    ones, other than in `rms_energy_error`. Arguments, result and errors as there.
    """
    predicted, true, below = _levels(prediction, target, length, hop, eps)
    return jnp.mean(ratio(jnp.abs(predicted - true), below, LEAST_LEVEL))


def _levels(
    prediction: ArrayLike, target: ArrayLike, length: int, hop: int, eps: ArrayLike
) -> tuple[Array, Array, Array]:
    """Root mean squares of the frames, (..., frames), in units of the peak, and the target's with eps below."""
    signals = time_last(*pair(prediction, target))
    check_frames(signals[1], length, hop)
    unit = unit_of(*signals, None)
    predicted, true = (root(jnp.mean(jnp.square(frames(s / unit, length, hop)), axis=-1)) for s in signals)
    return predicted, true, true + level_of(eps, unit)
