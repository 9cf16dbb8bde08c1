"""The linear recurrent unit: a complex diagonal recurrence whose poles stay inside the unit circle."""

import math
from typing import Any, Literal, NamedTuple, final, get_args

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from circuitnn.networks.conditioning import Poles
from circuitnn.networks.layer import Layer
from circuitnn.recurrent.diagonal import (
    Numbers,
    Scan,
    checked_scan,
    diagonal_recurrence,
    exponential_minus_one,
    plus,
    quotient,
    times,
)
from circuitnn.recurrent.state_space import StateSpace, decay_rates, normal, parts, time_first, time_last
from circuitnn.settings import register

Start = Literal["logarithmic", "ring"]


@final
class LRULayer(Layer):
    """``x_n = lambda x_{n-1} + exp(gamma) (B u_n)``, ``y_n = Re(C x_n) + D u_n``.

    ``lambda = exp(-exp(nu) + i exp(theta))`` stays inside of the unit circle. The carry is (..., 2 states): the real
    parts of x, then the imaginary ones. With a `rate` other than one it is the same system at another sample rate:
    lambda and the input become those of the time between two samples there, and what the input at n itself adds keeps
    the response to a constant.

    Where knobs turn the poles, what the network of the knobs says is added to nu, theta and gamma of each state, and a
    fourth number is an angle by which the input of each state is turned.

    Attributes:
        nu, theta, gamma: (states,).
        B: (2, states, features), real and imaginary part.
        C: (2, features, states), likewise.
        D: (features,).
        turning: network of the knobs, with four rows of states; None where they do not turn the poles.
        rate: sample rate that it was trained at over that where it runs.
    """

    def __init__(
        self,
        features: int,
        states: int,
        *,
        time_constants: tuple[float, float] = (5e-5, 2e-2),
        start: Start = "logarithmic",
        fs: float | None = None,
        rate: float = 1.0,
        scan: Scan = "auto",
        turned: Poles | None = None,
        controls: int = 0,
        dtype: Any = jnp.float32,
        rngs: nnx.Rngs,
    ):
        if start not in get_args(Start):
            raise ValueError(f"start: there are {', '.join(get_args(Start))}, not {start!r}")
        self.width, self.rate, self.scan = features, rate, checked_scan(scan)
        nu, theta = _poles(states, time_constants, start, fs, rngs)
        self.nu, self.theta = nnx.Param(nu.astype(dtype)), nnx.Param(theta.astype(dtype))
        # The energy of each state for white noise is that of its input.
        self.gamma = nnx.Param((0.5 * jnp.log(-jnp.expm1(-2 * jnp.exp(nu)))).astype(dtype))
        self.B = nnx.Param(normal(rngs, (2, states, features), 1 / math.sqrt(2 * features), dtype))
        self.C = nnx.Param(normal(rngs, (2, features, states), 1 / math.sqrt(states), dtype))
        self.D = nnx.Param(normal(rngs, (features,), 1.0, dtype))
        self.turning = None if turned is None else turned.turning(controls, 4 * states, dtype=dtype, rngs=rngs)

    def rest(self, u: Array, knobs: Array) -> tuple[Array, Array]:
        system = self._system(knobs)
        drive = system.driven(u)
        left = tuple(-jnp.broadcast_to(part, drive[0].shape) for part in system.change)
        x = quotient(drive, left)
        return jnp.concatenate(x, axis=-1), system.read(x, drive, u)

    def __call__(self, carry: Array, u: Array, knobs: Array) -> tuple[Array, Array]:
        if self.turning is not None:
            knobs = time_first(jnp.broadcast_to(knobs, (*u.shape[:-2], *knobs.shape[-2:])))
        system, columns = self._system(knobs), time_first(u)  # (time, lanes, features)
        drive = system.driven(columns)
        shape = drive[0].shape
        flat = tuple(part.reshape(shape[0], -1) for part in drive)
        moves = system.change[0].ndim == 3 and system.change[0].shape[0] > 1
        full = shape if moves else shape[1:]
        change = tuple(
            jnp.broadcast_to(part if moves or part.ndim == 1 else part[0], full).reshape(*full[:-2], -1)
            for part in system.change
        )
        start = tuple(part.reshape(-1) for part in parts(carry))
        x = tuple(part.reshape(shape) for part in diagonal_recurrence(change, flat, start, scan=self.scan))
        after = jnp.concatenate([part[-1] for part in x], axis=-1).reshape(carry.shape)
        return after, time_last(system.read(x, drive, columns), u.shape)

    def _system(self, knobs: Array) -> "_System":
        nu, theta, gain, turn = self.nu[...], self.theta[...], jnp.exp(self.gamma[...]), None
        if self.turning is not None:
            on_nu, on_theta, on_gamma, angle = jnp.split(self.turning(knobs), 4, axis=-1)
            nu, theta = (jnp.broadcast_to(part, by.shape) + by for part, by in ((nu, on_nu), (theta, on_theta)))
            size = jnp.exp(on_gamma)
            turn = size * jnp.cos(angle), size * jnp.sin(angle)
        decay, angular = -jnp.exp(nu), jnp.exp(theta)
        change, through = exponential_minus_one((decay, angular)), None
        if self.rate != 1:
            trained, change = change, exponential_minus_one((self.rate * decay, self.rate * angular))
            minus = (-jnp.ones_like(decay), jnp.zeros_like(decay))
            # As often a sample more or less, as much each; and to a constant the same response.
            wanted, there = quotient(minus, trained), quotient(minus, change)
            through = (wanted[0] / self.rate - there[0], wanted[1] / self.rate - there[1])
        B = (self.rate * gain)[:, None] * self.B[0], (self.rate * gain)[:, None] * self.B[1]
        return _System(change, B, turn, (self.C[0], self.C[1]), self.D[...], through)


class _System(NamedTuple):
    """What a block needs: parameters and knobs only. Where knobs turn it, change, turn and through have their axes."""

    change: Numbers  # lambda - 1
    B: Numbers  # with its gain
    turn: Numbers | None  # of what reaches each state
    C: Numbers
    D: Array
    through: Numbers | None  # what the input adds to the state that is read at the same sample

    def driven(self, u: Array) -> Numbers:
        drive = u @ self.B[0].T, u @ self.B[1].T
        if self.turn is None:
            return drive
        return times(tuple(jnp.broadcast_to(part, drive[0].shape) for part in self.turn), drive)

    def read(self, x: Numbers, drive: Numbers, u: Array) -> Array:
        if self.through is not None:
            x = plus(x, times(tuple(jnp.broadcast_to(part, drive[0].shape) for part in self.through), drive))
        return x[0] @ self.C[0].T - x[1] @ self.C[1].T + jnp.broadcast_to(self.D, u.shape) * u


def _poles(
    states: int, time_constants: tuple[float, float], start: Start, fs: float | None, rngs: nnx.Rngs
) -> tuple[Array, Array]:
    """nu and theta of poles in the ring that belongs to these time constants.

    "ring" is the paper's: uniform in the area of the ring, with angles up to pi/10. Almost all of its poles are fast.
    "logarithmic" has as many poles in each octave of time constants, and angles up to the decay: what circuits have.
    """
    decay = decay_rates(states, time_constants, fs, rngs)
    share = jax.random.uniform(rngs.params(), (states,), jnp.float32, 1e-3, 1.0)
    if start == "logarithmic":
        return jnp.log(decay), jnp.log(share * decay)
    slow, fast = (1 / (seconds * (fs or 48_000)) for seconds in reversed(time_constants))
    inner, outer = math.exp(-2 * fast), math.exp(-2 * slow)
    square = inner + (outer - inner) * jax.random.uniform(rngs.params(), (states,), jnp.float32)
    return jnp.log(-0.5 * jnp.log(square)), jnp.log(share * (math.pi / 10))


@register
@final
class LRU(StateSpace):
    """Linear recurrent units with a mixing after each: a complex diagonal recurrence from all features to all.

    ``x_n = lambda x_{n-1} + exp(gamma) (B u_n)``, ``z_n = Re(C x_n) + D u_n`` with
    ``lambda = exp(-exp(nu) + i exp(theta))``; then ``u_n + f(z_n)`` goes to the next layer. At another sample rate
    (`circuitnn.resampled`) the poles are those of the same continuous system.

    Args:
        hidden: features between the layers.
        layers: how many.
        states: complex numbers in the memory of each layer.
        start: of the poles: "logarithmic" has as many in each octave of time constants (the default), "ring" is the
            paper's, uniform in the area of the ring between the moduli that belong to the time constants.
        mixing: f: "glu", ``(W z + b) sigmoid(V z + c)``, or "tanh", ``tanh(W z + b)``.
        time_constants: the shortest and the longest at the start, in seconds.
        scan: "sequential", "associative", or "auto", what is faster.
        in_features: width of x.
        out_features: width of y.
        controls: names of the knobs (default position 0.5), or a mapping from names to default values.
        scaling: volts per network unit; ones when None.
        fs: sample rate in hertz of its training; `circuitnn.train.fit` sets it where it is None.
        trained_fs: rate that the weights belong to, where it runs at another: `circuitnn.resampled` gives it.
        dtype: floating-point type.
        conditioning: how the controls reach it, see `circuitnn.networks`: as "inputs", by "film", "glu" or "gated",
            which turn the features before the first recurrence, or by "poles", which turns the poles of all of them.
        rngs: for the initial weights.

    Source: Orvieto et al., Resurrecting recurrent neural networks for long sequences, ICML 2023.
    """

    has_poles_to_turn = True

    def recurrent_layer(self, **arguments: Any) -> Layer:
        return LRULayer(self.hidden, self.states, **arguments)
