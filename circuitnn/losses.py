"""Losses for training: functions of (prediction, target), differentiable, in the dtype of their arguments.

Signals have the shape (time,) or (..., time, features), as `circuitnn.run` gives them. The energies are taken over the
whole array: a batch is one long signal, so that a silent entry of it does not dominate the gradient. Each ratio has an
``eps`` added below, in the square of the signal's unit: the value and the gradient stay finite where the target is
silent, and a target whose mean square is far above ``eps`` is not affected.

References:
    Wright, Damskägg, Välimäki 2019, "Real-time black-box modelling with recurrent neural networks", DAFx-19: the
    error-to-signal ratio, the pre-emphasis filter and the DC term.
    Wright, Välimäki 2020, "Perceptual loss function for neural modelling of audio systems", ICASSP: the other filters.
    Yamamoto, Song, Kim 2020, "Parallel WaveGAN", ICASSP: the multi-resolution STFT loss.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import final

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from numpy.typing import NDArray
from scipy.signal import get_window

from circuitnn.numerics.emphasis import Emphasis, emphasis_taps

Loss = Callable[[ArrayLike, ArrayLike], Array]


def mse(prediction: ArrayLike, target: ArrayLike) -> Array:
    """Mean square error, in the square of the signal's unit.

    Args:
        prediction: (time,) or (..., time, features).
        target: the same shape.

    Returns:
        A scalar.

    Raises:
        ValueError: when the shapes differ, or the arrays are empty or not real floating-point numbers.
    """
    prediction, target = _pair(prediction, target)
    return jnp.mean(jnp.square(prediction - target))


def esr(prediction: ArrayLike, target: ArrayLike, *, eps: float = 1e-8) -> Array:
    """Error-to-signal ratio: the energy of the error over the energy of the target (Wright et al. 2019).

    Args:
        prediction: (time,) or (..., time, features).
        target: the same shape.
        eps: added to the mean square of the target; the default stands for 0.1 mV.

    Returns:
        A scalar; 0 for a perfect prediction, 1 for a silent one.

    Raises:
        ValueError: when the shapes differ, or the arrays are empty or not real floating-point numbers.
    """
    prediction, target = _pair(prediction, target)
    return jnp.mean(jnp.square(prediction - target)) / (jnp.mean(jnp.square(target)) + eps)


def dc(prediction: ArrayLike, target: ArrayLike, *, eps: float = 1e-8) -> Array:
    """Energy of the difference of the means over time, over the energy of the target (Wright et al. 2019).

    Args:
        prediction: (time,) or (..., time, features); the means are those of each entry and feature.
        target: the same shape.
        eps: as for `esr`.

    Returns:
        A scalar.

    Raises:
        ValueError: when the shapes differ, or the arrays are empty or not real floating-point numbers.
    """
    prediction, target = _pair(prediction, target)
    offset = jnp.mean(prediction - target, axis=_time_axis(target))
    return jnp.mean(jnp.square(offset)) / (jnp.mean(jnp.square(target)) + eps)


def pre_emphasis(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    emphasis: Emphasis = "high_pass",
    coefficient: float = 0.85,
    fs: float | None = None,
    loss: Loss = esr,
) -> Array:
    """A loss after both signals went through a pre-emphasis filter (Wright et al. 2019; Wright, Välimäki 2020).

    The filter weighs up the frequencies where a guitar has little energy and the ear hears much. With c the
    coefficient, ``high_pass`` is ``1 - c z^-1``, ``folded_differentiator`` is ``1 - c z^-2`` (it weighs the highest
    frequencies down again), ``a_weighting`` is a linear-phase FIR filter with 101 taps, and ``a_weighting_low_pass``
    the same followed by ``1 + c z^-1``. Samples without all their predecessors are left out (1, 2, 100 and 101 at the
    start), so that the edge of a segment does not count as a step.

    Args:
        prediction: (time,) or (..., time, features), with at least as many samples as the filter has taps.
        target: the same shape.
        emphasis: the filter.
        coefficient: c, in all but ``a_weighting``; 0 makes a ``high_pass`` leave the signals as they are.
        fs: sample rate in hertz, for the A-weightings.
        loss: of (prediction, target).

    Returns:
        A scalar.

    Raises:
        ValueError: when the shapes differ, the arrays have too few samples or are not real floating-point numbers, the
            filter has another name, or an A-weighting no fs.
    """
    prediction, target = _pair(prediction, target)
    taps, axis = emphasis_taps(emphasis, coefficient, fs), _time_axis(target)
    if target.shape[axis] < len(taps):
        raise ValueError(
            f"pre_emphasis by {emphasis} needs {len(taps)} samples or more along time, got the shape {target.shape}"
        )
    return loss(_filtered(prediction, taps, axis), _filtered(target, taps, axis))


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
    prediction, target = _pair(prediction, target)
    axis = _time_axis(target)
    if not windows or min(windows) < 1:
        raise ValueError(f"windows must be positive numbers of samples, got {tuple(windows)}")
    if target.shape[axis] < max(windows):
        raise ValueError(f"the windows need {max(windows)} samples along time, got the shape {target.shape}")
    prediction, target = jnp.moveaxis(prediction, axis, -1), jnp.moveaxis(target, axis, -1)
    distances = [_stft_distance(prediction, target, length, floor) for length in windows]
    return sum(distances[1:], distances[0]) / len(distances)


def normalised_state_error(prediction: ArrayLike, target: ArrayLike, *, eps: float = 1e-16) -> Array:
    """Mean over the states of the error-to-signal ratio of each, so that volts and milliamperes count alike.

    Args:
        prediction: (..., time, n_states), in volts and amperes.
        target: the same shape.
        eps: added to the mean square of each state; the default stands for 10 nV and 10 nA.

    Returns:
        A scalar.

    Raises:
        ValueError: when the shapes differ or have fewer than two axes, or the arrays are empty or not real
            floating-point numbers.
    """
    prediction, target = _pair(prediction, target)
    if target.ndim < 2:
        raise ValueError(f"states have the shape (..., time, n_states), got {target.shape}")
    others = tuple(range(target.ndim - 1))
    error = jnp.mean(jnp.square(prediction - target), axis=others)
    return jnp.mean(error / (jnp.mean(jnp.square(target), axis=others) + eps))


@final
@dataclasses.dataclass(frozen=True)
class Weighted:
    """A weighted sum of losses; made by `weighted`.

    Two sums of the same terms are equal, so that a function that was compiled for one serves the other.

    Attributes:
        terms: pairs of weight and loss.
    """

    terms: tuple[tuple[float, Loss], ...]

    def __call__(self, prediction: ArrayLike, target: ArrayLike) -> Array:
        """The sum, a scalar."""
        weight, loss = self.terms[0]
        total = weight * loss(prediction, target)
        for weight, loss in self.terms[1:]:
            total = total + weight * loss(prediction, target)
        return total


def weighted(*terms: tuple[float, Loss]) -> Weighted:
    """A weighted sum of losses: ``weighted((1.0, esr), (1.0, dc))``.

    Args:
        terms: pairs of weight (finite, not negative) and loss.

    Returns:
        A function of (prediction, target).

    Raises:
        ValueError: without a term, or for a term that is not such a pair.
    """
    if not terms:
        raise ValueError("weighted() needs at least one pair of (weight, loss)")
    for term in terms:
        if not (isinstance(term, tuple) and len(term) == 2 and callable(term[1])):
            raise ValueError(f"weighted() takes pairs of (weight, loss), got {term!r}")
        if not 0 <= float(term[0]) < float("inf"):
            raise ValueError(f"the weight of a loss must be finite and not negative, got {term[0]!r}")
    return Weighted(tuple((float(weight), loss) for weight, loss in terms))


def _pair(prediction: ArrayLike, target: ArrayLike) -> tuple[Array, Array]:
    prediction, target = jnp.asarray(prediction), jnp.asarray(target)
    if prediction.shape != target.shape:
        # Broadcasting (time,) against (time, 1) would give a (time, time) error and a number that looks like a loss.
        raise ValueError(f"prediction and target must have one shape, got {prediction.shape} and {target.shape}")
    if target.ndim == 0 or target.size == 0:
        raise ValueError(f"a loss needs samples, got the shape {target.shape}")
    for name, array in (("prediction", prediction), ("target", target)):
        if not jnp.issubdtype(array.dtype, jnp.floating):
            raise ValueError(f"the {name} must be real floating-point numbers, got {array.dtype}")
    return prediction, target


def _time_axis(signal: Array) -> int:
    return 0 if signal.ndim == 1 else signal.ndim - 2


def _filtered(signal: Array, taps: NDArray, axis: int) -> Array:
    """The samples that have all their predecessors."""
    time, order = signal.shape[axis], len(taps) - 1
    if order <= 2:
        first, *others = (
            float(tap) * lax.slice_in_dim(signal, order - delay, time - delay, axis=axis)
            for delay, tap in enumerate(taps)
            if tap != 0
        )
        return sum(others, first)
    moved = jnp.moveaxis(signal, axis, -1)
    kernel = jnp.asarray(taps[None, None, ::-1], signal.dtype)
    found = lax.conv_general_dilated(moved.reshape(-1, 1, time), kernel, (1,), "VALID")
    return jnp.moveaxis(found.reshape(*moved.shape[:-1], time - order), -1, axis)


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
