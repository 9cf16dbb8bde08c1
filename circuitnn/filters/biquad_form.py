"""Cascades of sections of second order: what most equalisers are."""

from dataclasses import dataclass, field
from typing import Self, final

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp
from jax.typing import ArrayLike

from circuitnn.filters.form import BoundedForm, distance, spread, unit_circle

ANGLE_PACE = 0.3
STRUCTURES = ("direct", "state variable")


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Biquads(BoundedForm):
    """Sections in a row, each ``g (w^2 + n1 w + n0) / (w^2 + d1 w + d0)`` with w = z - 1.

    The polynomials are in w because those in z lose the low frequencies to rounding: with a pole at 20 Hz and 48 kHz,
    d0 is 7e-6, and 1 + a1 + a2 of the same section in z is known to a percent in single precision. `b` and `a` are the
    usual coefficients.

    Attributes:
        gain: (..., sections), the coefficient of w^2 above.
        above: (..., sections, 2), n1 and n0.
        below: (..., sections, 2), d1 and d0.
        structure: how a section runs. "direct": direct form II transposed. "state variable": with trapezoidal
            integrators (Zavalishin 2012), which hold voltages of a circuit and mind changes less.
        order: the number of poles; where it is odd, the last section is of first order.
    """

    gain: Array
    above: Array
    below: Array
    order: int = field(metadata={"static": True})
    structure: str = field(default="direct", metadata={"static": True})

    @property
    def b(self) -> Array:
        """Numerators in z, (..., sections, 3), highest power first."""
        return self.gain[..., None] * _in_z(self.above)

    @property
    def a(self) -> Array:
        """Denominators in z, (..., sections, 3), highest power first; the first is one."""
        return _in_z(self.below)

    @property
    def memory(self) -> int:
        return self.order if self.structure == "direct" else 2 * self.gain.shape[-1]

    def response(self, freqs: ArrayLike, fs: float) -> Array:
        w = unit_circle(freqs, fs, self.gain.dtype)
        n1, n0, d1, d0 = (part[..., k, None] for part in (self.above, self.below) for k in (0, 1))
        sections = self.gain[..., None] * (w * (w + n1) + n0) / (w * (w + d1) + d0)
        return jnp.prod(sections, axis=-2)

    def coefficients(self) -> Array:
        if self.structure == "direct":
            b, a = self.b, self.a
            return jnp.concatenate([*(b[..., k] for k in range(3)), a[..., 1], a[..., 2]], axis=-1)
        d1, d0 = self.below[..., 0], self.below[..., 1]
        n1, n0 = self.above[..., 0], self.above[..., 1]
        # By w = 2 p / (1 - p) with p = s/(2 fs), up to a factor: (4 - 2 d1 + d0) p^2 + (2 d1 - 2 d0) p + d0.
        share = 4 - 2 * d1 + d0
        g = jnp.sqrt(d0 / share)
        damping = 2 * (d1 - d0) / (share * g)
        high, low = (4 - 2 * n1 + n0) / share, n0 / d0
        band = 2 * (n1 - n0) / (share * g)
        mix = [self.gain * each for each in (high, band - damping * high, low - high)]
        return jnp.concatenate([g, damping, *mix], axis=-1)

    def step(self, coefficients: Array, state: Array, u: Array) -> tuple[Array, Array]:
        first, second, third, fourth, fifth = coefficients.reshape(5, coefficients.shape[0] // 5, -1)
        step = _direct if self.structure == "direct" else _state_variable
        # Of a first-order section the second state of the direct form is always zero.
        state = jnp.concatenate([state, jnp.zeros_like(state[:1])]) if self.memory % 2 else state
        after = []
        for k in range(first.shape[0]):
            u, *own = step(first[k], second[k], third[k], fourth[k], fifth[k], state[2 * k], state[2 * k + 1], u)
            after += own
        return jnp.stack(after[: self.memory]), u

    @classmethod
    def size(cls, order: int) -> int:
        return 2 * (order // 2 + order) + 1

    @classmethod
    def initial(cls, order: int, fs: float) -> np.ndarray:
        poles = spread(order, fs)
        # Each zero beside its pole: sections that do nearly nothing, and can go either way.
        return np.concatenate([np.zeros(order // 2), poles, np.zeros(order // 2), poles + 0.1, [0.5]])

    @classmethod
    def pace(cls, order: int) -> np.ndarray:
        pairs = order // 2
        return np.repeat([ANGLE_PACE, 1.0, ANGLE_PACE, 1.0, 1.0], [pairs, order, pairs, order, 1])

    @classmethod
    def unpacked(cls, free: Array, order: int, radius: float) -> Self:
        pairs = order // 2
        cuts = np.cumsum([pairs, order, pairs, order])
        angle, decay, zero_angle, zero_decay, gain = jnp.split(free, cuts, axis=-1)
        below, above = _section(angle, decay, order, radius), _section(zero_angle, zero_decay, order, radius)
        others = jnp.ones_like(above[..., 1:, 0])
        return cls(jnp.concatenate([gain, others], axis=-1), above, below, order)


def _section(angle: Array, decay: Array, order: int, radius: float) -> Array:
    """Coefficients in w of the same pairs as those of the coupled form, real or conjugate: (..., sections, 2)."""
    share = distance(decay, radius)
    if order % 2:
        # A root at z = 0 above and below: nothing is left of it.
        ends = [(0, 0)] * (angle.ndim - 1) + [(0, 1)]
        angle, share = jnp.pad(angle, ends), jnp.pad(share, ends, constant_values=1)
    share = share.reshape(*share.shape[:-1], -1, 2)
    p, q = share[..., 0], share[..., 1]
    turned = 2 * jnp.sin(angle / 2) ** 2
    first, second = p + turned * (1 - p), q + turned * (1 - q)
    return jnp.stack([first + second, first * second + jnp.sin(angle) ** 2 * (1 - p) * (1 - q)], axis=-1)


def _in_z(w: Array) -> Array:
    first, last = w[..., 0], w[..., 1]
    return jnp.stack([jnp.ones_like(first), first - 2, 1 + last - first], axis=-1)


def _direct(b0, b1, b2, a1, a2, s1, s2, u):
    y = b0 * u + s1
    return y, b1 * u - a1 * y + s2, b2 * u - a2 * y


def _state_variable(g, damping, through, band, low, s1, s2, u):
    v1 = (s1 + g * (u - s2)) / (1 + g * (g + damping))
    v2 = s2 + g * v1
    return through * u + band * v1 + low * v2, 2 * v1 - s1, 2 * v2 - s2
