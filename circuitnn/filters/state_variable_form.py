"""State-variable sections in a row: trapezoidal integrators that can saturate."""

from dataclasses import dataclass
from typing import NamedTuple, final

import jax
from jax import Array
from jax import numpy as jnp
from jax.typing import ArrayLike

from circuitnn.filters.form import Form, unit_circle

ROUNDS = 2
OF_A_SECTION = 5  # numbers: g, d, and how much of high, band and low pass is heard


class Curve(NamedTuple):
    """A saturating function ``f(v) = v t(v)``, ``t(v) = sum_j p_j / sqrt(1 + 2 b_j a_j v + (a_j v)^2)``.

    ``f(0) = 0`` and ``f'(0) = 1``; t is positive whatever the numbers are, and with all b zero at most one.

    Attributes:
        steepness: (units,) a, per volt.
        skew: (units,) b, between -1 and 1.
        share: (units,) p, positive, one together.
    """

    steepness: Array
    skew: Array
    share: Array

    def gain(self, v: Array) -> Array:
        """t at v (...) volts; the numbers (units, ...) broadcast against it behind their first axis."""
        turned = self.steepness * v[None]
        return jnp.sum(self.share * jax.lax.rsqrt(1 + turned * (turned + 2 * self.skew)), axis=0)


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class StateVariable(Form):
    """Sections of second order in a row, each with high, band and low pass of one loop, whose integrators can saturate.

    Of each section, for small signals and with s = (z - 1)/(g (z + 1))::

        Y/U = (high s^2 + band s + low)/(s^2 + damping s + 1),    g = tan(pi f/fs)

    The two integrators are trapezoidal. They get f(v) in place of what is at their inputs, v = u - damping band - low
    and v = band, f the `Curve` that all of them share. An integrator of f(v) = v t(v) is a linear one of t times the
    speed; t is found in two rounds from the linear section on, so that each sample is three small linear systems. That
    is exact for small signals, and within a percent where half of the speed is gone. A constant is at rest as in a
    linear filter. Far beyond that, loops whose integrators are slower than their signal ring, as such circuits do until
    something else holds them.

    The states are what the two integrators hold, which a knob that turns leaves as it is, as capacitors do.

    Source: Zavalishin, The art of VA filter design, 2012 (trapezoidal state-variable filter); Wishnick, Time-varying
    filters for musical applications, DAFx 2014 (its stability with coefficients that move).

    Attributes:
        numbers: (..., sections, 5): g, damping, high, band, low; g and damping positive.
        curve: (..., 3, units), the rows of a `Curve`; None for integrators that do not saturate.
    """

    numbers: Array
    curve: Array | None

    @property
    def order(self) -> int:  # type: ignore[override]
        """The number of poles."""
        return 2 * self.numbers.shape[-2]

    def response(self, freqs: ArrayLike, fs: float) -> Array:
        """For small signals."""
        w = unit_circle(freqs, fs, self.numbers.dtype)
        g, damping, high, band, low = (self.numbers[..., k, None] for k in range(OF_A_SECTION))
        above = g * (2 + w)
        sections = (high * w**2 + band * w * above + low * above**2) / (w**2 + damping * w * above + above**2)
        return jnp.prod(sections, axis=-2)

    def coefficients(self) -> Array:
        flat = self.numbers.reshape(*self.numbers.shape[:-2], -1)
        if self.curve is None:
            return flat
        return jnp.concatenate([flat, self.curve.reshape(*self.curve.shape[:-2], -1)], axis=-1)

    def step(self, coefficients: Array, state: Array, u: Array) -> tuple[Array, Array]:
        count = OF_A_SECTION * self.order // 2
        curve = None
        if self.curve is not None:
            curve = Curve(*coefficients[count:].reshape(3, -1, coefficients.shape[-1]))
        after = []
        for k in range(self.order // 2):
            numbers = coefficients[OF_A_SECTION * k : OF_A_SECTION * (k + 1)]
            moved, u = _section(numbers, curve, state[2 * k], state[2 * k + 1], u)
            after += moved
        return jnp.stack(after), u

    def at_level(self, level: Array, batch: tuple[int, ...] = ()) -> tuple[Array, Array]:
        states, y = [], level
        for k in range(self.order // 2):
            # Nothing is at the inputs of the integrators: the second one holds what comes in.
            states += [jnp.zeros_like(y), y]
            y = self.numbers[..., k, 4] * y
        y = jnp.broadcast_to(y, batch)
        return jnp.stack([jnp.broadcast_to(state, batch) for state in states], axis=-1), y


def _section(numbers: Array, curve: Curve | None, first: Array, second: Array, u: Array) -> tuple[list[Array], Array]:
    """One sample of a section: what its integrators hold after it, and what comes out."""
    g, damping, of_high, of_band, of_low = numbers

    def loop(g1: Array, g2: Array) -> tuple[Array, Array]:
        high = (u - (damping + g2) * first - second) / (1 + g1 * (damping + g2))
        return high, first + g1 * high

    g1 = g2 = g
    high, band = loop(g1, g2)
    if curve is not None:
        for _ in range(ROUNDS):
            g1, g2 = g * curve.gain(high), g * curve.gain(band)
            high, band = loop(g1, g2)
    low = second + g2 * band
    return [band + g1 * high, low + g2 * band], of_high * high + of_band * band + of_low * low
