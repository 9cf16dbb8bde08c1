"""The selective state space, S6: step, input and output of its recurrence follow from what goes in."""

import math
from typing import Any, final

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from circuitnn.networks.dense import affine, uniform
from circuitnn.networks.layer import Layer
from circuitnn.recurrent.diagonal import Scan, checked_scan, diagonal_recurrence, in_chunks
from circuitnn.recurrent.state_space import StateSpace, decay_rates, time_first, time_last
from circuitnn.settings import register

CHUNK, CACHE = 16, 1 << 20  # samples that go back at a time, at least, and bytes of their states
SLOWEST = -30.0  # logarithm of a decay that no sound lasts for; below, its reciprocal overflows


@final
class S6Layer(Layer):
    """``x' = A x + B u``, ``y = C x + D u`` of each feature, with B, C and the step from the input at each sample.

    B_n = W_B u_n and C_n = W_C u_n are one number for each state, Delta_n = softplus(W_up W_down u_n + b) one for each
    feature; with u held for the step (zero-order hold)
    ``x_n = exp(Delta_n A) x_{n-1} + (exp(Delta_n A) - 1)/A B_n u_n``.
    The carry is (..., states * features).

    Attributes:
        A: (states, features), the logarithm of -A.
        D: (features,).
        down: (rank, features), W_down.
        up: (features, rank), W_up.
        bias: (features,), b.
        W_B, W_C: (states, features).
    """

    def __init__(
        self,
        features: int,
        states: int,
        *,
        rank: int | None = None,
        time_constants: tuple[float, float] = (5e-5, 2e-2),
        fs: float | None = None,
        rate: float = 1.0,
        scan: Scan = "auto",
        dtype: Any = jnp.float32,
        rngs: nnx.Rngs,
    ):
        self.width, self.rate, self.scan = features, rate, checked_scan(scan)
        rank = math.ceil(features / 16) if rank is None else rank
        orders = jnp.arange(1, states + 1, dtype=jnp.float32)
        self.A = nnx.Param(jnp.broadcast_to(jnp.log(orders)[:, None], (states, features)).astype(dtype))
        self.D = nnx.Param(jnp.ones((features,), dtype))
        self.down = nnx.Param(uniform(rngs, (rank, features), features, dtype))
        self.up = nnx.Param(uniform(rngs, (features, rank), rank, dtype))
        delta = decay_rates(features, time_constants, fs, rngs)
        self.bias = nnx.Param((delta + jnp.log(-jnp.expm1(-delta))).astype(dtype))  # the inverse of softplus
        self.W_B = nnx.Param(uniform(rngs, (states, features), features, dtype))
        self.W_C = nnx.Param(uniform(rngs, (states, features), features, dtype))

    def rest(self, u: Array, knobs: Array) -> tuple[Array, Array]:
        change, drive, through = self._coefficients(u)
        x = jnp.where(change < 0, drive / jnp.where(change < 0, -change, 1), 0)
        return x.reshape(*u.shape[:-1], -1), self._read(x, through, u)

    def __call__(self, carry: Array, u: Array, knobs: Array) -> tuple[Array, Array]:
        columns = time_first(u)  # (time, lanes, features)
        size = max(CHUNK, CACHE // (carry.size * carry.dtype.itemsize))
        after, y = in_chunks(self._block, carry.reshape(-1), columns, size)
        return after.reshape(carry.shape), time_last(y, u.shape)

    def _block(self, start: Array, columns: Array) -> tuple[Array, Array]:
        change, drive, through = self._coefficients(columns)
        a, b = ((part.reshape(columns.shape[0], -1),) for part in (change, drive))
        (x,) = diagonal_recurrence(a, b, (start,), scan=self.scan)
        return x[-1], self._read(x.reshape(drive.shape), through, columns)

    def _coefficients(self, u: Array) -> tuple[Array, Array, Array | None]:
        """exp(Delta A) - 1, what is added to x, and what u adds besides to what is read, (..., states, features)."""
        delta = jax.nn.softplus(affine(u @ self.down[...].T, self.up[...], self.bias[...]))
        shape = (*u.shape[:-1], *self.A.shape)
        decay = jnp.broadcast_to(jnp.exp(jnp.maximum(self.A[...], SLOWEST)), shape)
        B = jnp.broadcast_to((u @ self.W_B[...].T)[..., None], shape)
        held = B * jnp.broadcast_to(u[..., None, :], shape) / decay  # where x would settle
        exponent = -jnp.broadcast_to(delta[..., None, :], shape) * decay
        reached = -jnp.expm1(exponent)
        if self.rate == 1:
            return -reached, reached * held, None
        # As often a sample more or less, as much each; and to a constant the same response.
        faster = -jnp.expm1(self.rate * exponent)
        settled = jnp.where(faster > 0, reached / jnp.where(faster > 0, faster, 1), 1 / self.rate)
        return -faster, self.rate * reached * held, (1 - self.rate * settled) * held

    def _read(self, x: Array, through: Array | None, u: Array) -> Array:
        C = jnp.broadcast_to((u @ self.W_C[...].T)[..., None], x.shape)
        x = x if through is None else x + through
        return jnp.sum(C * x, axis=-2) + jnp.broadcast_to(self.D[...], u.shape) * u


@register
@final
class S6(StateSpace):
    """Selective state spaces with a mixing after each: step, B and C follow from what goes in.

    ``x' = A x + B u``, ``z = C x + D u`` of each feature with A real, and u held for the step Delta (zero-order hold);
    then ``u_n + f(z_n)`` goes to the next layer. At another sample rate (`circuitnn.resampled`) the steps are as much
    shorter or longer.

    Args:
        hidden: features between the layers.
        layers: how many.
        states: N, numbers in the memory of each feature.
        mixing: f: "glu", ``(W z + b) sigmoid(V z + c)``, or "tanh", ``tanh(W z + b)``.
        time_constants: the shortest and the longest of the slowest state at the start, in seconds; the steps without
            input are log-uniform between.
        scan: "sequential", "associative", or "auto", what is faster.
        in_features: width of x.
        out_features: width of y.
        controls: names of the knobs (default position 0.5), or a mapping from names to default values.
        scaling: volts per network unit; ones when None.
        fs: sample rate in hertz of its training; `circuitnn.train.fit` sets it where it is None.
        trained_fs: rate that the weights belong to, where it runs at another: `circuitnn.resampled` gives it.
        dtype: floating-point type.
        conditioning: how the controls reach it, see `circuitnn.networks`: as "inputs", or by "film", "glu" or "gated",
            which turn the features before the first recurrence.
        rngs: for the initial weights.

    Source: Gu and Dao, Mamba: linear-time sequence modeling with selective state spaces, 2023.
    """

    def recurrent_layer(self, **arguments: Any) -> Layer:
        return S6Layer(self.hidden, self.states, **arguments)
