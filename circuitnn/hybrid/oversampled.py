"""Any model at a multiple of the sample rate: several nonlinear parts between one pair of filters."""

from collections.abc import Mapping
from typing import Any, NamedTuple, final

from jax import Array
from jax import numpy as jnp

from circuitnn.model import Carry, Controls, Model
from circuitnn.numerics.half_band import decimate, decimation_carry, half_band, interpolate, interpolation_carry
from circuitnn.settings import register, settings_of
from circuitnn.transient.layout import to_columns, to_rows


@final
class OversampledCarry(NamedTuple):
    """The memory of an `Oversampled` model.

    Attributes:
        inner: of the model at the high rate.
        up: of each stage of the interpolation the last inputs, (..., n, in_features).
        down: the same of the decimation, (..., n, out_features).
    """

    inner: Carry
    up: tuple[Array, ...]
    down: tuple[Array, ...]


@register
@final
class Oversampled(Model):
    """A model at `factor` times the rate, between linear-phase half-band filters that pass 20 kHz at 48 kHz.

    One pair of filters around a whole chain costs less latency than a pair around each of its parts, and paths in
    parallel inside of it stay in step. The filters begin in silence.

    Args:
        model: made for `factor` times the sample rate.
        factor: 1, 2, 4, 8 or 16.

    Raises:
        ValueError: for another factor, or when the model's own latency is no whole number of samples at the low rate.
    """

    def __init__(self, model: Model, factor: int):
        self.filters = half_band(factor)
        if model.latency % factor:
            raise ValueError(
                f"a latency of {model.latency} samples at {factor} times the rate is no whole number of samples"
            )
        self.model = model
        self.in_features, self.out_features, self.dtype = model.in_features, model.out_features, model.dtype

    @property
    def controls(self) -> Mapping[str, float]:
        return self.model.controls

    @property
    def fs(self) -> float | None:  # type: ignore[override]
        """The rate of its input and output."""
        return None if self.model.fs is None else self.model.fs / self.filters.factor

    def trained_at(self, fs: float) -> None:
        self.model.trained_at(fs * self.filters.factor)

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data."""
        return settings_of(self, factor=self.filters.factor)

    @property
    def latency(self) -> int:
        return self.filters.latency + self.model.latency // self.filters.factor

    def init_carry(self, batch: tuple[int, ...] = (), controls: Controls | None = None) -> OversampledCarry:
        inner = self.model.init_carry(batch, controls)

        def silence(stages: tuple[Array, ...], features: int) -> tuple[Array, ...]:
            return tuple(jnp.zeros((*batch, len(each), features), self.dtype) for each in stages)

        up = silence(interpolation_carry(self.filters, (), self.dtype), self.in_features)
        return OversampledCarry(inner, up, silence(decimation_carry(self.filters, (), self.dtype), self.out_features))

    def __call__(
        self, carry: OversampledCarry, x: Array, controls: Controls | None = None
    ) -> tuple[OversampledCarry, Array]:
        batch, time = x.shape[:-2], x.shape[-2]
        up, columns = interpolate(self.filters, _columns(carry.up), to_columns(x))
        held = {name: self._held(value, time) for name, value in (controls or {}).items()}
        inner, y = self.model(carry.inner, to_rows(columns, batch), held)
        down, columns = decimate(self.filters, _columns(carry.down), to_columns(y))
        return OversampledCarry(inner, _rows(up, batch), _rows(down, batch)), to_rows(columns, batch)

    def _held(self, value: Any, time: int) -> Array:
        """A knob along time stays where it is while a sample becomes several."""
        value = jnp.asarray(value)
        is_moving = value.ndim > 0 and value.shape[-1] == time > 1
        return jnp.repeat(value, self.filters.factor, axis=-1) if is_moving else value


def _columns(carry: tuple[Array, ...]) -> tuple[Array, ...]:
    return tuple(to_columns(each) for each in carry)


def _rows(carry: tuple[Array, ...], batch: tuple[int, ...]) -> tuple[Array, ...]:
    return tuple(to_rows(each, batch) for each in carry)
