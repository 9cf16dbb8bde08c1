"""Ratios against a floor: what near silence may count in a training."""

import functools
from typing import Any

from jax import Array
from jax.typing import ArrayLike

from circuitnn.losses.envelope import nrmse, rms_energy_error
from circuitnn.losses.waveform import dc, esr, pre_emphasis, rmse
from circuitnn.losses.weighting import Loss, Weighted

RATIOS = (dc, esr, nrmse, rms_energy_error, rmse)  # to a level of the target


def floored(loss: Loss, prediction: ArrayLike, target: ArrayLike, eps: ArrayLike) -> Array:
    """The value of a loss whose ratios have `eps` added below, where they are not given one of their own.

    Args:
        loss: one of `RATIOS`, `pre_emphasis` of one of them, with or without keywords bound by `functools.partial`, and
            `weighted` sums of such; any other function is called as it is.
        prediction: (time,) or (..., time, features).
        target: the same shape.
        eps: in the square of the target's unit.
    """
    if isinstance(loss, Weighted):
        values = [weight * floored(term, prediction, target, eps) for weight, term in loss.terms]
        return sum(values[1:], values[0])
    bound: dict[str, Any] = loss.keywords if isinstance(loss, functools.partial) else {}
    function = loss.func if isinstance(loss, functools.partial) else loss
    if function is pre_emphasis:
        return loss(prediction, target, loss=functools.partial(_inner, bound.get("loss", esr), eps=eps))  # type: ignore[call-arg]
    if function in RATIOS and "eps" not in bound:
        return loss(prediction, target, eps=eps)  # type: ignore[call-arg]
    return loss(prediction, target)


def _inner(loss: Loss, prediction: ArrayLike, target: ArrayLike, *, eps: ArrayLike) -> Array:
    return floored(loss, prediction, target, eps)
