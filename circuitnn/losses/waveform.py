"""Losses of the waveform and of states."""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from numpy.typing import NDArray

from circuitnn.losses.frames import root
from circuitnn.losses.ratios import LEAST, level_of, ratio, unit_of
from circuitnn.losses.signals import pair, time_axis
from circuitnn.losses.weighting import Loss
from circuitnn.numerics.emphasis import Emphasis, emphasis_taps


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
    prediction, target = pair(prediction, target)
    return jnp.mean(jnp.square(prediction - target))


def mae(prediction: ArrayLike, target: ArrayLike) -> Array:
    """Mean absolute error, in the signal's unit; its gradient is 0 where both are equal.

    Arguments, result and errors as for `mse`.
    """
    prediction, target = pair(prediction, target)
    return jnp.mean(jnp.abs(prediction - target))


def rmse(prediction: ArrayLike, target: ArrayLike, *, normalised: bool = False, eps: ArrayLike = 0.0) -> Array:
    """Root mean square error, in the signal's unit; normalised by the root mean square of the target, sqrt(ESR).

    What Simionato and Fasciani call NRMSE is something else, the error of the levels: `nrmse`.

    Args:
        prediction: (time,) or (..., time, features).
        target: the same shape.
        normalised: relative to the target.
        eps: as for `esr`, where it is normalised.

    Returns:
        A scalar; its gradient is 0 where both are equal.

    Raises:
        ValueError: when the shapes differ, or the arrays are empty or not real floating-point numbers.
    """
    return root(esr(prediction, target, eps=eps) if normalised else mse(prediction, target))


def esr(prediction: ArrayLike, target: ArrayLike, *, eps: ArrayLike = 0.0) -> Array:
    """Error-to-signal ratio: the energy of the error over the energy of the target (Wright et al. 2019).

    Args:
        prediction: (time,) or (..., time, features).
        target: the same shape.
        eps: added to the mean square of the target, in the square of its unit: what is far below does not count. `fit`
            takes 1e-8 of the mean square of all its data.

    Returns:
        A scalar; 0 for a perfect prediction, 1 for a silent one, at most 1e12 where the target is silent.

    Raises:
        ValueError: when the shapes differ, or the arrays are empty or not real floating-point numbers.
    """
    prediction, target = pair(prediction, target)
    return _ratio(prediction - target, target, eps, None)


def dc(prediction: ArrayLike, target: ArrayLike, *, eps: ArrayLike = 0.0) -> Array:
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
    prediction, target = pair(prediction, target)
    return _ratio(jnp.mean(prediction - target, axis=time_axis(target)), target, eps, None)


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
    prediction, target = pair(prediction, target)
    taps, axis = emphasis_taps(emphasis, coefficient, fs), time_axis(target)
    if target.shape[axis] < len(taps):
        raise ValueError(
            f"pre_emphasis by {emphasis} needs {len(taps)} samples or more along time, got the shape {target.shape}"
        )
    return loss(_filtered(prediction, taps, axis), _filtered(target, taps, axis))


def normalised_state_error(prediction: ArrayLike, target: ArrayLike, *, eps: ArrayLike = 0.0) -> Array:
    """Mean over the states of the error-to-signal ratio of each, so that volts and milliamperes count alike.

    Args:
        prediction: (..., time, n_states), in volts and amperes.
        target: the same shape.
        eps: added to the mean square of each state, in the square of its unit.

    Returns:
        A scalar.

    Raises:
        ValueError: when the shapes differ or have fewer than two axes, or the arrays are empty or not real
            floating-point numbers.
    """
    prediction, target = pair(prediction, target)
    if target.ndim < 2:
        raise ValueError(f"states have the shape (..., time, n_states), got {target.shape}")
    return jnp.mean(_ratio(prediction - target, target, eps, tuple(range(target.ndim - 1))))


def _ratio(error: Array, target: Array, eps: ArrayLike, axes: tuple[int, ...] | None) -> Array:
    """Of the mean squares over axes; 0 for nothing over nothing, and what is not finite stays so."""
    unit = unit_of(error, target, axes)
    energy, signal = (jnp.mean(jnp.square(a / unit), axis=axes) for a in (error, target))
    return ratio(energy, signal + jnp.square(level_of(eps, unit)), LEAST)


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
