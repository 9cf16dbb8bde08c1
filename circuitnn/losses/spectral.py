"""The loss that hears spectra."""

from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from scipy.signal import get_window

from circuitnn.losses.signals import pair, time_axis


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
    prediction, target = pair(prediction, target)
    axis = time_axis(target)
    if not windows or min(windows) < 1:
        raise ValueError(f"windows must be positive numbers of samples, got {tuple(windows)}")
    if target.shape[axis] < max(windows):
        raise ValueError(f"the windows need {max(windows)} samples along time, got the shape {target.shape}")
    prediction, target = jnp.moveaxis(prediction, axis, -1), jnp.moveaxis(target, axis, -1)
    distances = [_stft_distance(prediction, target, length, floor) for length in windows]
    return sum(distances[1:], distances[0]) / len(distances)


def _stft_distance(prediction: Array, target: Array, length: int, floor: float) -> Array:
    predicted, true = (_magnitudes(signal, length, floor) for signal in (prediction, target))
    convergence = _norm(predicted - true) / _norm(true)
    return convergence + jnp.mean(jnp.abs(jnp.log(predicted) - jnp.log(true)))


def _magnitudes(signal: Array, length: int, floor: float) -> Array:
    """(..., frames, frequencies); the frames are put together from hops, whose gradient is a sum and no scatter."""
    hop = max(1, length // 4)
    frames, parts = (signal.shape[-1] - length) // hop + 1, -(-length // hop)
    missing = max(0, (frames + parts - 1) * hop - signal.shape[-1])
    filled = jnp.pad(signal, [(0, 0)] * (signal.ndim - 1) + [(0, missing)])
    hops = filled[..., : (frames + parts - 1) * hop].reshape(*signal.shape[:-1], -1, hop)
    pieces = jnp.concatenate([hops[..., k : k + frames, :] for k in range(parts)], axis=-1)[..., :length]
    window = get_window("hann", length)
    spectrum = jnp.fft.rfft(pieces * jnp.asarray(window / window.sum(), signal.dtype))
    return jnp.sqrt(jnp.square(spectrum.real) + jnp.square(spectrum.imag) + floor**2)


def _norm(array: Array) -> Array:
    """With the gradient 0 where all is 0, and not NaN."""
    energy = jnp.sum(jnp.square(array))
    return jnp.where(energy > 0, jnp.sqrt(jnp.where(energy > 0, energy, 1)), 0)
