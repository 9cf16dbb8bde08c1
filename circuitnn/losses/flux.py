"""Losses that hear how spectra change: attacks and decays."""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from circuitnn.losses.frames import check_frames
from circuitnn.losses.ratios import LEAST_LEVEL, ratio
from circuitnn.losses.signals import pair, time_last
from circuitnn.losses.spectral import magnitudes


def spectral_flux_error(
    prediction: ArrayLike, target: ArrayLike, *, length: int = 2048, hop: int = 512, floor: float = 1e-5
) -> Array:
    """Difference of the spectral fluxes, relative to all the flux of the target; it hears attacks.

    It is `circuitnn.metrics.spectral_flux_error` of magnitudes with a smooth floor, see `stft`.

    Args:
        prediction: (time,) or (..., time, features), at least one window and one hop long.
        target: the same shape.
        length: of the Hann window, in samples.
        hop: from frame to frame, in samples.
        floor: as for `stft`.

    Returns:
        A scalar; 0 for equal fluxes, 1 for a silent prediction, at most 1e6 where the target has none.

    Raises:
        ValueError: when the shapes differ, the signals have fewer than two frames, length or hop are not positive whole
            numbers, or the arrays are not real floating-point numbers.
    """
    predicted, true = (jnp.sum(jnp.maximum(d, 0), -1) for d in _changes(prediction, target, length, hop, floor))
    return ratio(jnp.sum(jnp.abs(predicted - true)), jnp.sum(true), LEAST_LEVEL)


def spectral_flux(
    prediction: ArrayLike, target: ArrayLike, *, length: int = 2048, hop: int = 512, floor: float = 1e-5
) -> Array:
    """Spectral flux as Simionato and Fasciani have it: each bin and frame relative to its own change.

    It is `circuitnn.metrics.spectral_flux` of magnitudes with a smooth floor, see `stft`. The bins where the target
    hardly changes have the largest gradients: the floor is higher than in the metric, and more helps. Arguments and
    errors as for `spectral_flux_error`; below the floor a change of the target counts as it.

    Returns:
        A scalar; 0 for equal changes, 1 for a silent prediction.
    """
    predicted, true = (jnp.abs(change) for change in _changes(prediction, target, length, hop, floor))
    return jnp.mean(jnp.abs(predicted - true) / jnp.maximum(true, floor))


def _changes(prediction: ArrayLike, target: ArrayLike, length: int, hop: int, floor: float) -> tuple[Array, Array]:
    """What the magnitudes gain from frame to frame, (..., frames - 1, frequencies)."""
    signals = time_last(*pair(prediction, target))
    check_frames(signals[1], length, hop, count=2)
    predicted, true = (magnitudes(signal, length, hop, floor) for signal in signals)
    return jnp.diff(predicted, axis=-2), jnp.diff(true, axis=-2)
