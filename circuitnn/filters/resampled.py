"""A filter in coupled form at another sample rate: its poles moved, its outputs fitted to its own response."""

from collections.abc import Mapping
from typing import final

import jax
import numpy as np
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.filters.controlled import ControlledFilter
from circuitnn.filters.coupled import Coupled
from circuitnn.filters.form import Form

LOWEST, HIGHEST = 10.0, 20e3  # hertz, between which the responses shall agree
POINTS = 96


def resampled(form: Coupled, fs: float, to: float) -> Coupled:
    """The filter that sounds at the sample rate `to` as this one does at `fs`, as nearly as its order allows.

    Poles stay where they are in hertz (``z^(fs/to)``, as by the impulse-invariant transform). What they put out is then
    fitted by least squares to the response up to 20 kHz, or to 0.95 of the lower half of a sample rate: the transform
    itself would alias. Differentiable; the cost is that of a small least-squares problem for each setting.

    Args:
        form: any settings.
        fs: sample rate that it is for, Hz.
        to: sample rate that it shall run at, Hz.
    """
    ratio = fs / to
    moved = -jnp.expm1(ratio * jnp.log1p(-jnp.minimum(form.share, 1 - 1e-6)))
    turned = jnp.where(jnp.abs(form.angle) < np.pi / max(ratio, 1), form.angle * ratio, form.angle)
    # Poles beyond z = 0.05 are for the neighbourhood of half the sample rate, wherever that is.
    is_fast = form.share > 0.95
    share = jnp.where(is_fast, form.share, moved)
    freqs = np.geomspace(LOWEST, min(HIGHEST, 0.475 * min(fs, to)), POINTS)
    target = form.response(freqs, fs)
    count = form.share.shape[-2] * 2
    columns = []
    for k in range(form.order):
        unit = jnp.zeros(count, form.share.dtype).at[k].set(1).reshape(form.output.shape[-2:])
        columns.append(
            Coupled(
                turned, share, jnp.broadcast_to(unit, form.output.shape), jnp.zeros_like(form.direct), form.order
            ).response(freqs, to)
        )
    columns.append(jnp.ones_like(target))
    matrix = jnp.stack(columns, axis=-1)
    # Errors count in proportion to the response, as decibels do.
    weight = 1 / (jnp.abs(target) + 1e-3 * jnp.max(jnp.abs(target), axis=-1, keepdims=True))
    found = _least_squares(matrix * weight[..., None], target * weight)
    output = jnp.concatenate([found[..., :-1], jnp.zeros((*found.shape[:-1], count - form.order), found.dtype)], -1)
    return Coupled(turned, share, output.reshape(form.output.shape), found[..., -1], form.order)


def _least_squares(matrix: Array, target: Array) -> Array:
    """Real unknowns of complex equations, by Q R of columns of length one and a little damping."""
    real = jnp.concatenate([matrix.real, matrix.imag], axis=-2)
    right = jnp.concatenate([target.real, target.imag], axis=-1)
    length = jnp.linalg.norm(real, axis=-2, keepdims=True)
    real = real / length
    n = real.shape[-1]
    damping = 10 * jnp.finfo(real.dtype).eps * jnp.eye(n, dtype=real.dtype)
    real = jnp.concatenate([real, jnp.broadcast_to(damping, (*real.shape[:-2], n, n))], axis=-2)
    right = jnp.concatenate([right, jnp.zeros((*right.shape[:-1], n), right.dtype)], axis=-1)
    q, r = jnp.linalg.qr(real)
    inner = jnp.einsum("...ij,...i->...j", q, right)
    found = lax.linalg.triangular_solve(r, inner[..., None], left_side=True)[..., 0]
    return found / length[..., 0, :]


@final
class ResampledFilter(ControlledFilter):
    """A filter in coupled form that runs at another sample rate than the one that it is for.

    Args:
        model: the filter.
        fs: the other sample rate, Hz.
    """

    def __init__(self, model: ControlledFilter, fs: float):
        form = jax.eval_shape(model.form, jnp.zeros(len(model.controls), model.dtype))
        if not isinstance(form, Coupled):
            raise ValueError(
                f"only a coupled form can be taken to another sample rate, not {type(form).__name__}: "
                f"fit it at {fs:g} Hz"
            )
        self.model, self.fs = model, fs
        self.frame = max(1, round(model.frame * fs / model.fs)) if model.frame > 1 else 1
        self.in_features = self.out_features = 1
        self.dtype = model.dtype

    @property
    def controls(self) -> Mapping[str, float]:
        return self.model.controls

    def form(self, knobs: Array) -> Form:
        form = self.model.form(knobs)
        assert isinstance(form, Coupled)
        return resampled(form, self.model.fs, self.fs)

    def at(self, fs: float) -> ControlledFilter:
        return self.model.at(fs)
