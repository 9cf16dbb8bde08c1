"""Coupled form: blocks of two states that are shortened and turned; stable however fast they move."""

from dataclasses import dataclass, field
from typing import Self, final

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp
from jax.typing import ArrayLike

from circuitnn.filters.form import BoundedForm, distance, spread, unit_circle

# The response is linear in what the poles put out: learnt first, with poles that hardly move, it is found from afar.
ANGLE_PACE, POLE_PACE = 0.05, 0.2


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Coupled(BoundedForm):
    """A filter in coupled form: ``x' = A x + B u``, ``y = C x + D u``, A of 2 x 2 blocks on the diagonal.

    Each block shortens and turns, ``A_k = R(angle) diag(s1, s2)`` with 0 <= s1, s2 <= radius < 1. With s1 = s2 = r it
    is the rotation block of the usual coupled form, two conjugate poles of the radius r; with an angle of zero it has
    two real poles, s1 and s2 (of pi, two negative ones). In between it goes from one to the other without a seam.

    A rotation keeps lengths and the diagonal shortens them, so that no A is longer than its largest s, and no product
    of several A longer than the product of those. However fast the numbers move, the state stays below
    ``max|B| max|u| / (1 - radius)``, and `bound` says what the output stays below; direct forms have no such bound. The
    shares of the input are ``B_k = (1 - s1, 1 - s2)``: the state of a real pole never exceeds the largest input.

    Attributes:
        angle: (..., blocks), radians.
        share: (..., blocks, 2), 1 - s1 and 1 - s2: rounding would take it from poles close to one.
        output: (..., blocks, 2), C.
        direct: (...), D.
        order: the number of states; where it is odd, the last block has one.
    """

    angle: Array
    share: Array
    output: Array
    direct: Array
    order: int = field(metadata={"static": True})

    def response(self, freqs: ArrayLike, fs: float) -> Array:
        w = unit_circle(freqs, fs, self.angle.dtype)
        angle, d1, d2 = self.angle[..., None], self.share[..., 0, None], self.share[..., 1, None]
        c1, c2 = self.output[..., 0, None], self.output[..., 1, None]
        s1, s2, sine, turned = 1 - d1, 1 - d2, jnp.sin(angle), 2 * jnp.sin(angle / 2) ** 2
        # z I - A in terms of w = z - 1, because all of it is small for low frequencies.
        first, second = w + (d1 + turned * s1), w + (d2 + turned * s2)
        above = c1 * (second * d1 - sine * s2 * d2) + c2 * (sine * s1 * d1 + first * d2)
        below = first * second + sine**2 * s1 * s2
        return jnp.sum(above / below, axis=-2) + self.direct[..., None]

    def coefficients(self) -> Array:
        s1, s2 = 1 - self.share[..., 0], 1 - self.share[..., 1]
        cosine, sine = jnp.cos(self.angle), jnp.sin(self.angle)
        rows = [cosine * s1, -sine * s2, sine * s1, cosine * s2]
        rows += [self.share[..., 0], self.share[..., 1], self.output[..., 0], self.output[..., 1]]
        return jnp.concatenate([*rows, self.direct[..., None]], axis=-1)

    def step(self, coefficients: Array, state: Array, u: Array) -> tuple[Array, Array]:
        m = (coefficients.shape[0] - 1) // 8
        a11, a12, a21, a22, b1, b2, c1, c2 = coefficients[:-1].reshape(8, m, -1)
        # The second state of a last block that has one is not kept: it is not heard and does not act on the first.
        full = jnp.concatenate([state, jnp.zeros_like(state[:1])]) if self.order % 2 else state
        first, second = full[:m], full[m:]
        y = jnp.sum(c1 * first + c2 * second, axis=0) + coefficients[-1] * u
        after = jnp.concatenate([a11 * first + a12 * second + b1 * u, a21 * first + a22 * second + b2 * u])
        return after[: self.order], y

    def radius(self) -> Array:
        """The length of A, (...): no state grows by more than this from one sample to the next without an input."""
        return 1 - jnp.min(self.share, axis=(-2, -1))

    def bound(self) -> Array:
        """The most that |y| can be for an input of at most one, however the numbers move among those given: scalar.

        Blocks do not act on each other. Of each, ``|x'| <= (1 - d) |x| + |B| |u|`` with its smaller share d, so that
        its state never gets beyond the largest |B|/d.
        """
        is_kept = np.ones(self.share.shape[-2:], bool)
        is_kept[-1, 1] = self.order % 2 == 0
        smaller = jnp.min(jnp.where(is_kept, self.share, jnp.inf), axis=-1)
        states = jnp.linalg.norm(jnp.where(is_kept, self.share, 0), axis=-1) / smaller
        gains = jnp.linalg.norm(jnp.where(is_kept, self.output, 0), axis=-1)
        settings = tuple(range(gains.ndim - 1))
        return jnp.sum(jnp.max(gains, settings) * jnp.max(states, settings)) + jnp.max(jnp.abs(self.direct))

    @classmethod
    def size(cls, order: int) -> int:
        return order // 2 + 2 * order + 1

    @classmethod
    def initial(cls, order: int, fs: float) -> np.ndarray:
        return np.concatenate([np.zeros(order // 2), spread(order, fs), np.full(order + 1, 0.1)])

    @classmethod
    def pace(cls, order: int) -> np.ndarray:
        return np.repeat([ANGLE_PACE, POLE_PACE, 1.0], [order // 2, order, order + 1])

    @classmethod
    def unpacked(cls, free: Array, order: int, radius: float) -> Self:
        pairs = order // 2
        angle, decay, output, direct = jnp.split(free, (pairs, pairs + order, pairs + 2 * order), axis=-1)
        if order % 2:
            nothing = [(0, 0)] * (free.ndim - 1) + [(0, 1)]
            angle, decay, output = (jnp.pad(each, nothing) for each in (angle, decay, output))
        two = (*free.shape[:-1], -1, 2)
        return cls(angle, distance(decay, radius).reshape(two), output.reshape(two), direct[..., 0], order)
