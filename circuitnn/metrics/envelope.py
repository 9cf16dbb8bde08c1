"""Metrics of the course of the level."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuitnn.metrics.signals import LEAST_LEVEL, check_frames, frames, mean_quotient, pair, ratio


def rms_energy_error(prediction: ArrayLike, target: ArrayLike, *, length: int = 2048, hop: int = 512) -> float:
    """Difference of the levels in short frames: does the prediction swell and fade as the target does?

    With e the root mean square of a frame: the sum over the frames of ``|e_prediction - e_target|`` over the sum of
    ``e_target``. Neither phase nor spectrum counts. Loud frames count more than quiet ones: in `nrmse`, the form of
    Simionato and Fasciani, all count alike.

    Args:
        prediction: (time,) or (..., time, features).
        target: the same shape.
        length: of a frame, in samples.
        hop: from frame to frame, in samples; what does not fill a frame at the end is left out.

    Returns:
        0 for equal levels, 1 for a silent prediction; infinity where only the target is silent, NaN where the
        prediction has NaN.

    Raises:
        ValueError: when the shapes differ, the signals are shorter than a frame, or length or hop are not positive
            whole numbers.
    """
    predicted, true = _levels(prediction, target, length, hop)
    return ratio(np.sum(np.abs(predicted - true)), np.sum(true))


def nrmse(
    prediction: ArrayLike, target: ArrayLike, *, length: int = 2048, hop: int = 512, floor: float = LEAST_LEVEL
) -> float:
    """NRMSE as Simionato and Fasciani have it, the error of the level of each frame relative to that level.

    With e the root mean square of a frame: the mean over the frames of ``|e_target - e_prediction| / e_target``. It is
    the *RMS energy*, normalised, and no error of the waveform: that is `rmse`. Quiet frames count as much as loud ones,
    other than in `rms_energy_error`.

    Args:
        prediction: (time,) or (..., time, features).
        target: the same shape.
        length: of a frame, in samples.
        hop: from frame to frame, in samples; what does not fill a frame at the end is left out.
        floor: levels of the target below it count as it, in the signal's unit. With 0 the quotient is infinite where
            in a frame only the target is silent.

    Returns:
        0 for equal levels, 1 for a silent prediction; NaN where the prediction has NaN.

    Raises:
        ValueError: when the shapes differ, the signals are shorter than a frame, length or hop are not positive whole
            numbers, or the floor is negative.

    Source: Simionato, Fasciani 2025, "Comparative study of state-based neural networks for virtual analog audio effects
    modeling", arXiv:2405.04124; the frames and the floor are this library's.
    """
    predicted, true = _levels(prediction, target, length, hop)
    return mean_quotient(np.abs(predicted - true), true, floor)


def _levels(prediction: ArrayLike, target: ArrayLike, length: int, hop: int) -> tuple[NDArray, NDArray]:
    """Root mean squares of the frames."""
    signals = pair(prediction, target)
    check_frames(signals[1], length, hop)
    predicted, true = (np.sqrt(np.mean(np.square(frames(signal, length, hop)), axis=-1)) for signal in signals)
    return predicted, true
