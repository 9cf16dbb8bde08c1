"""What the metrics share: a pair of signals in float64, time along the last axis, a ratio that survives silence."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuitnn.samples import check_kind, check_windows

LEAST_LEVEL = 1e-8  # of a quotient's denominator: 157 dB below a full-scale sine


def pair(prediction: ArrayLike, target: ArrayLike) -> tuple[NDArray, NDArray]:
    """Both in float64, checked to have one shape and samples."""
    prediction, target = np.asarray(prediction), np.asarray(target)
    for name, array in (("the prediction", prediction), ("the target", target)):
        check_kind(name, array.dtype)
    prediction, target = prediction.astype(np.float64, copy=False), target.astype(np.float64, copy=False)
    if prediction.shape != target.shape:
        raise ValueError(f"prediction and target must have one shape, got {prediction.shape} and {target.shape}")
    if target.ndim == 0 or target.size == 0:
        raise ValueError(f"a metric needs samples, got the shape {target.shape}")
    return prediction, target


def time_axis(signal: NDArray) -> int:
    """The axis of time in (time,) and (..., time, features)."""
    return 0 if signal.ndim == 1 else signal.ndim - 2


def ratio(error: np.floating, signal: np.floating) -> float:
    """0 for nothing over nothing, infinity for something over nothing; NaN stays NaN."""
    if signal == 0:
        return 0.0 if error == 0 else (float("inf") if error == error else float("nan"))
    return float(error / signal)


def mean_quotient(error: NDArray, signal: NDArray, floor: float) -> float:
    """The mean of the `ratio` of each element, where a signal below the floor counts as it."""
    if not 0 <= floor < np.inf:
        raise ValueError(f"the floor must be a number from 0 on, got {floor}")
    below = np.maximum(signal, floor)
    nothing_below = np.where(error > 0, np.inf, error)  # 0 for nothing over nothing, and NaN stays NaN
    quotients = np.divide(error, below, out=nothing_below, where=below > 0)
    return float(np.mean(quotients))


def check_frames(signal: NDArray, length: int, hop: int, count: int = 1) -> None:
    """Refuses lengths that are no positive whole numbers, and signals with fewer than `count` frames."""
    check_windows(signal.shape, time_axis(signal), length, hop, count)


def frames(signal: NDArray, length: int, hop: int) -> NDArray:
    """(..., frames, length), a view: the pieces of a signal with time along its axis."""
    windows = np.lib.stride_tricks.sliding_window_view(signal, length, axis=time_axis(signal))
    return np.moveaxis(windows, time_axis(signal), -2)[..., ::hop, :]
