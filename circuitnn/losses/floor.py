"""Ratios against a floor: what near silence may count in a training, of a batch and of its windows one by one."""

import dataclasses
import functools
from typing import Any, final

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from circuitnn.losses.envelope import nrmse, rms_energy_error
from circuitnn.losses.signals import pair
from circuitnn.losses.waveform import dc, esr, pre_emphasis, rmse
from circuitnn.losses.weighting import Loss, Weighted

SHARE = 1e-8  # of the mean square of all data, that `fit` has added below
RATIOS = (dc, esr, nrmse, rms_energy_error, rmse)  # to a level of the target


def floored(loss: Loss, prediction: ArrayLike, target: ArrayLike, eps: ArrayLike) -> Array:
    """The value of a loss whose ratios have `eps` added below, where they are not given one of their own.

    Args:
        loss: one of `RATIOS`, `pre_emphasis` of one of them, with or without keywords bound by `functools.partial`, and
            `weighted` sums of such; `per_window` has its own floor, in the same mean square; any other function is
            called as it is.
        prediction: (time,) or (..., time, features).
        target: the same shape.
        eps: `SHARE` of the mean square of the data, in the square of the target's unit.
    """
    if isinstance(loss, Weighted):
        values = [weight * floored(term, prediction, target, eps) for weight, term in loss.terms]
        return sum(values[1:], values[0])
    if isinstance(loss, PerWindow):
        return loss.against(prediction, target, jnp.asarray(eps) / SHARE)
    bound: dict[str, Any] = loss.keywords if isinstance(loss, functools.partial) else {}
    function = loss.func if isinstance(loss, functools.partial) else loss
    if function is pre_emphasis:
        return loss(prediction, target, loss=functools.partial(_inner, bound.get("loss", esr), eps=eps))  # type: ignore[call-arg]
    if function in RATIOS and "eps" not in bound:
        return loss(prediction, target, eps=eps)  # type: ignore[call-arg]
    return loss(prediction, target)


def _inner(loss: Loss, prediction: ArrayLike, target: ArrayLike, *, eps: ArrayLike) -> Array:
    return floored(loss, prediction, target, eps)


@final
@dataclasses.dataclass(frozen=True)
class PerWindow:
    """The mean of a loss over the windows of a batch; made by `per_window`.

    Attributes:
        loss: of one window.
        floor: of the mean square of the data, added below its ratios.
    """

    loss: Loss
    floor: float

    def __call__(self, prediction: ArrayLike, target: ArrayLike) -> Array:
        """The mean over the first axis, a scalar; without `fit` the data are what is given here.

        Raises:
            ValueError: when the shapes differ or have fewer than three axes, or the arrays are empty or not real
                floating-point numbers.
        """
        prediction, target = pair(prediction, target)
        return self.against(prediction, target, jnp.mean(jnp.square(target)))

    def against(self, prediction: ArrayLike, target: ArrayLike, energy: ArrayLike) -> Array:
        """The same with the mean square of all data given, in the square of the target's unit."""
        prediction, target = pair(prediction, target)
        if target.ndim < 3:
            raise ValueError(f"per_window needs arrays (windows, time, features), got the shape {target.shape}")
        below = self.floor * jnp.asarray(energy, target.dtype)
        return jnp.mean(jax.vmap(lambda p, t: floored(self.loss, p, t, below))(prediction, target))


def per_window(loss: Loss = esr, *, floor: float = 1e-3) -> PerWindow:
    """The mean over the windows of a batch of the loss of each, instead of the loss of the whole batch.

    The error-to-signal ratio of a batch is that of its loud windows: a window 30 dB below them may be wrong altogether
    and adds a thousandth. Here each counts for itself. The floor is what stands between the two: windows far above it
    count alike, those far below it by their energy, as they do in the ratio of the batch. Without one, windows of
    near silence, whose ratios are the largest, are all that the gradient is about.

    Args:
        loss: of (prediction, target), one of those whose ratios take a floor (`esr`, `dc`, `rmse`, `nrmse`,
            `rms_energy_error`), `pre_emphasis` of one of them, or a `weighted` sum.
        floor: added below the ratios, as a share of the mean square of all the data in `fit`; 1e-3 is -30 dB.

    Returns:
        A function of (prediction, target), both (windows, time, features).

    Raises:
        ValueError: when the floor is not positive and finite.
    """
    if not 0 < float(floor) < float("inf"):
        raise ValueError(f"floor must be positive and finite, got {floor!r}")
    return PerWindow(loss, float(floor))
