"""State spaces with any matrix, analog and discrete, and the bilinear transform between them."""

import math
from dataclasses import dataclass
from typing import Any, final

import jax
from jax import Array
from jax import numpy as jnp
from jax.typing import ArrayLike

from circuitnn.filters.form import Form
from circuitnn.numerics.bilinear import bilinear_rate


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class AnalogStateSpace:
    """``dx/dt = A x + B u``, ``y = C x + D u``; a pytree.

    Attributes:
        A: (..., n, n), 1/s.
        B: (..., n).
        C: (..., n).
        D: (...).
    """

    A: Array
    B: Array
    C: Array
    D: Array

    def response(self, freqs: ArrayLike) -> Array:
        """The frequency response at freqs (f,) in Hz: complex (..., f)."""
        return _response(self, 2j * jnp.pi * jnp.asarray(freqs, self.A.dtype))

    def discretised(self, fs: float, *, prewarp: float | None = None) -> "StateSpace":
        """By the bilinear transform ``s = rate (z - 1)/(z + 1)``, rate = 2 fs.

        Args:
            fs: sample rate, Hz.
            prewarp: a frequency in Hz, below fs/2, at which the response stays as it is; zero when None.

        Raises:
            ValueError: for frequencies out of range.
        """
        rate = bilinear_rate(fs, prewarp)
        eye = jnp.eye(self.A.shape[-1], dtype=self.A.dtype)
        # Shared between B and C, so that neither is small where the other is large.
        scale = math.sqrt(2 * rate)
        below = rate * eye - self.A
        inputs = _solve(below, self.B)
        return StateSpace(
            jnp.linalg.solve(below, rate * eye + self.A),
            scale * inputs,
            scale * _solve(jnp.swapaxes(below, -1, -2), self.C),
            self.D + jnp.sum(self.C * inputs, axis=-1),
        )


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class StateSpace(Form):
    """``x_(n+1) = A x_n + B u_n``, ``y_n = C x_n + D u_n``; a pytree.

    Attributes:
        A: (..., n, n).
        B: (..., n).
        C: (..., n).
        D: (...).
    """

    A: Array
    B: Array
    C: Array
    D: Array

    @property
    def order(self) -> int:  # type: ignore[override]
        """The number of states."""
        return self.A.shape[-1]

    def response(self, freqs: ArrayLike, fs: float) -> Array:
        return _response(self, jnp.exp(2j * jnp.pi * jnp.asarray(freqs, self.A.dtype) / fs))

    def analog(self, fs: float, *, prewarp: float | None = None) -> AnalogStateSpace:
        """The analog filter that the bilinear transform makes this one from; arguments as for `discretised`.

        Raises:
            ValueError: for frequencies out of range.
        """
        rate = bilinear_rate(fs, prewarp)
        eye = jnp.eye(self.order, dtype=self.A.dtype)
        scale = math.sqrt(2 * rate)
        below = eye + self.A
        inputs = _solve(below, self.B)
        return AnalogStateSpace(
            rate * jnp.linalg.solve(below, self.A - eye),
            scale * inputs,
            scale * _solve(jnp.swapaxes(below, -1, -2), self.C),
            self.D - jnp.sum(self.C * inputs, axis=-1),
        )

    def coefficients(self) -> Array:
        flat = self.A.reshape(*self.A.shape[:-2], -1)
        return jnp.concatenate([flat, self.B, self.C, self.D[..., None]], axis=-1)

    def step(self, coefficients: Array, state: Array, u: Array) -> tuple[Array, Array]:
        n = self.order
        A, B, C, D = jnp.split(coefficients, (n * n, n * n + n, n * n + 2 * n))
        A = A.reshape(n, n, -1)
        return jnp.sum(A * state, axis=1) + B * u, jnp.sum(C * state, axis=0) + D[0] * u


def _response(system: Any, points: Array) -> Array:
    eye = jnp.eye(system.A.shape[-1], dtype=points.dtype)
    resolvent = points[:, None, None] * eye - system.A[..., None, :, :]
    states = _solve(resolvent, system.B[..., None, :].astype(points.dtype))
    return jnp.sum(system.C[..., None, :] * states, axis=-1) + system.D[..., None]


def _solve(matrix: Array, vector: Array) -> Array:
    return jnp.linalg.solve(matrix, vector[..., None])[..., 0]
