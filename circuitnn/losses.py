"""Losses for training: functions of (prediction, target), differentiable, in the dtype of their arguments.

Signals have the shape (time,) or (..., time, features), as `circuitnn.run` gives them. The energies are taken over the
whole array: a batch is one long signal, so that a silent entry of it does not dominate the gradient. Each ratio has an
``eps`` added below, in the square of the signal's unit: the value and the gradient stay finite where the target is
silent, and a target whose mean square is far above ``eps`` is not affected.

References:
    Wright, Damskägg, Välimäki 2019, "Real-time black-box modelling with recurrent neural networks", DAFx-19: the
    error-to-signal ratio, the pre-emphasis filter and the DC term.
"""

import dataclasses
from collections.abc import Callable
from typing import final

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

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


def pre_emphasis(prediction: ArrayLike, target: ArrayLike, *, coefficient: float = 0.85, loss: Loss = esr) -> Array:
    """A loss after both signals went through ``H(z) = 1 - coefficient z^-1`` (Wright et al. 2019).

    The filter weighs high frequencies up, where a guitar has little energy and the ear hears much. The first sample has
    no predecessor and is left out, so that the edge of a segment does not count as a step.

    Args:
        prediction: (time,) or (..., time, features), with at least two samples.
        target: the same shape.
        coefficient: 0 leaves the signals as they are.
        loss: of (prediction, target).

    Returns:
        A scalar.

    Raises:
        ValueError: when the shapes differ, or the arrays have fewer than two samples or are not real floating-point
            numbers.
    """
    prediction, target = _pair(prediction, target)
    axis = _time_axis(target)
    if target.shape[axis] < 2:
        raise ValueError(f"pre_emphasis needs two samples or more along time, got the shape {target.shape}")
    return loss(_emphasised(prediction, coefficient, axis), _emphasised(target, coefficient, axis))


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


def _emphasised(signal: Array, coefficient: float, axis: int) -> Array:
    time = signal.shape[axis]
    return lax.slice_in_dim(signal, 1, time, axis=axis) - coefficient * lax.slice_in_dim(signal, 0, time - 1, axis=axis)
