"""Filters as models: with the numbers of a form, or with free numbers that are learnt."""

import abc
import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any, final

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from jax.typing import ArrayLike

from circuitnn.arguments import checked_dtype, checked_level, checked_rate
from circuitnn.filters.biquad_form import Biquads
from circuitnn.filters.coupled_form import Coupled
from circuitnn.filters.form import RADIUS, BoundedForm, Form
from circuitnn.filters.rate_change import at_rate
from circuitnn.filters.state_space_form import StateSpace
from circuitnn.model import Carry, Controls, Level, Model, Rest
from circuitnn.settings import register, settings_of


def _form_of(kind: type[Form], **numbers: Any) -> Form:
    """A form from plain data: lists become arrays, what is static stays what it is."""
    static = {field.name for field in dataclasses.fields(kind) if field.metadata.get("static")}  # type: ignore[arg-type]
    return kind(**{name: value if name in static else np.asarray(value, np.float64) for name, value in numbers.items()})


for _kind in (Coupled, Biquads, StateSpace):
    register(_kind, build=partial(_form_of, _kind))


class Filter(Model):
    """A linear filter with one input and one output (abstract).

    Attributes:
        fs: the sample rate in Hz that it runs at.
    """

    fs: float  # type: ignore[assignment]

    @abc.abstractmethod
    def form(self) -> Form:
        """The numbers that it runs with now."""

    @property
    def controls(self) -> Mapping[str, float]:
        return {}

    def frequency_response(self, freqs: ArrayLike) -> Array:
        """The response in closed form at freqs (f,) in Hz: complex (f,); differentiable."""
        return self.form().response(checked_freqs(freqs), self.fs)

    @final
    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Carry:
        return self.resting(batch, controls, level=level)[0]

    @final
    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        if level is None:
            return self.form().at_rest(batch), None
        state, y = self.form().at_level(checked_level(level, (*batch, 1), self.dtype)[..., 0], batch)
        return state, y[..., None]

    @final
    def __call__(self, carry: Carry, x: Array, controls: Controls | None = None) -> tuple[Carry, Array]:
        state, y = self.form().filtered(carry, x[..., 0])
        return state, y[..., None]


@register
@final
class FixedFilter(Filter):
    """A filter with given numbers, which are not learnt: from `coupled`, `biquads` or `state_space`.

    Args:
        form: its numbers, for one filter.
        fs: sample rate, Hz.
        dtype: floating-point type of the numbers and signals.
    """

    def __init__(self, form: Form, fs: float, *, dtype: Any = jnp.float32):
        if form.coefficients().ndim != 1:
            raise ValueError(f"one filter at a time, got numbers of the shape {form.coefficients().shape[:-1]}")
        self.fs, self.dtype = checked_rate(fs), checked_dtype(dtype)
        self.in_features = self.out_features = 1
        leaves, self.structure = jax.tree.flatten(form)
        self.numbers = nnx.List([nnx.Variable(jnp.asarray(leaf, dtype)) for leaf in leaves])

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data."""
        return settings_of(self, form=self.form())

    def rebuilt_at(self, fs: float) -> Model | None:
        form = self.form()
        return FixedFilter(at_rate(form, self.fs, fs), fs, dtype=self.dtype) if isinstance(form, Coupled) else None

    def form(self) -> Form:
        return jax.tree.unflatten(self.structure, [number[...] for number in self.numbers])


class LearntFilter(Filter):
    """A filter whose free numbers are learnt (abstract): its poles keep within a radius whatever they are.

    Args:
        order: number of poles, spread logarithmically over the audio band at the start.
        fs: sample rate, Hz.
        radius: of the poles at most, below one.
        dtype: floating-point type of the numbers and signals.
    """

    def __init__(self, order: int = 8, *, fs: float = 48_000, radius: float = RADIUS, dtype: Any = jnp.float32):
        self.fs, self.order, self.radius = checked_rate(fs), checked_order(order), checked_radius(radius)
        self.dtype = checked_dtype(dtype)
        self.in_features = self.out_features = 1
        self.free = nnx.Param(jnp.asarray(self.kind().initial(order, self.fs), dtype))

    @staticmethod
    @abc.abstractmethod
    def kind() -> type[BoundedForm]:
        """The class of its form."""

    @final
    def form(self) -> BoundedForm:
        return self.kind().unpacked(self.free[...], self.order, self.radius)


@register
@final
class CoupledForm(LearntFilter):
    """A learnt filter in coupled form (see `Coupled`); arguments as for `LearntFilter`."""

    @staticmethod
    def kind() -> type[BoundedForm]:
        return Coupled


@register
@final
class BiquadCascade(LearntFilter):
    """A learnt cascade of sections of second order (see `Biquads`); arguments as for `LearntFilter`."""

    @staticmethod
    def kind() -> type[BoundedForm]:
        return Biquads


def checked_order(order: int) -> int:
    if not (isinstance(order, int) and 1 <= order <= 64):
        raise ValueError(f"order: expected a number of poles from 1 to 64, got {order!r}")
    return order


def checked_radius(radius: float) -> float:
    if not 0 < radius < 1:
        raise ValueError(f"radius: the poles must keep between 0 and 1, got {radius}")
    return float(radius)


def checked_freqs(freqs: ArrayLike) -> ArrayLike:
    if np.ndim(freqs) != 1:
        raise ValueError(f"freqs must have the shape (f,), got {np.shape(freqs)}")
    return freqs
