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

    def at_level(self, level: Array, batch: tuple[int, ...] = ()) -> tuple[Array, Array]:
        """State (*batch, memory) and output (...) after the constant `level` (...) has gone in for long.

        The exact fixed point of the loop with its rounded numbers. A pole at one has none: there the state is zero.
        """
        state, gain = _steady(self)
        level, gain = jnp.broadcast_arrays(level, gain)
        states = jnp.broadcast_to(state, (*level.shape, self.memory)) * level[..., None]
        return jnp.broadcast_to(states, (*batch, self.memory)), gain * level

    @final
    def filtered(self, state: Array, x: Array) -> tuple[Array, Array]:
        """Filter a block.

        Args:
            state: (..., memory), from `at_rest`, `at_level` or from the block before.
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


@jax.jit
def _steady(form: Form) -> tuple[Array, Array]:
    """State (..., memory) and output (...) for the constant one."""
    return jnp.vectorize(partial(_fixed_point, form.step, form.memory), signature="(k)->(n),()")(form.coefficients())


def _fixed_point(step, memory: int, coefficients: Array) -> tuple[Array, Array]:
    """The state with s = A s + B, and the output there."""

    def stepped(states: Array, inputs: Array) -> tuple[Array, Array]:
        return step(jnp.broadcast_to(coefficients[:, None], (len(coefficients), memory + 1)), states, inputs)

    # One column for each unit of the state, and one for that of the input.
    units, eye = (jnp.eye(memory, columns, dtype=coefficients.dtype) for columns in (memory + 1, memory))
    columns, _ = stepped(units, jnp.zeros(memory + 1, units.dtype).at[-1].set(1))
    below, inputs = eye - columns[:, :-1], columns[:, -1]
    size = jnp.max(jnp.abs(jnp.linalg.solve(*lax.stop_gradient((below, inputs)))))
    # What grows without end has no rest; nor has what takes longer to it than rounding lets it go.
    is_bounded = 8 * jnp.finfo(units.dtype).eps * size < jnp.max(jnp.abs(inputs))
    state = jnp.where(is_bounded, jnp.linalg.solve(jnp.where(is_bounded, below, eye), inputs), 0)
    return state, stepped(jnp.broadcast_to(state[:, None], units.shape), jnp.ones(memory + 1, units.dtype))[1][0]


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
