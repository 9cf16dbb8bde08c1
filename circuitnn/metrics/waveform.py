"""Metrics of the waveform itself: every sample counts alike."""

import numpy as np
from numpy.typing import ArrayLike

from circuitnn.metrics.signals import pair, ratio, time_axis


def esr(prediction: ArrayLike, target: ArrayLike) -> float:
    """Error-to-signal ratio: the energy of the error over the energy of the target (Wright et al. 2019).

    Args:
        prediction: (time,) or (..., time, features).
        target: the same shape.

    Returns:
        0 for a perfect prediction, 1 for a silent one; infinity where only the target is silent, NaN where the
        prediction has NaN.

    Raises:
        ValueError: when the shapes differ or the arrays are empty.
    """
    prediction, target = pair(prediction, target)
    return ratio(np.sum(np.square(prediction - target)), np.sum(np.square(target)))


def sdr(prediction: ArrayLike, target: ArrayLike) -> float:
    """Signal-to-distortion ratio in dB: ``-10 log10(esr)``.

    Args:
        prediction: (time,) or (..., time, features).
        target: the same shape.

    Returns:
        Decibels; infinity for a perfect prediction, 0 for a silent one.

    Raises:
        ValueError: when the shapes differ or the arrays are empty.
    """
    energy_ratio = esr(prediction, target)
    return float("inf") if energy_ratio == 0 else float(-10 * np.log10(energy_ratio))


def mse(prediction: ArrayLike, target: ArrayLike) -> float:
    """Mean square error, in the square of the signal's unit.

    Args:
        prediction: (time,) or (..., time, features).
        target: the same shape.

    Raises:
        ValueError: when the shapes differ or the arrays are empty.
    """
    prediction, target = pair(prediction, target)
    return float(np.mean(np.square(prediction - target)))


def rmse(prediction: ArrayLike, target: ArrayLike, *, normalised: bool = False) -> float:
    """Root mean square error, in the signal's unit; normalised by the root mean square of the target, sqrt(ESR).

    What Simionato and Fasciani call NRMSE is something else, the error of the levels: `nrmse`.

    Args:
        prediction: (time,) or (..., time, features).
        target: the same shape.
        normalised: relative to the target; infinity where only that is silent.

    Raises:
        ValueError: when the shapes differ or the arrays are empty.
    """
    return float(np.sqrt(esr(prediction, target) if normalised else mse(prediction, target)))


def mae(prediction: ArrayLike, target: ArrayLike) -> float:
    """Mean absolute error, in the signal's unit.

    Args:
        prediction: (time,) or (..., time, features).
        target: the same shape.

    Raises:
        ValueError: when the shapes differ or the arrays are empty.
    """
    prediction, target = pair(prediction, target)
    return float(np.mean(np.abs(prediction - target)))


def max_abs_error(prediction: ArrayLike, target: ArrayLike) -> float:
    """The largest absolute difference, in the signal's unit.

    Args:
        prediction: (time,) or (..., time, features).
        target: the same shape.

    Raises:
        ValueError: when the shapes differ or the arrays are empty.
    """
    prediction, target = pair(prediction, target)
    return float(np.max(np.abs(prediction - target)))


def dc(prediction: ArrayLike, target: ArrayLike) -> float:
    """Energy of the difference of the means over time, over the energy of the target (Wright et al. 2019).

    Args:
        prediction: (time,) or (..., time, features); the means are those of each entry and feature.
        target: the same shape.

    Returns:
        0 for equal means; infinity where only the target is silent, NaN where the prediction has NaN.

    Raises:
        ValueError: when the shapes differ or the arrays are empty.
    """
    prediction, target = pair(prediction, target)
    offset = np.mean(prediction - target, axis=time_axis(target))
    return ratio(np.mean(np.square(offset)), np.mean(np.square(target)))
