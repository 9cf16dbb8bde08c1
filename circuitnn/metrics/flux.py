"""Metrics of how spectra change: attacks and decays."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuitnn.metrics.signals import LEAST_LEVEL, check_frames, mean_quotient, pair, ratio
from circuitnn.metrics.spectral import magnitudes


def spectral_flux_error(prediction: ArrayLike, target: ArrayLike, *, length: int = 2048, hop: int = 512) -> float:
    """Difference of the spectral fluxes: does the spectrum grow where the target's does? It hears attacks.

    The flux of a frame is the sum over the frequencies of what the magnitude has gained since the frame before, losses
    not counted (Dixon 2006, "Onset detection revisited", DAFx-06). The error is the sum over the frames of
    ``|flux_prediction - flux_target|`` over the sum of ``flux_target``. `spectral_flux` is the form of Simionato and
    Fasciani, with this window and hop; a gain of g has the error ``|1 - g|`` in both.

    Args:
        prediction: (time,) or (..., time, features), at least one window and one hop long.
        target: the same shape.
        length: of the Hann window, in samples.
        hop: from frame to frame, in samples.

    Returns:
        0 for equal fluxes, 1 for a silent prediction; infinity where only the target has none, NaN where the prediction
        has NaN.

    Raises:
        ValueError: when the shapes differ, the signals have fewer than two frames, or length or hop are not positive
            whole numbers.
    """
    predicted, true = (np.sum(np.maximum(d, 0), axis=-1) for d in _changes(prediction, target, length, hop))
    return ratio(np.sum(np.abs(predicted - true)), np.sum(true))


def spectral_flux(
    prediction: ArrayLike, target: ArrayLike, *, length: int = 2048, hop: int = 512, floor: float = LEAST_LEVEL
) -> float:
    """Spectral flux as Simionato and Fasciani have it: each bin and frame relative to its own change.

    With dS what the magnitude of a bin has gained or lost since the frame before: the mean over bins and frames of
    ``||dS| - |dS_hat|| / |dS|``. Bins that hardly change count as much as attacks, or more: the quotient of a bin has
    no finite mean over noise, and `spectral_flux_error` is the steadier measure. It is here for the tables of that
    study.

    Args:
        prediction: (time,) or (..., time, features), at least one window and one hop long.
        target: the same shape.
        length: of the Hann window, in samples.
        hop: from frame to frame, in samples.
        floor: changes of the target below it count as it; a full-scale sine has the magnitude 0.5. With 0 the quotient
            is infinite where only the target does not change.

    Returns:
        0 for equal changes, 1 for a silent prediction; NaN where the prediction has NaN.

    Raises:
        ValueError: when the shapes differ, the signals have fewer than two frames, length or hop are not positive whole
            numbers, or the floor is negative.

    Source: Simionato, Fasciani 2025, "Comparative study of state-based neural networks for virtual analog audio effects
    modeling", arXiv:2405.04124; the floor is this library's.
    """
    predicted, true = (np.abs(change) for change in _changes(prediction, target, length, hop))
    return mean_quotient(np.abs(predicted - true), true, floor)


def _changes(prediction: ArrayLike, target: ArrayLike, length: int, hop: int) -> tuple[NDArray, NDArray]:
    """What the magnitudes gain from frame to frame, (..., frames - 1, frequencies)."""
    signals = pair(prediction, target)
    check_frames(signals[1], length, hop, count=2)
    predicted, true = (np.diff(magnitudes(signal, length, hop), axis=-2) for signal in signals)
    return predicted, true
