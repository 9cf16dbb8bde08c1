"""Metrics of short-time spectra: the phase does not count."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import get_window

from circuitnn.metrics.signals import check_frames, frames, pair, ratio, time_axis

FLOOR = 1e-5


def stft_distance(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    windows: Sequence[int] = (512, 1024, 2048),
    hops: Sequence[int] | None = None,
    fft_lengths: Sequence[int] | None = None,
    centred: bool = False,
    floor: float = FLOOR,
) -> float:
    """Multi-resolution STFT distance: spectral convergence plus log-magnitude distance, mean over the window lengths.

    For each window length (Hann): the norm of the difference of the magnitudes over the norm of the target's (Yamamoto,
    Song, Kim 2020, "Parallel WaveGAN"), plus the mean absolute difference of the natural logarithms of the magnitudes.
    It hears what the ear hears: the phase does not count. The resolutions of that paper, as audio libraries have them,
    are ``windows=(600, 1200, 240), hops=(120, 240, 50), fft_lengths=(1024, 2048, 512), centred=True``.

    Args:
        prediction: (time,) or (..., time, features), at least as long as the longest window.
        target: the same shape.
        windows: window lengths in samples.
        hops: from frame to frame, in samples, one for each window; a quarter of the window by default.
        fft_lengths: of the transform, one for each window; the window's by default, longer ones are filled with zeros.
        centred: the first frame has its middle at the first sample, and the signal is reflected at both ends; otherwise
            the frames lie inside of the signal.
        floor: magnitudes below it count as it in the logarithm; a full-scale sine has the magnitude 0.5.

    Returns:
        0 for equal magnitudes; infinity where only the target is silent, NaN where the prediction has NaN.

    Raises:
        ValueError: when the shapes differ, the signals are shorter than a window, or windows, hops and FFT lengths are
            not of one number, not positive, or an FFT is shorter than its window.
    """
    prediction, target = pair(prediction, target)
    hops = [max(1, length // 4) for length in windows] if hops is None else hops
    fft_lengths = list(windows) if fft_lengths is None else fft_lengths
    if not len(windows) == len(hops) == len(fft_lengths) > 0:
        numbers = f"{len(windows)}, {len(hops)} and {len(fft_lengths)}"
        raise ValueError(f"windows, hops and fft_lengths must be of one number, got {numbers}")
    check_frames(target, max(windows), 1)
    resolutions = zip(windows, hops, fft_lengths, strict=True)
    return float(
        np.mean([_distance(prediction, target, (*each, centred), floor, np.linalg.norm) for each in resolutions])
    )


def mr_stft(
    prediction: ArrayLike, target: ArrayLike, *, windows: Sequence[int] = (256, 512, 1024), floor: float = FLOOR
) -> float:
    """Multi-resolution STFT distance as Simionato and Fasciani have it: both terms are L1.

    For each window length (Hann, a hop of a quarter): the sum of the absolute differences of the magnitudes over the
    sum of the target's, plus the mean absolute difference of their natural logarithms; the mean over the windows.
    `stft_distance` has Euclidean norms in the first term, and longer windows.

    Args:
        prediction: (time,) or (..., time, features), at least as long as the longest window.
        target: the same shape.
        windows: window lengths in samples.
        floor: as for `stft_distance`.

    Returns:
        0 for equal magnitudes; infinity where only the target is silent, NaN where the prediction has NaN.

    Raises:
        ValueError: when the shapes differ, the signals are shorter than a window, or there is no window.

    Source: Simionato, Fasciani 2025, "Comparative study of state-based neural networks for virtual analog audio effects
    modeling", arXiv:2405.04124; the hops, the mean in the second term and the floor are this library's.
    """
    prediction, target = pair(prediction, target)
    if not windows:
        raise ValueError("mr_stft needs at least one window")
    check_frames(target, max(windows), 1)
    resolutions = [(length, max(1, length // 4), length, False) for length in windows]
    return float(np.mean([_distance(prediction, target, each, floor, _absolute_sum) for each in resolutions]))


def log_spectral_distance(
    prediction: ArrayLike, target: ArrayLike, *, length: int = 2048, hop: int = 512, floor: float = FLOOR
) -> float:
    """Log-spectral distance in dB: the root mean square over frequency of the difference in dB, mean over the frames.

    Every frequency from 0 to half the sample rate counts alike, however quiet, down to the floor. Gray, Markel 1976,
    "Distance measures for speech processing", IEEE Trans. ASSP 24.

    Args:
        prediction: (time,) or (..., time, features), at least as long as a window.
        target: the same shape.
        length: of the Hann window, in samples.
        hop: from frame to frame, in samples.
        floor: magnitudes below it count as it; a full-scale sine has the magnitude 0.5.

    Returns:
        Decibels; 0 for equal magnitudes, NaN where the prediction has NaN.

    Raises:
        ValueError: when the shapes differ, the signals are shorter than a window, or length or hop are not positive
            whole numbers.
    """
    prediction, target = pair(prediction, target)
    predicted, true = (_logarithm(magnitudes(x, length, hop), floor) for x in (prediction, target))
    decibels = 20 / np.log(10) * (predicted - true)
    return float(np.mean(np.sqrt(np.mean(np.square(decibels), axis=-1))))


def _distance(
    prediction: NDArray,
    target: NDArray,
    resolution: tuple[int, int, int, bool],
    floor: float,
    norm: Callable[[NDArray], np.floating],
) -> np.floating:
    """Of the magnitudes by a norm, relative to the target's, plus of their logarithms on average."""
    predicted, true = (magnitudes(signal, *resolution) for signal in (prediction, target))
    logarithms = np.abs(_logarithm(predicted, floor) - _logarithm(true, floor))
    return ratio(norm(predicted - true), norm(true)) + np.mean(logarithms)


def _absolute_sum(array: NDArray) -> np.floating:
    return np.sum(np.abs(array))


def _logarithm(magnitudes: NDArray, floor: float) -> NDArray:
    return np.log(np.maximum(magnitudes, floor))


def magnitudes(signal: NDArray, length: int, hop: int, fft_length: int | None = None, centred: bool = False) -> NDArray:
    """(..., frames, frequencies), where a sine has half its amplitude."""
    check_frames(signal, length, hop)
    fft_length = length if fft_length is None else fft_length
    if fft_length < length:
        raise ValueError(f"an FFT must be as long as its window, {length} samples, or longer, got {fft_length}")
    if centred:
        ends = [(length // 2,) * 2 if axis == time_axis(signal) else (0, 0) for axis in range(signal.ndim)]
        signal = np.pad(signal, ends, mode="reflect")
    window = get_window("hann", length)
    return np.abs(np.fft.rfft(frames(signal, length, hop) * (window / window.sum()), fft_length))
