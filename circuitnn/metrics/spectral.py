"""Metrics of short-time spectra: the phase does not count."""

from collections.abc import Sequence

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
    distances = []
    for length, hop, fft_length in zip(windows, hops, fft_lengths, strict=True):
        predicted, true = (_magnitudes(x, length, hop, fft_length, centred) for x in (prediction, target))
        convergence = ratio(np.linalg.norm(predicted - true), np.linalg.norm(true))
        distances.append(convergence + np.mean(np.abs(_logarithm(predicted, floor) - _logarithm(true, floor))))
    return float(np.mean(distances))


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
    predicted, true = (_logarithm(_magnitudes(x, length, hop), floor) for x in (prediction, target))
    decibels = 20 / np.log(10) * (predicted - true)
    return float(np.mean(np.sqrt(np.mean(np.square(decibels), axis=-1))))


def spectral_flux_error(prediction: ArrayLike, target: ArrayLike, *, length: int = 2048, hop: int = 512) -> float:
    """Difference of the spectral fluxes: does the spectrum grow where the target's does? It hears attacks.

    The flux of a frame is the sum over the frequencies of what the magnitude has gained since the frame before, losses
    not counted (Dixon 2006, "Onset detection revisited", DAFx-06). The error is the sum over the frames of
    ``|flux_prediction - flux_target|`` over the sum of ``flux_target``. Simionato, Fasciani (2025, "Comparative study
    of state-based neural networks for virtual analog audio effects modeling") compare models by the flux, with this
    window and hop; the normalisation is stated here because published numbers differ in it.

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
    prediction, target = pair(prediction, target)
    check_frames(target, length, hop, count=2)
    predicted, true = (_flux(_magnitudes(x, length, hop)) for x in (prediction, target))
    return ratio(np.sum(np.abs(predicted - true)), np.sum(true))


def _flux(magnitudes: NDArray) -> NDArray:
    return np.sum(np.maximum(np.diff(magnitudes, axis=-2), 0), axis=-1)


def _logarithm(magnitudes: NDArray, floor: float) -> NDArray:
    return np.log(np.maximum(magnitudes, floor))


def _magnitudes(
    signal: NDArray, length: int, hop: int, fft_length: int | None = None, centred: bool = False
) -> NDArray:
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
