"""A model at another sample rate than its own: built anew for it, or run at its own one between two changes of rate."""

import functools
import math
import warnings
from fractions import Fraction
from typing import NamedTuple, final

import jax
import numpy as np
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.arguments import spread_level
from circuitnn.audio.resampling import low_pass
from circuitnn.model import Carry, Controls, Level, Model, Rest
from circuitnn.settings import register
from circuitnn.wrapper import Wrapper

FINEST = 20_000  # of a ratio's two numbers: the filter has some 150 coefficients for each
CHUNK = 1024  # samples that are interpolated at a time, which bounds the memory


class RateWarning(UserWarning):
    """A model meets signals of another sample rate than its own."""


def warn_of_rate(model: Model, fs: float) -> None:
    """Say once that a model is given signals of another sample rate than its own."""
    if model.fs is not None and abs(model.fs - fs) > 1e-6 * fs:
        warnings.warn(
            f"a {type(model).__name__} for {model.fs:g} Hz is given signals of {fs:g} Hz, where it sounds different: "
            f"circuitnn.resampled(model, {fs:g}) sounds the same",
            RateWarning,
            stacklevel=3,
        )


def resampled(model: Model, fs: float) -> Model:
    """The model at another sample rate, with the same sound.

    Circuits are discretised anew for it; so are chains and hybrids of circuits, and filters that know how. Anything
    else, trained networks above all, runs at its own rate inside of a `Resampled` model, and comes late by its latency.

    Args:
        model: with a rate `fs`.
        fs: the other rate, Hz.

    Raises:
        ValueError: for a model that knows no rate, a rate that is not positive, and rates without a simple ratio.
    """
    if not (math.isfinite(fs) and fs > 0):
        raise ValueError(f"fs must be a positive number of hertz, got {fs}")
    if model.fs is None:
        raise ValueError(
            f"this {type(model).__name__} knows no sample rate: fit() sets that of the data, and models take fs="
        )
    return model if model.fs == fs else model.rebuilt_at(fs) or Resampled(model, fs)


@final
class ResampledCarry(NamedTuple):
    """The memory of a `Resampled` model.

    Attributes:
        inner: of the model inside.
        x: (..., n, in_features), the last inputs, at the rate outside.
        y: (..., n, out_features), the last outputs of the model inside, at its rate.
        phase: () whole number: by how much the samples inside are behind those outside, over the ratio's divisor.
    """

    inner: Carry
    x: Array
    y: Array
    phase: Array


@final
class _Plan(NamedTuple):
    """Delays and memories for a ratio of rates; all times in units of the common multiple of the rates.

    `up` samples inside fall on `down` samples outside. An input k is at k up, a sample m inside at m down.
    """

    up: int
    down: int
    reach: tuple[int, int]  # samples on each side that one sample inside, one outside is made of
    delay: tuple[int, int]  # of the way in and the way out
    memory: tuple[int, int]  # samples of x and of y in the carry
    latency: int  # samples outside


@functools.lru_cache(maxsize=16)
def _plan(up: int, down: int, latency: int) -> _Plan:
    half = len(low_pass(up, down)) // 2
    ahead, behind = -(-half // up), -(-half // down)
    # A sample inside is made once all outside that it is made of were heard, and one outside likewise.
    first = up * (ahead + 2)
    least = max(0, down * (behind + 3) - up)
    late = -(-(first + least + latency * down) // up)
    second = late * up - first - latency * down
    memory = (ahead + 2 + ahead - (-down // up), -(-second // down) + behind)
    return _Plan(up, down, (ahead, behind), (first, second), memory, late)


@functools.lru_cache(maxsize=16)
def _table(up: int, down: int, reach: int) -> np.ndarray:
    """The low-pass filter by phases: [r, c] is its value at r + (reach - c) up, (up, 2 reach + 2)."""
    taps = up * low_pass(up, down)
    half = len(taps) // 2
    at = half + np.arange(up)[:, None] + (reach - np.arange(2 * reach + 2)) * up
    return np.where((at >= 0) & (at < len(taps)), taps[np.clip(at, 0, len(taps) - 1)], 0.0)


@register
@final
class Resampled(Wrapper):
    """A model that runs at its own rate, between band-limited changes of the sample rate on both sides.

    Both filters are those of `circuitnn.audio.resample`: linear phase, flat to 0.907 of the lower half rate. A knob
    acts when it is turned, and is held in between. Circuit states are not handed out: they belong to other times.

    Args:
        model: with a rate of its own.
        fs: rate of the input and the output, Hz.

    Raises:
        ValueError: for a model without a rate, or rates whose ratio is too fine.
    """

    def __init__(self, model: Model, fs: float):
        if model.fs is None or not fs > 0:
            raise ValueError(f"no change of rate from {model.fs} to {fs} Hz")
        ratio = Fraction(model.fs) / Fraction(fs)
        if max(ratio.numerator, ratio.denominator) > FINEST:
            raise ValueError(f"{fs:g} Hz to {model.fs:g} Hz is too fine a ratio for one filter")
        super().__init__(model)
        self.fs = float(fs)

    @property
    def latency(self) -> int:
        return self._plan.latency

    @property
    def _plan(self) -> _Plan:
        ratio = Fraction(self.model.fs) / Fraction(self.fs)  # type: ignore[arg-type]
        return _plan(ratio.numerator, ratio.denominator, self.model.latency)

    def rebuilt_at(self, fs: float) -> Model:
        return resampled(self.model, fs)

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Carry:
        return self.resting(batch, controls, level=level)[0]

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        level = self.silence(batch, controls) if level is None else level
        inner, y = self.model.resting(batch, controls, level=level)
        sides = zip((level, y), (self.in_features, self.out_features), self._plan.memory, strict=True)
        x_before, y_before = (
            jnp.repeat(spread_level(volts, (*batch, width), self.dtype)[..., None, :], count, axis=-2)
            for volts, width, count in sides
        )
        return ResampledCarry(inner, x_before, y_before, jnp.zeros((), jnp.int32)), y

    def __call__(
        self, carry: ResampledCarry, x: Array, controls: Controls | None = None
    ) -> tuple[ResampledCarry, Array]:
        plan, time = self._plan, x.shape[-2]
        up, down, phase = plan.up, plan.down, carry.phase
        whole, rest = divmod(time * up, down)  # samples inside; one more where the phase has got so far
        inputs = jnp.concatenate([carry.x, x], axis=-2)
        inside = np.arange(whole + (rest > 0)) * down
        u = _interpolated(inputs, inside - plan.delay[0], -phase, _table(up, down, plan.reach[0]), plan.memory[0])
        # The sample outside after which a sample inside is made.
        after = jnp.clip(_split(inside + down - 1, -phase, up)[0], 0, time - 1)
        values = {name: jnp.asarray(value) for name, value in (controls or {}).items()}
        knobs = {
            name: jnp.take(value, after, axis=-1) if _is_along(value, time) else value for name, value in values.items()
        }
        inner, y = self._run(carry.inner, u, knobs, whole, is_more=phase + rest >= down)
        outputs = jnp.concatenate([carry.y, y], axis=-2)
        outside = np.arange(time) * up
        out = _interpolated(outputs, outside - plan.delay[1], phase, _table(down, up, plan.reach[1]), plan.memory[1])
        count = whole + (phase + rest >= down) if rest else whole
        kept = lax.dynamic_slice_in_dim(outputs, count, plan.memory[1], axis=-2)
        return ResampledCarry(inner, inputs[..., time:, :], kept, (phase + rest) % down), out

    def _run(
        self, carry: Carry, u: Array, knobs: dict[str, Array], whole: int, *, is_more: Array
    ) -> tuple[Carry, Array]:
        """The model over the samples that there are in any case, and over the last one where it is there."""

        def part(span: slice) -> tuple[Array, Controls]:
            along = {
                name: value[..., span] if _is_along(value, u.shape[-2]) else value for name, value in knobs.items()
            }
            return u[..., span, :], along

        outputs = []
        if whole:
            carry, y = self.model(carry, *part(slice(None, whole)))
            outputs.append(y)
        if u.shape[-2] > whole:
            following, y = self.model(carry, *part(slice(whole, None)))
            carry = jax.tree.map(lambda new, old: jnp.where(is_more, new, old), following, carry)
            outputs.append(y)
        return carry, jnp.concatenate(outputs, axis=-2)


def _is_along(value: Array, time: int) -> bool:
    """Whether a knob has a value for each sample."""
    return value.ndim > 0 and value.shape[-1] == time


def _split(whole: np.ndarray, more: Array, unit: int) -> tuple[Array, Array]:
    """Quotient and remainder of (whole + more)/unit; `whole` may be large, `more` is not."""
    quotient, remainder = np.divmod(whole, unit)
    total = jnp.asarray(remainder, jnp.int32) + more
    return jnp.asarray(quotient, jnp.int32) + total // unit, total % unit


def _interpolated(samples: Array, times: np.ndarray, more: Array, table: np.ndarray, before: int) -> Array:
    """Samples (..., n, features) at other times: (..., len(times), features).

    Args:
        samples: the first `before` of them are older than the time zero.
        times: in units of which the samples have as many between them as the table has rows.
        more: added to them, not much.
        table: see `_table`.
        before: how many are in front.
    """
    place, phase = _split(times, more, len(table))
    weights, width = jnp.asarray(table, samples.dtype), table.shape[1]
    first = place + before + 1 - width // 2  # that the window begins with

    def interpolate(place: tuple[Array, Array]) -> Array:
        start, row = place
        window = lax.dynamic_slice_in_dim(samples, start, width, axis=-2)
        return jnp.einsum("...wf,w->...f", window, weights[row])

    return jnp.moveaxis(lax.map(interpolate, (first, phase), batch_size=CHUNK), 0, -2)
