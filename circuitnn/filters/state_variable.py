"""A resonant filter as a gray box: state-variable sections whose numbers a small network finds from the knobs."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, final

import numpy as np
from flax import nnx
from jax import Array
from jax import numpy as jnp

from circuitnn.arguments import checked_dtype, checked_rate, checked_rngs, checked_width
from circuitnn.filters.controlled import ControlledFilter, named
from circuitnn.filters.state_variable_form import OF_A_SECTION, StateVariable
from circuitnn.networks.dense import Dense
from circuitnn.settings import register, settings_of

LOWEST, HIGHEST = 1000.0, 8000.0  # hertz, between which the sections begin
PACE = np.array([2.0, 1.0, 0.3, 0.3, 0.3])  # how far the numbers go for one in what the network says
FURTHEST = 8.0  # natural logarithm of the frequency's angle: 5 Hz at 48 kHz
HALF = 0.49 * np.pi  # of the angle at most: just below half of the sample rate
LEAST = 0.05  # damping where it is no longer what the network says: a Q of 20
UNITS = 2  # of the curve


@register
@final
class StateVariableFilter(ControlledFilter):
    """A filter of even order whose numbers follow knobs, with one learnt function without memory inside of its loops.

    Each position of the knobs goes through a multilayer perceptron (tanh) to the five numbers of each section of a
    `StateVariable` form: logarithm of the frequency, damping, and how much of high, band and low pass is heard. Its
    last layer sees the knobs too: a frequency that is exponential in a knob, and a feedback that is proportional to
    one, are straight lines there, also between the positions of a training. The integrators of all sections saturate by
    the same learnt curve, which does not know the knobs. That is all it knows of the device: a resonant filter whose
    loop is not quite linear.

    Args:
        controls: names of the knobs and their default positions, from 0 to 1.
        sections: of second order, in a row.
        hidden: units of the layers between knobs and numbers.
        saturation: volts at which the curve begins to bend before training; None for a linear filter.
        fs: sample rate in Hz that it runs at.
        trained_fs: the rate that its weights belong to, where it runs at another; see `at`.
        frame: samples for which the knobs are held.
        dtype: floating-point type of weights and signals.
        rngs: for the initial weights.

    Raises:
        ValueError: for no knob, sizes that are no whole numbers of at least one, or a saturation that is not positive.
    """

    def __init__(
        self,
        controls: Mapping[str, float],
        *,
        sections: int = 1,
        hidden: Sequence[int] = (16, 16),
        saturation: float | None = 1.0,
        fs: float = 48_000,
        trained_fs: float | None = None,
        frame: int = 1,
        dtype: Any = jnp.float32,
        rngs: nnx.Rngs | None = None,
    ):
        rngs = checked_rngs(rngs, type(self).__name__)
        if saturation is not None and not (np.isfinite(saturation) and saturation > 0):
            raise ValueError(f"saturation: expected a positive number of volts, or None, got {saturation!r}")
        self.positions, self.fs, self.dtype = tuple(named(controls).items()), checked_rate(fs), checked_dtype(dtype)
        self.trained_fs = None if trained_fs is None else checked_rate(trained_fs, name="trained_fs")
        self.sections, self.frame = checked_width("sections", sections), checked_width("frame", frame)
        self.hidden = tuple(checked_width("hidden", width) for width in hidden)
        self.saturation = None if saturation is None else float(saturation)
        self.in_features = self.out_features = 1
        widths = (len(self.positions), *self.hidden)
        layers = [Dense(before, after, dtype=dtype, rngs=rngs) for before, after in pairwise(widths)]
        last = Dense(widths[-1] + widths[0], OF_A_SECTION * self.sections, dtype=dtype, rngs=rngs)
        self.layers = nnx.List([*layers, last])
        # The last layer says little at first, so that the sections begin where they are told to.
        self.layers[-1].weight[...] *= 0.1
        self.layers[-1].bias[...] *= 0
        steepness = -np.log((self.saturation or 1.0) * np.geomspace(1, 4, UNITS))
        start = jnp.asarray([steepness, np.zeros(UNITS), np.zeros(UNITS)], dtype)
        self.curve: Any = None if self.saturation is None else nnx.Param(start)

    @property
    def controls(self) -> Mapping[str, float]:
        return dict(self.positions)

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data."""
        return settings_of(self, controls=self.controls)

    def form(self, knobs: Array) -> StateVariable:
        hidden = centred = 2 * knobs.astype(self.dtype) - 1
        for layer in self.layers[:-1]:
            hidden = jnp.tanh(layer(hidden))
        free = self.layers[-1](jnp.concatenate([hidden, centred], axis=-1))
        free = free.reshape(*free.shape[:-1], self.sections, OF_A_SECTION)
        free = self._start().astype(self.dtype) + PACE.astype(self.dtype) * free
        # Of a section at its frequency, half of the angle that a sample turns it by.
        angle = jnp.exp(FURTHEST * jnp.tanh(free[..., 0] / FURTHEST)) * ((self.trained_fs or self.fs) / self.fs)
        g, damping = jnp.tan(_below(angle, HALF)), _positive(free[..., 1])
        numbers = jnp.concatenate([g[..., None], damping[..., None], free[..., 2:]], axis=-1)
        if self.curve is None:
            return StateVariable(numbers, None)
        curve = self._curve()
        return StateVariable(numbers, jnp.broadcast_to(curve, (*numbers.shape[:-2], *curve.shape)))

    def at(self, fs: float) -> "StateVariableFilter":
        """The same weights at another sample rate, Hz: sections at the same frequencies."""
        if fs == self.fs:
            return self
        rates = {"fs": checked_rate(fs), "trained_fs": self.trained_fs or self.fs}
        model = StateVariableFilter.from_settings(self.settings | rates)
        nnx.update(model, nnx.state(self))
        return model

    def _curve(self) -> Array:
        steepness, skew, share = self.curve[...]
        shares = jnp.exp(share - jnp.max(share))
        return jnp.stack([jnp.exp(steepness), jnp.tanh(skew), shares / jnp.sum(shares)])

    def _start(self) -> np.ndarray:
        """(sections, 5) before the network says anything: low passes with two equal poles."""
        frequencies = np.geomspace(LOWEST, HIGHEST, self.sections) if self.sections > 1 else np.array([LOWEST])
        angle = np.pi * np.minimum(frequencies / (self.trained_fs or self.fs), 0.4)
        rows = [np.log(angle), np.full(self.sections, 2.0), *(np.full(self.sections, low) for low in (0.0, 0.0, 1.0))]
        return np.stack(rows, axis=-1)


def _below(angle: Array, most: float) -> Array:
    """The angle itself well below `most`, which it does not reach."""
    return angle / (1 + (angle / most) ** 4) ** 0.25


def _positive(free: Array) -> Array:
    """The number itself from a few times `LEAST` on; below it goes to zero without getting there."""
    return 0.5 * (free + jnp.sqrt(free**2 + 4 * LEAST**2))
