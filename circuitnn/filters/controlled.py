"""Filters whose numbers follow knobs, for each sample or for each frame of samples."""

import abc
import dataclasses
from collections.abc import Mapping
from typing import final

import jax
from jax import Array
from jax import numpy as jnp
from jax.typing import ArrayLike

from circuitnn.arguments import spread_level
from circuitnn.filters.form import Form
from circuitnn.filters.models import checked_freqs
from circuitnn.knobs import check_shape, check_value, constants
from circuitnn.model import Carry, Controls, Level, Model, Rest, all_controls
from circuitnn.numerics.holding import held_frames


@final
@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class FilterCarry:
    """The memory of a filter that follows knobs.

    Attributes:
        state: (..., n) of the filter.
        knobs: (..., knobs) of the frame that has begun.
        phase: () samples of it that have passed.
    """

    state: Array
    knobs: Array
    phase: Array


class ControlledFilter(Model):
    """A filter with one input and one output whose numbers follow knobs (abstract).

    Attributes:
        fs: the sample rate in Hz that it runs at.
        frame: samples for which the knobs are held; one for every sample.
    """

    fs: float
    frame: int

    @abc.abstractmethod
    def form(self, knobs: Array) -> Form:
        """The numbers at positions of the knobs, (..., knobs) in the order of `controls`."""

    @final
    def frequency_response(
        self, freqs: ArrayLike, *, controls: Controls | None = None, fs: float | None = None
    ) -> Array:
        """The response in closed form, differentiable.

        Args:
            freqs: (f,) Hz.
            controls: knobs, scalars or (..., 1) for one response each; the defaults when None.
            fs: the response of this model when it runs at another sample rate, Hz, see `at`.

        Returns:
            Complex (..., f).

        Raises:
            ValueError: for an unknown control, a position that is not between 0 and 1, or a shape that does not fit.
        """
        values = constants(all_controls(self, controls), self.controls).values()
        knobs = jnp.stack(jnp.broadcast_arrays(*values), axis=-1)
        model = self if fs is None or fs == self.fs else self.at(fs)
        return model.form(knobs).response(checked_freqs(freqs), model.fs)

    @abc.abstractmethod
    def at(self, fs: float) -> "ControlledFilter":
        """A model that sounds the same at another sample rate, Hz."""

    def rebuilt_at(self, fs: float) -> Model | None:
        try:
            return self.at(fs)
        except ValueError:  # a cascade
            return None

    @final
    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Carry:
        return self.resting(batch, controls, level=level)[0]

    @final
    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        first = self._knobs(controls, batch, None)[..., 0, :]
        phase = jnp.zeros((), jnp.int32)
        if level is None:
            form = self.form(first[(0,) * len(batch)] if batch else first)
            return FilterCarry(form.at_rest(batch), first, phase), None
        state, y = self.form(first).at_level(spread_level(level, (*batch, 1), self.dtype)[..., 0], batch)
        return FilterCarry(state, first, phase), y[..., None]

    @final
    def __call__(self, carry: Carry, x: Array, controls: Controls | None = None) -> tuple[Carry, Array]:
        batch, time = x.shape[:-2], x.shape[-2]
        knobs = self._knobs(controls, batch, time)
        # A block of one sample may be a piece of a frame, constants over a longer one are not.
        if self.frame == 1 or knobs.shape[-2] < time:
            form, held = self.form(knobs), knobs[..., -1, :]
        else:
            form, held = self._framed(carry, knobs, time)
        state, y = form.filtered(carry.state, x[..., 0])
        held = jnp.broadcast_to(held, carry.knobs.shape)
        return FilterCarry(state, held, (carry.phase + time) % self.frame), y[..., None]

    def _framed(self, carry: FilterCarry, knobs: Array, time: int) -> tuple[Form, Array]:
        """The numbers of each sample, from the knobs where its frame began."""
        frames, of_sample = held_frames(knobs, carry.knobs, carry.phase, self.frame, time)
        form = jax.tree.map(
            lambda leaf: jnp.take(leaf, of_sample, axis=frames.ndim - 2, mode="clip"), self.form(frames)
        )
        return form, jnp.take(frames, of_sample[-1], axis=-2, mode="clip")

    def _knobs(self, controls: Controls | None, batch: tuple[int, ...], time: int | None) -> Array:
        """(..., time or 1, knobs); the axes in front are those of the batch, or none where all are alike."""
        values = []
        for name, value in all_controls(self, controls).items():
            value = value if value.ndim else value[None]
            values.append(value[..., :1] if time is None else value)
            check_shape(name, values[-1].shape, (*batch, time or 1))
        knobs = jnp.stack(jnp.broadcast_arrays(*values), axis=-1)
        return jnp.broadcast_to(knobs, (*batch, *knobs.shape[-2:])) if time is None else knobs


def named(controls: Mapping[str, float]) -> dict[str, float]:
    """Knobs and their default positions, checked.

    Raises:
        ValueError: for none, and for positions that are not between 0 and 1.
    """
    if not controls:
        raise ValueError("a filter without a knob: give the names of the knobs with their default positions")
    for name, value in controls.items():
        check_value(name, value)
    return {str(name): float(value) for name, value in controls.items()}
