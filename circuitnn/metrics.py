"""Measures of a finished prediction: NumPy in float64, not differentiable, exact where the target is silent.

Signals have the shape (time,) or (..., time, features). See `circuitnn.losses` for what training minimises.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import ShortTimeFFT, get_window


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
    prediction, target = _pair(prediction, target)
    return _ratio(np.sum(np.square(prediction - target)), np.sum(np.square(target)))


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
    ratio = esr(prediction, target)
    return float("inf") if ratio == 0 else float(-10 * np.log10(ratio))


def max_abs_error(prediction: ArrayLike, target: ArrayLike) -> float:
    """The largest absolute difference, in the signal's unit.

    Args:
        prediction: (time,) or (..., time, features).
        target: the same shape.

    Raises:
        ValueError: when the shapes differ or the arrays are empty.
    """
    prediction, target = _pair(prediction, target)
    return float(np.max(np.abs(prediction - target)))


def stft_distance(
    prediction: ArrayLike, target: ArrayLike, *, windows: Sequence[int] = (512, 1024, 2048), floor: float = 1e-5
) -> float:
    """Multi-resolution STFT distance: spectral convergence plus log-magnitude distance, mean over the window lengths.

    For each window length (Hann, hop of a quarter): the norm of the difference of the magnitudes over the norm of the
    target's (Yamamoto, Song, Kim 2020, "Parallel WaveGAN"), plus the mean absolute difference of the natural
    logarithms of the magnitudes. It hears what the ear hears: the phase does not count.

    Args:
        prediction: (time,) or (..., time, features), at least as long as the longest window.
        target: the same shape.
        windows: window lengths in samples.
        floor: magnitudes below it count as it in the logarithm; a full-scale sine has the magnitude 0.5.

    Returns:
        0 for equal magnitudes.

    Raises:
        ValueError: when the shapes differ or the signals are shorter than a window.
    """
    prediction, target = _pair(prediction, target)
    axis = 0 if target.ndim == 1 else -2
    if target.shape[axis] < max(windows):
        raise ValueError(f"the windows need {max(windows)} samples along time, got the shape {target.shape}")
    return float(np.mean([_stft_distance(prediction, target, length, floor, axis) for length in windows]))


def _stft_distance(prediction: NDArray, target: NDArray, length: int, floor: float, axis: int) -> float:
    window = get_window("hann", length)
    transform = ShortTimeFFT(window / window.sum(), hop=length // 4, fs=1.0)
    edge = {"p0": 0, "p1": (target.shape[axis] - length) // transform.hop + 1, "k_offset": length // 2, "axis": axis}
    predicted, true = (np.abs(transform.stft(signal, **edge)) for signal in (prediction, target))
    convergence = _ratio(np.linalg.norm(predicted - true), np.linalg.norm(true))
    return convergence + float(np.mean(np.abs(np.log(np.maximum(predicted, floor)) - np.log(np.maximum(true, floor)))))


def _pair(prediction: ArrayLike, target: ArrayLike) -> tuple[NDArray, NDArray]:
    prediction, target = np.asarray(prediction, np.float64), np.asarray(target, np.float64)
    if prediction.shape != target.shape:
        raise ValueError(f"prediction and target must have one shape, got {prediction.shape} and {target.shape}")
    if target.ndim == 0 or target.size == 0:
        raise ValueError(f"a metric needs samples, got the shape {target.shape}")
    return prediction, target


def _ratio(error: np.floating, signal: np.floating) -> float:
    if signal == 0:
        return 0.0 if error == 0 else (float("inf") if error == error else float("nan"))
    return float(error / signal)
