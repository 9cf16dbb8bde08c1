"""Any model at a multiple of the sample rate: one part or several between one pair of half-band filters."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, final

from jax import Array
from jax import numpy as jnp

from circuitnn.arguments import spread_level
from circuitnn.knobs import check_shape
from circuitnn.model import Carry, Controls, Forcing, Level, Model, Rest, StateModel
from circuitnn.numerics.columns import to_columns, to_rows
from circuitnn.numerics.half_band import (
    HalfBand,
    decimate,
    decimation_carry,
    half_band,
    interpolate,
    interpolation_carry,
)
from circuitnn.settings import register, settings_of
from circuitnn.wrapper import AroundStates, Wrapper

Trace = Callable[[Carry, Array, Controls | None, Forcing | None], tuple[Carry, Array, Array]]  # `StateModel.trace`


@final
class OversampledCarry(NamedTuple):
    """The memory of what is oversampled.

    Attributes:
        inner: of the model at the high rate.
        up: of each stage of the interpolation the last inputs, (..., n, in_features).
        down: the same of the decimation, (..., n, out_features).
    """

    inner: Carry
    up: tuple[Array, ...]
    down: tuple[Array, ...]

    @property
    def report(self) -> Any:
        """How the solves of a circuit went, at the high rate."""
        return self.inner.report


@final
@dataclass(frozen=True)
class Oversampling:
    """The filters around what runs at `filters.factor` times the rate; there are none where that is 1. Static."""

    filters: HalfBand

    def carry(self, inner: Carry, x: Array, y: Array) -> Carry:
        """Around a model at rest, whose input is x (..., in_features) there and whose output y (..., out_features)."""
        if self.filters.factor == 1:
            return inner

        def filled(stages: tuple[Array, ...], level: Array) -> tuple[Array, ...]:
            *batch, features = level.shape
            return tuple(jnp.broadcast_to(level[..., None, :], (*batch, len(stage), features)) for stage in stages)

        up = filled(interpolation_carry(self.filters, (), x.dtype), x)
        return OversampledCarry(inner, up, filled(decimation_carry(self.filters, (), y.dtype), y))

    def inner(self, carry: Carry) -> Carry:
        return carry if self.filters.factor == 1 else carry.inner

    def with_inner(self, carry: Carry, inner: Carry) -> Carry:
        return inner if self.filters.factor == 1 else carry._replace(inner=inner)

    def with_input(self, carry: Carry, inner: Carry, x: Array) -> Carry:
        """As if x (..., in_features) had gone in for long: what came before it is not known."""
        if self.filters.factor == 1:
            return inner
        up = tuple(jnp.broadcast_to(x[..., None, :], stage.shape).astype(stage.dtype) for stage in carry.up)
        return carry._replace(inner=inner, up=up)

    def trace(
        self, trace: Trace, carry: Carry, x: Array, controls: Controls | None, forcing: Forcing | None = None
    ) -> tuple[Carry, Array, Array]:
        """`trace`, which runs at the high rate, at that of x; knobs are held, states taken at the samples of x."""
        factor, batch, time = self.filters.factor, x.shape[:-2], x.shape[-2]
        if factor == 1:
            return trace(carry, x, controls, forcing)
        up, columns = interpolate(self.filters, _columns(carry.up), to_columns(x))
        held = {name: _held(name, value, batch, time, factor) for name, value in (controls or {}).items()}
        inner, y, states = trace(carry.inner, to_rows(columns, batch), held, _shown_once(forcing, x, factor))
        down, columns = decimate(self.filters, _columns(carry.down), to_columns(y))
        following = OversampledCarry(inner, _rows(up, batch), _rows(down, batch))
        return following, to_rows(columns, batch), states[..., factor - 1 :: factor, :]


@register
class Oversampled(Wrapper):
    """A model at `factor` times the rate, between linear-phase half-band filters that pass 20 kHz at 48 kHz.

    One pair of filters around a whole chain costs less latency than a pair around each of its parts. The filters begin
    at the model's rest. A `StateModel` is one here too, observed and forced at the samples of x.

    Args:
        model: made for `factor` times the sample rate.
        factor: 1, 2, 4, 8 or 16.

    Raises:
        ValueError: for another factor, or when the model's own latency is no whole number of samples at the low rate.
    """

    def __new__(cls, model: Model | None = None, *_: Any, **__: Any) -> "Oversampled":
        return super().__new__(OversampledStates if isinstance(model, StateModel) else cls)

    def __init__(self, model: Model, factor: int):
        self.oversampling = Oversampling(half_band(factor))
        if model.latency % factor:
            raise ValueError(
                f"a latency of {model.latency} samples at {factor} times the rate is no whole number of samples"
            )
        super().__init__(model)

    @property
    def fs(self) -> float | None:  # type: ignore[override]
        """The rate of its input and output."""
        return None if self.model.fs is None else self.model.fs / self.oversampling.filters.factor

    def trained_at(self, fs: float) -> None:
        self.model.trained_at(fs * self.oversampling.filters.factor)

    def rebuilt_at(self, fs: float) -> Model | None:
        factor = self.oversampling.filters.factor
        inner = self.model.rebuilt_at(fs * factor)
        return None if inner is None else Oversampled(inner, factor)

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data."""
        return settings_of(self, factor=self.oversampling.filters.factor)

    @property
    def latency(self) -> int:
        filters = self.oversampling.filters
        return filters.latency + self.model.latency // filters.factor

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Carry:
        return self.resting(batch, controls, level=level)[0]

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        level = self.silence(batch, controls) if level is None else level
        inner, y = self.model.resting(batch, controls, level=level)
        before = spread_level(level, (*batch, self.in_features), self.dtype)
        return self.oversampling.carry(inner, before, spread_level(y, (*batch, self.out_features), self.dtype)), y

    def __call__(self, carry: Carry, x: Array, controls: Controls | None = None) -> tuple[Carry, Array]:
        def stateless(carry, x, controls, forcing):
            del forcing  # there is nothing to force
            carry, y = self.model(carry, x, controls)
            return carry, y, y[..., :0]

        carry, y, _ = self.oversampling.trace(stateless, carry, x, controls)
        return carry, y


@register
@final
class OversampledStates(AroundStates, Oversampled):
    """`Oversampled` around a model with circuit states."""

    states_are_outputs = False  # the filters stand between

    def with_input(self, carry: Carry, x: Array) -> Carry:
        return self.oversampling.with_input(carry, self.model.with_input(carry.inner, x), x)

    def trace(
        self, carry: Carry, x: Array, controls: Controls | None = None, forcing: Forcing | None = None
    ) -> tuple[Carry, Array, Array]:
        return self.oversampling.trace(self.model.trace, carry, x, controls, forcing)

    def inner(self, carry: Carry) -> Carry:
        return self.oversampling.inner(carry)

    def with_inner(self, carry: Carry, inner: Carry) -> Carry:
        return self.oversampling.with_inner(carry, inner)


def _held(name: str, value: Any, batch: tuple[int, ...], time: int, factor: int) -> Array:
    """A knob along time stays where it is while a sample becomes several."""
    value = jnp.asarray(value)
    check_shape(name, value.shape, (*batch, time))
    return jnp.repeat(value, factor, axis=-1) if value.ndim and value.shape[-1] == time else value


def _shown_once(forcing: Forcing | None, x: Array, factor: int) -> Forcing | None:
    """Each true state is shown once, before the first of the samples that a sample becomes."""
    if forcing is None:
        return None
    mask = jnp.ones(x.shape[:-1], bool) if forcing.mask is None else forcing.mask
    first = jnp.arange(factor) == 0
    high = (mask[..., None] & first).reshape(*mask.shape[:-1], -1)
    return Forcing(jnp.repeat(forcing.previous, factor, axis=-2), high)


def _columns(stages: tuple[Array, ...]) -> tuple[Array, ...]:
    return tuple(to_columns(stage) for stage in stages)


def _rows(stages: tuple[Array, ...], batch: tuple[int, ...]) -> tuple[Array, ...]:
    return tuple(to_rows(stage, batch) for stage in stages)
