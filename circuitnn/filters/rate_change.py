"""A filter in coupled form at another sample rate: its poles moved, its outputs fitted to its own response."""

import dataclasses
from functools import partial

import jax
import numpy as np
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.filters.coupled_form import Coupled

LOWEST, HIGHEST = 10.0, 20e3  # hertz, between which the responses shall agree
POINTS = 48  # logarithmically spread over that band, and as many evenly
# Four more poles, at z = 0.5, 0.2, -0.2 and 0: near half the sample rate the poles that were moved are no help.
MORE_ANGLES, MORE_SHARES = (0.0, np.pi), ((0.5, 0.8), (0.8, 1.0))
PHASE_BELOW, STEEPNESS = 0.1, 4  # of the lower sample rate, where errors of phase count half, and how they fade out
ROUNDS = 2
DAMPING = 1e-4  # of columns of length one: a fit that is as good with outputs that do not cancel each other


@partial(jax.jit, static_argnums=(1, 2))
def at_rate(form: Coupled, fs: float, to: float) -> Coupled:
    """The filter that sounds at the sample rate `to` as this one does at `fs`; four more poles help it to.

    Poles stay where they are in hertz (``z^(fs/to)``, as by the impulse-invariant transform). What they put out is then
    fitted by least squares to the response up to 20 kHz, or to 0.95 of the lower half of a sample rate: the transform
    itself would alias. The magnitude counts at all frequencies, the phase below about a tenth of the sample rate:
    towards half of it the phase of any filter bends to 0 or 180 degrees, which another one cannot and shall not follow.
    Differentiable; the cost is that of two small least-squares problems for each setting.

    Args:
        form: any settings.
        fs: sample rate that it is for, Hz.
        to: sample rate that it shall run at, Hz.
    """
    lower, ratio = min(fs, to), fs / to
    highest = min(HIGHEST, 0.475 * lower)
    even = np.linspace(highest / POINTS, highest, POINTS)
    freqs = np.sort(np.concatenate([np.geomspace(LOWEST, highest, POINTS, endpoint=False), even]))
    target = form.response(freqs, fs)
    moved = _with_more(form, ratio)
    columns = []
    for k in range(moved.order):
        unit = jnp.zeros(moved.output.size // form.direct.size, target.real.dtype).at[k].set(1)
        output = jnp.broadcast_to(unit.reshape(moved.output.shape[-2:]), moved.output.shape)
        columns.append(dataclasses.replace(moved, output=output).response(freqs, to))
    columns.append(jnp.ones_like(target))
    found = _fitted(jnp.stack(columns, axis=-1), target, 1 / (1 + (freqs / (PHASE_BELOW * lower)) ** STEEPNESS))
    output = jnp.pad(found[..., :-1], [(0, 0)] * (found.ndim - 1) + [(0, moved.order % 2)])
    return dataclasses.replace(moved, output=output.reshape(moved.output.shape), direct=found[..., -1])


def _with_more(form: Coupled, ratio: float) -> Coupled:
    """The poles at the other sample rate, and more of them in front; nothing is put out yet."""
    kept = jnp.log1p(-jnp.minimum(form.share, 1 - 1e-6))
    turned = form.angle - 2 * np.pi * jnp.round(form.angle / (2 * np.pi))
    angle, share = jnp.clip(ratio * turned, -np.pi, np.pi), -jnp.expm1(ratio * kept)

    def joined(more, own):
        more = jnp.asarray(more, own.dtype)
        return jnp.concatenate([jnp.broadcast_to(more, (*form.direct.shape, *more.shape)), own], axis=form.direct.ndim)

    share = joined(MORE_SHARES, share)
    return Coupled(
        joined(MORE_ANGLES, angle), share, jnp.zeros_like(share), jnp.zeros_like(form.direct), form.order + 4
    )


def _fitted(columns: Array, target: Array, phase: np.ndarray) -> Array:
    """What of each column makes the target: (..., n) real.

    Args:
        columns: (..., f, n) complex.
        target: (..., f) complex.
        phase: (f,) weight of errors of phase, beside those of magnitude.
    """
    size = jnp.abs(target)
    # Errors count in proportion to the response, as decibels do; what is silent counts against the loudest.
    weight = 1 / (size + 1e-3 * jnp.max(size, axis=-1, keepdims=True))
    in_phase = jnp.asarray(phase, size.dtype)
    near, found = target, jnp.zeros_like(columns.real[..., 0, :])
    for _ in range(ROUNDS):
        # Turned by the phase that is expected, the real part is the magnitude and the imaginary one the phase.
        power = near.real**2 + near.imag**2
        turn = near.conj() / jnp.sqrt(power + jnp.finfo(power.dtype).tiny)
        rows, right = turn[..., None] * columns, turn * target
        across = weight * in_phase
        real = jnp.concatenate([rows.real * weight[..., None], rows.imag * across[..., None]], axis=-2)
        along = in_phase * right.real + (1 - in_phase) * size
        found = _least_squares(real, jnp.concatenate([along * weight, right.imag * across], axis=-1))
        near = jnp.einsum("...fn,...n->...f", columns, found.astype(columns.dtype))
    return found


def _least_squares(matrix: Array, target: Array) -> Array:
    """By Q R of columns of length one and a little damping: (..., n)."""
    length = jnp.linalg.norm(matrix, axis=-2, keepdims=True)
    matrix = matrix / length
    n = matrix.shape[-1]
    damping = DAMPING * jnp.eye(n, dtype=matrix.dtype)
    matrix = jnp.concatenate([matrix, jnp.broadcast_to(damping, (*matrix.shape[:-2], n, n))], axis=-2)
    right = jnp.concatenate([target, jnp.zeros((*target.shape[:-1], n), target.dtype)], axis=-1)
    q, r = jnp.linalg.qr(matrix)
    inner = jnp.einsum("...ij,...i->...j", q, right)
    found = lax.linalg.triangular_solve(r, inner[..., None], left_side=True)[..., 0]
    return found / length[..., 0, :]
