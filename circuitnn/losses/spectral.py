"""Losses that hear spectra."""

from collections.abc import Callable, Sequence

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from circuitnn.losses.frames import frames, root
from circuitnn.losses.signals import pair, time_last

Norm = Callable[[Array], Array]


def stft(
    prediction: ArrayLike, target: ArrayLike, *, windows: Sequence[int] = (512, 1024, 2048), floor: float = 1e-5
) -> Array:
    """Multi-resolution STFT loss: spectral convergence plus log-magnitude distance (Yamamoto, Song, Kim 2020).

    It is `circuitnn.metrics.stft_distance` with a smooth floor: the magnitude m counts as ``sqrt(m^2 + floor^2)``. It
    does not hear phases, nor therefore the sign of the signal: add it to a loss of the waveform.

    Args:
        prediction: (time,) or (..., time, features), at least as long as the longest window.
        target: the same shape.
        windows: lengths of the Hann windows, in samples; the hop is a quarter of each.
        floor: keeps logarithm and gradient finite at silence; a full-scale sine has the magnitude 0.5.

    Returns:
        A scalar; 0 for equal magnitudes.

    Raises:
        ValueError: when the shapes differ, the signals are shorter than a window, there is no window, or the arrays are
            not real floating-point numbers.
    """
    return _mean_distance(prediction, target, windows, floor, lambda array: root(jnp.sum(jnp.square(array))))


def mr_stft(
    prediction: ArrayLike, target: ArrayLike, *, windows: Sequence[int] = (256, 512, 1024), floor: float = 1e-5
) -> Array:
    """Multi-resolution STFT loss as Simionato and Fasciani have it: both terms are L1.

    Mean over the windows of ``sum |S - S_hat| / sum |S|`` plus the mean of ``|ln S - ln S_hat|``. `stft` has the
    Euclidean norm in the first term, and longer windows. Arguments, result and errors as there.

    Source: Simionato, Fasciani 2025, "Comparative study of state-based neural networks for virtual analog audio effects
    modeling"; hops of a quarter, frames inside of the signal and the floor are this library's.
    """
    return _mean_distance(prediction, target, windows, floor, lambda array: jnp.sum(jnp.abs(array)))


def magnitudes(signal: Array, length: int, hop: int, floor: float) -> Array:
    """(..., frames, frequencies) of a signal (..., time), where a sine has half its amplitude; with a smooth floor."""
    if not floor > 0:
        raise ValueError(f"the floor must be a positive number, got {floor}")
    from scipy.signal import get_window  # here, because it takes a second to import

    window = get_window("hann", length)
    spectrum = jnp.fft.rfft(frames(signal, length, hop) * jnp.asarray(window / window.sum(), signal.dtype))
    return jnp.sqrt(jnp.square(spectrum.real) + jnp.square(spectrum.imag) + floor**2)


def _mean_distance(prediction: ArrayLike, target: ArrayLike, windows: Sequence[int], floor: float, norm: Norm) -> Array:
    prediction, target = time_last(*pair(prediction, target))
    if not windows or min(windows) < 1:
        raise ValueError(f"windows must be positive numbers of samples, got {tuple(windows)}")
    if target.shape[-1] < max(windows):
        raise ValueError(f"the windows need {max(windows)} samples along time, got {target.shape[-1]}")
    distances = [_distance(prediction, target, length, floor, norm) for length in windows]
    return sum(distances[1:], distances[0]) / len(distances)


def _distance(prediction: Array, target: Array, length: int, floor: float, norm: Norm) -> Array:
    predicted, true = (magnitudes(signal, length, max(1, length // 4), floor) for signal in (prediction, target))
    return norm(predicted - true) / norm(true) + jnp.mean(jnp.abs(jnp.log(predicted) - jnp.log(true)))
