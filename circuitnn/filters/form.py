"""What all forms of a filter have in common: a response in closed form, and a loop with coefficients that may move."""

import abc
import math
from functools import partial
from typing import Self, final

import jax
import numpy as np
from jax import Array, lax
from jax import numpy as jnp
from jax.typing import ArrayLike

from circuitnn.numerics.columns import to_columns, to_rows
from circuitnn.numerics.lanes import lanes, over_lanes

RADIUS = 1 - 1e-5  # of the poles at most, unless asked otherwise: 0.08 Hz at 48 kHz
LOWEST, HIGHEST = 20.0, 16e3  # hertz, between which the poles are spread at the start


class Form(abc.ABC):
    """Numbers of a linear filter with one input and one output (abstract); a pytree.

    The axes in front of a leaf's own ones are those of settings, or of time for a filter that moves: (..., own).

    Attributes:
        order: the number of poles.
    """

    order: int

    @abc.abstractmethod
    def response(self, freqs: ArrayLike, fs: float) -> Array:
        """The frequency response, in closed form: complex (..., f).

        Args:
            freqs: (f,) Hz.
            fs: the sample rate that the filter runs at, Hz.
        """

    @abc.abstractmethod
    def coefficients(self) -> Array:
        """What the loop over time needs for each sample, (..., k)."""

    @abc.abstractmethod
    def step(self, coefficients: Array, state: Array, u: Array) -> tuple[Array, Array]:
        """One sample: (k, batch), (memory, batch) and (batch,) give the next state and the output (batch,)."""

    @property
    def memory(self) -> int:
        """How many numbers the state has."""
        return self.order

    @final
    def at_rest(self, batch: tuple[int, ...] = ()) -> Array:
        """The state before anything was heard, (..., memory)."""
        return jnp.zeros((*batch, self.memory), self.coefficients().dtype)

    @final
    def filtered(self, state: Array, x: Array) -> tuple[Array, Array]:
        """Filter a block.

        Args:
            state: (..., memory), from `at_rest` or from the block before.
            x: (..., time). The last axis of the settings in front of the numbers, if there is any, is time, of that
                length or one; the others are a batch like that of x.

        Returns:
            The state after the block, and y (..., time).
        """
        batch, time = x.shape[:-1], x.shape[-1]
        moves = self.coefficients()
        moves = moves[None] if moves.ndim == 1 else moves
        alike = math.prod(moves.shape[:-2]) == 1
        full = moves.reshape(1, *moves.shape[-2:]) if alike else jnp.broadcast_to(moves, (*batch, *moves.shape[-2:]))
        if full.shape[-2] not in (1, time):
            raise ValueError(f"the filter moves for {full.shape[-2]} samples, the block has {time}")
        columns = to_columns(x[..., None])[:, 0]
        start = jnp.broadcast_to(state, (*batch, self.memory)).reshape(-1, self.memory).T
        count = columns.shape[-1]
        run = partial(_run, self.step)
        last, y = over_lanes(run, count, lanes(count, is_small=True), to_columns(full), start, columns)
        return last.T.reshape(*batch, self.memory), to_rows(y[:, None], batch)[..., 0]


class BoundedForm(Form):
    """A form whose numbers come from free ones: whatever those are, its poles keep within a radius (abstract)."""

    @classmethod
    @abc.abstractmethod
    def size(cls, order: int) -> int:
        """How many free numbers a filter of that order has."""

    @classmethod
    @abc.abstractmethod
    def initial(cls, order: int, fs: float) -> np.ndarray:
        """Free numbers to begin with (size,): poles spread logarithmically over the audio band."""

    @classmethod
    @abc.abstractmethod
    def pace(cls, order: int) -> np.ndarray:
        """How far each free number goes for a step of one in what a network says, (size,)."""

    @classmethod
    @abc.abstractmethod
    def unpacked(cls, free: Array, order: int, radius: float) -> Self:
        """The filter with those free numbers (..., size), which may be anything; its poles keep within the radius."""


def _run(step, coefficients: Array, start: Array, x: Array) -> tuple[Array, Array]:
    # Coefficients that stay are no input of the loop: it would read them again for each sample.
    if coefficients.shape[0] == 1:
        return lax.scan(partial(step, coefficients[0]), start, x)
    return lax.scan(lambda state, now: step(now[0], state, now[1]), start, (coefficients, x))


def unit_circle(freqs: ArrayLike, fs: float, dtype) -> Array:
    """z - 1 on the unit circle, complex (f,): it keeps its digits where z is close to one."""
    angle = 2 * np.pi * np.asarray(freqs, float) / fs if not isinstance(freqs, jax.Array) else 2 * jnp.pi * freqs / fs
    module = jnp if isinstance(angle, jax.Array) else np
    return lax.complex(
        jnp.asarray(-2 * module.sin(angle / 2) ** 2, dtype),
        jnp.asarray(module.sin(angle), dtype),
    )


def spread(count: int, fs: float) -> np.ndarray:
    """Logarithms of the decays of that many real poles, spread logarithmically over the audio band, (count,)."""
    return np.log(2 * np.pi * np.geomspace(LOWEST, min(HIGHEST, fs / 3), count) / fs)


def distance(free: Array, radius: float) -> Array:
    """From the logarithm of a decay to one minus the size ``radius exp(-decay)`` of a pole, without cancellation."""
    return (1 - radius) - radius * jnp.expm1(-jnp.exp(free))
