"""The diagonal structured state space, S4D: of each feature a continuous system, held between samples."""

import functools
import math
from typing import Any, Literal, NamedTuple, final, get_args

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from circuitnn.networks.layer import Layer
from circuitnn.recurrent.diagonal import (
    Numbers,
    Scan,
    checked_scan,
    diagonal_recurrence,
    exponential,
    exponential_minus_one,
    quotient,
    times,
)
from circuitnn.recurrent.state_space import StateSpace, decay_rates, normal, parts
from circuitnn.settings import register

Start = Literal["legs", "lin"]
CHUNK = 32  # samples that are one product of matrices


class _System(NamedTuple):
    """What a block needs: parameters only. (features, pairs) and (features,)."""

    step: Numbers  # Delta A, of the sample rate that it runs at
    gain: Numbers  # of the input
    C: Numbers
    D: Array


@final
class S4DLayer(Layer):
    """``x' = A x + u``, ``y = 2 Re(C x) + D u`` of each feature, with u held for a step Delta (zero-order hold).

    ``x_n = exp(Delta A) x_{n-1} + (exp(Delta A) - 1)/A u_n`` for states / 2 poles, each standing for a conjugate pair.
    A block is run in chunks: the response inside of a chunk is a product with the matrix of the impulse response, and
    only the states between chunks are a recurrence. The carry is (..., 2, features * pairs), real and imaginary part.

    Attributes:
        A: (2, features, pairs), the logarithm of minus the real part, and the imaginary part.
        C: (2, features, pairs), real and imaginary part.
        D: (features,).
        delta: (features,), the logarithm of Delta.
        rate: sample rate that it was trained at over that where it runs.
    """

    def __init__(
        self,
        features: int,
        states: int,
        *,
        time_constants: tuple[float, float] = (5e-5, 2e-2),
        start: Start = "legs",
        fs: float | None = None,
        rate: float = 1.0,
        scan: Scan = "auto",
        dtype: Any = jnp.float32,
        rngs: nnx.Rngs,
    ):
        if states % 2:
            raise ValueError(f"states must be even, pairs of conjugate poles, got {states}")
        self.width, self.rate, self.scan = features, rate, checked_scan(scan)
        imaginary = np.broadcast_to(_frequencies(start, states), (features, states // 2))
        self.A = nnx.Param(jnp.asarray(np.stack([np.full_like(imaginary, math.log(0.5)), imaginary]), dtype))
        self.C = nnx.Param(normal(rngs, (2, features, states // 2), math.sqrt(0.5), dtype))
        self.D = nnx.Param(normal(rngs, (features,), 1.0, dtype))
        # The real part of all poles is -1/2.
        self.delta = nnx.Param(jnp.log(2 * decay_rates(features, time_constants, fs, rngs)).astype(dtype))

    def rest(self, u: Array, knobs: Array) -> tuple[Array, Array]:
        system = self._system()
        gain = quotient(system.gain, tuple(-part for part in exponential_minus_one(system.step)))
        x = tuple(jnp.broadcast_to(part, (*u.shape, part.shape[-1])) * u[..., None] for part in gain)
        through = 2 * jnp.sum(times(tuple(jnp.broadcast_to(c, x[0].shape) for c in system.C), x)[0], axis=-1)
        carry = jnp.concatenate([part.reshape(*u.shape[:-1], -1) for part in x], axis=-1)
        return carry, through + jnp.broadcast_to(system.D, u.shape) * u

    def __call__(self, carry: Array, u: Array, knobs: Array) -> tuple[Array, Array]:
        system, time = self._system(), u.shape[-2]
        size = min(CHUNK, time)
        columns = jnp.moveaxis(u.reshape(-1, *u.shape[-2:]), -1, 0)  # (features, lanes, time)
        whole = time - time % size
        features, pairs = system.gain[0].shape
        lanes = columns.shape[1]
        state = tuple(jnp.swapaxes(part.reshape(lanes, features, pairs), 0, 1) for part in parts(carry))
        state, y = _chunks(system, state, columns[..., :whole].reshape(features, lanes, -1, size), self.scan)
        pieces = [y]
        if whole < time:
            state, y = _chunks(system, state, columns[..., None, whole:], self.scan)
            pieces.append(y)
        y = jnp.concatenate(pieces, axis=-1) if len(pieces) > 1 else pieces[0]
        after = jnp.concatenate([jnp.swapaxes(part, 0, 1).reshape(lanes, -1) for part in state], axis=-1)
        return after.reshape(carry.shape), jnp.moveaxis(y, 0, -1).reshape(u.shape)

    def _system(self) -> _System:
        a = (-jnp.exp(self.A[0]), self.A[1])
        delta = jnp.exp(self.delta[...])[:, None]
        step = tuple(delta * part for part in a)
        gain = quotient(exponential_minus_one(step), a)
        C, D = (self.C[0], self.C[1]), self.D[...]
        if self.rate == 1:
            return _System(step, gain, C, D)
        moved = tuple(self.rate * part for part in step)
        # The same poles with the same weight of time, and to a constant the same response.
        there = quotient(gain, exponential_minus_one(moved))
        wanted = quotient(gain, exponential_minus_one(step))
        missing = times(C, (self.rate * there[0] - wanted[0], self.rate * there[1] - wanted[1]))
        return _System(moved, tuple(self.rate * part for part in gain), C, D + 2 * jnp.sum(missing[0], axis=-1))


def _chunks(system: _System, state: Numbers, u: Array, scan: Scan) -> tuple[Numbers, Array]:
    """Chunks of one length (features, lanes, chunks, size): states after them, and y (features, lanes, time)."""
    features, lanes, count, size = u.shape
    pairs = state[0].shape[-1]
    steps = jnp.arange(size + 1, dtype=u.dtype)[:, None, None]
    powers = exponential(tuple(steps * part[None] for part in system.step))  # (size + 1, features, pairs)
    spread = tuple(jnp.broadcast_to(part, powers[0][:-1].shape) for part in system.gain)
    driven = times(tuple(part[:-1] for part in powers), spread)
    seen = tuple(jnp.broadcast_to(part, driven[0].shape) for part in system.C)
    response = 2 * jnp.sum(times(driven, seen)[0], axis=-1)  # (size, features)
    response = jnp.concatenate([response[:1] + system.D[None], response[1:]])
    # (out, in, features); picked by a product, whose transpose is faster than that of indexing.
    ahead = np.arange(size)[:, None] - np.arange(size)
    matrix = jnp.asarray(ahead[..., None] == np.arange(size), u.dtype) @ response
    y = jnp.einsum("fnct,otf->fnco", u, matrix)
    # What each chunk leaves at its end, and from there on the states between chunks.
    left = tuple(jnp.einsum("fnct,tfp->cfnp", u, part[::-1]).reshape(count, -1) for part in driven)
    change = exponential_minus_one(tuple(size * part for part in system.step))
    full = tuple(jnp.broadcast_to(part[:, None], (features, lanes, pairs)).reshape(-1) for part in change)
    first = tuple(part.reshape(-1) for part in state)
    after = diagonal_recurrence(full, left, first, scan=scan)
    before = tuple(
        jnp.concatenate([a[None], b[:-1]]).reshape(count, features, lanes, pairs)
        for a, b in zip(first, after, strict=True)
    )
    read = times(tuple(part[1:] for part in powers), seen)
    y += 2 * (jnp.einsum("cfnp,ofp->fnco", before[0], read[0]) - jnp.einsum("cfnp,ofp->fnco", before[1], read[1]))
    state = tuple(part[-1].reshape(features, lanes, pairs) for part in after)
    return state, y.reshape(features, lanes, count * size)


@functools.lru_cache(maxsize=4)
def _frequencies(start: str, states: int) -> np.ndarray:
    """(states / 2,) imaginary parts of the poles."""
    if start == "lin":
        return math.pi * np.arange(states // 2)
    if start != "legs":
        raise ValueError(f"start: there are {', '.join(get_args(Start))}, not {start!r}")
    # The normal part of HiPPO-LegS: -1/2 and a skew-symmetric matrix (Gu et al., 2022, eq. 10).
    root = np.sqrt(np.arange(states) + 0.5)
    lower = np.tril(np.outer(root, root), -1)
    return np.sort(np.linalg.eigvalsh(1j * (lower.T - lower)))[states // 2 :]


@register
@final
class S4D(StateSpace):
    """Diagonal structured state spaces with a mixing after each: a continuous system of each feature by itself.

    ``x' = A x + u``, ``z = 2 Re(C x) + D u`` with u held for the step Delta (zero-order hold); then ``u_n + f(z_n)``
    goes to the next layer. At another sample rate (`circuitnn.resampled`) the steps are as much shorter or longer.

    Args:
        hidden: features between the layers.
        layers: how many.
        states: N of each feature, an even number: N / 2 complex numbers, each for a conjugate pair.
        start: of A: "legs", the diagonal part of HiPPO-LegS (the default), or "lin", -1/2 + i pi n.
        mixing: f: "glu", ``(W z + b) sigmoid(V z + c)``, or "tanh", ``tanh(W z + b)``.
        time_constants: the shortest and the longest at the start, in seconds; the steps are log-uniform between.
        scan: of the states between chunks: "sequential", "associative", or "auto", what is faster.
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

    Source: Gu, Gupta, Goel and Re, On the parameterization and initialization of diagonal state space models,
    NeurIPS 2022.
    """

    def recurrent_layer(self, **arguments: Any) -> Layer:
        return S4DLayer(self.hidden, self.states, **arguments)
