"""An oscillator of its own beside the signal: what moves a circuit without being heard at its input."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, final

import jax
import numpy as np
from flax import nnx
from jax import Array, lax
from jax import numpy as jnp
from jax.typing import ArrayLike

from circuitnn.arguments import checked_dtype, checked_rate, checked_width
from circuitnn.model import Carry, Controls, Level, Model
from circuitnn.settings import register, settings_of

FURTHEST = 16.0  # of a rate on the scale of its bounds: a ten-millionth of their ratio away from one


@final
class Movement(NamedTuple):
    """Where an oscillator is, in SI units.

    Attributes:
        phase: (...,) radians, 0 to 2 pi.
        rate: (...,) hertz.
        sweep: (...,) hertz per second: how fast the rate changes.
    """

    phase: Array
    rate: Array
    sweep: Array


@register
@final
class Oscillator(Model):
    """A slow oscillator beside the signal: ``y = [x; v]``, for a model that takes a modulation as its last input.

    In a chain it drives any such model, a circuit or a network that was trained with the modulation given::

        v_n = offset + sum_k a_k sin(k phi_n) + b_k cos(k phi_n)        phi_{n+1} = phi_n + 2 pi f_n / fs
        f_n = lowest (highest / lowest)^sigmoid(p + q_n)                q_{n+1} = q_n + s / fs

    Learnt are p (the rate), the offset in volts, a and b. The carry, (..., 4), is [cos phi, sin phi, q, s]: two units
    on the unit circle, and how far the rate of this recording is from the learnt one on the scale of the bounds, and
    moves. At rest it is [1, 0, 0, 0]. Nothing that goes in changes the carry; `circuitnn.train.synchronise` finds it
    from what came out.

    All samples of a block are computed at once. In single precision, blocks of one sample round the rate by up to 2e-4
    Hz at 48 kHz; blocks of 32 samples do so by a thirtieth of that.

    Args:
        fs: sample rate in hertz.
        rate: in hertz, to begin with.
        bounds: hertz, which the rate stays between.
        offset: volts, to begin with.
        depth: volts, the first of a; the others are zero to begin with.
        harmonics: how many of a and b there are.
        in_features: width of x.
        dtype: floating-point type.

    Raises:
        ValueError: for bounds that are not positive and rising, or above a quarter of the sample rate, a rate that is
            not within, and an offset or a depth that is not finite.
    """

    fs: float

    def __init__(
        self,
        fs: float = 48_000,
        *,
        rate: float = 1.0,
        bounds: tuple[float, float] = (0.05, 20.0),
        offset: float = 0.0,
        depth: float = 1.0,
        harmonics: int = 1,
        in_features: int = 1,
        dtype: Any = jnp.float32,
    ):
        dtype, self.fs = checked_dtype(dtype), checked_rate(fs)
        lowest, highest = (float(bound) for bound in bounds)
        if not 0 < lowest < highest <= self.fs / 4:
            raise ValueError(f"bounds: expected 0 < lowest < highest <= {self.fs / 4:g} Hz (fs / 4), got {bounds}")
        if not lowest <= rate <= highest:
            raise ValueError(f"rate: expected {lowest:g} to {highest:g} Hz (bounds), got {rate}")
        if not (np.isfinite(offset) and np.isfinite(depth)):
            raise ValueError(f"offset and depth have to be finite volts, got {offset} and {depth}")
        self.bounds, self.harmonics = (lowest, highest), checked_width("harmonics", harmonics)
        self.in_features, self.dtype = checked_width("in_features", in_features), dtype
        self.out_features = self.in_features + 1
        self.place = nnx.Param(jnp.asarray(self._place(rate), dtype))
        self.offset = nnx.Param(jnp.asarray(offset, dtype))
        self.waveform = nnx.Param(jnp.zeros((2, harmonics), dtype).at[0, 0].set(depth))

    @property
    def controls(self) -> Mapping[str, float]:
        return {}

    @property
    def rate(self) -> Array:
        """The learnt rate in hertz."""
        return self._hertz(self.place[...])

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data."""
        rate = float(np.clip(self.rate, *self.bounds))  # rounding may put it beyond them
        return settings_of(self, rate=rate, offset=self.offset[...], depth=self.waveform[...][0, 0])

    def rebuilt_at(self, fs: float) -> Model:
        graph, _ = nnx.split(Model.from_settings(self.settings | {"fs": fs}))
        return nnx.merge(graph, nnx.state(self))

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Array:
        return jnp.broadcast_to(jnp.asarray([1.0, 0.0, 0.0, 0.0], self.dtype), (*batch, 4))

    def carry_at(self, phase: ArrayLike = 0.0, *, rate: ArrayLike | None = None, sweep: ArrayLike = 0.0) -> Array:
        """The carry of an oscillator that moves so at the next sample, (..., 4).

        Args:
            phase: radians.
            rate: hertz; the learnt one when None. Beyond the bounds it is the bound.
            sweep: hertz per second, how fast the rate changes; it slows down towards the bounds.
        """
        phase = jnp.asarray(phase, self.dtype)
        place = self.place[...] if rate is None else self._place(rate)
        speed = jnp.asarray(sweep, self.dtype) / self._slope(place)
        parts = (jnp.cos(phase), jnp.sin(phase), place - self.place[...], speed)
        return jnp.stack(jnp.broadcast_arrays(*parts), axis=-1)

    def movement(self, carry: Array) -> Movement:
        """Phase, rate and sweep in a carry (..., 4): `carry_at` the other way round."""
        place = self.place[...] + carry[..., 2]
        phase = jnp.mod(jnp.arctan2(carry[..., 1], carry[..., 0]), 2 * math.pi)
        return Movement(phase, self._hertz(place), carry[..., 3] * self._slope(place))

    def __call__(self, carry: Carry, x: Array, controls: Controls | None = None) -> tuple[Array, Array]:
        time = x.shape[-2]
        seconds = jnp.arange(time + 1, dtype=self.dtype) / self.fs
        shift, speed = carry[..., 2:3], carry[..., 3:4]
        increments = 2 * math.pi / self.fs * self._hertz(self.place[...] + shift + speed * seconds[:-1])
        # Sums of neighbours: what a running sum would round away in a minute is kept.
        turned = lax.associative_scan(jnp.add, increments, axis=-1)
        angle = jnp.concatenate([jnp.zeros_like(shift), turned], axis=-1)
        start = jnp.arctan2(carry[..., 1:2], carry[..., 0:1])
        order = jnp.arange(1, self.harmonics + 1, dtype=self.dtype)
        angles = order * (start + angle[..., :-1])[..., None]
        sines, cosines = self.waveform[...]
        v = self.offset[...] + jnp.sum(sines * jnp.sin(angles) + cosines * jnp.cos(angles), axis=-1, keepdims=True)
        last = start + angle[..., -1:]
        after = jnp.concatenate([jnp.cos(last), jnp.sin(last), shift + speed * seconds[-1], speed], axis=-1)
        return after, jnp.concatenate([x, v], axis=-1)

    def _place(self, rate: ArrayLike) -> Array:
        """Where a rate in hertz is on the scale of the bounds."""
        lowest, highest = self.bounds
        share = jnp.log(jnp.asarray(rate, self.dtype) / lowest) / math.log(highest / lowest)
        edge = 1 / (1 + math.exp(FURTHEST))
        share = jnp.clip(share, edge, 1 - edge)
        return jnp.clip(jnp.log(share) - jnp.log1p(-share), -FURTHEST, FURTHEST)

    def _hertz(self, place: Array) -> Array:
        lowest, highest = self.bounds
        return lowest * jnp.exp(math.log(highest / lowest) * jax.nn.sigmoid(place))

    def _slope(self, place: ArrayLike) -> Array:
        """Hertz for each unit of the scale."""
        place = jnp.asarray(place, self.dtype)
        share = math.log(self.bounds[1] / self.bounds[0]) * jax.nn.sigmoid(place) * jax.nn.sigmoid(-place)
        return self._hertz(place) * share
