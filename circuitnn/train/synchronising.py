"""What a model has to remember, found from sound and what a device made of it: the phase of a hidden oscillator."""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from flax import nnx
from jax import Array
from jax import numpy as jnp
from jax.typing import ArrayLike
from numpy.typing import NDArray

from circuitnn.hybrid.oscillator import Movement
from circuitnn.model import Carry, Controls, Model, all_controls, checked_model
from circuitnn.native import fastest
from circuitnn.numerics.levenberg_marquardt import descend_together
from circuitnn.running import as_block
from circuitnn.samples import check_finite
from circuitnn.train.suspicion import DataWarning
from circuitnn.train.synchronisation import Candidate, Synchronisation
from circuitnn.train.unknown_memory import UnknownMemory

AT_ONCE = 48  # candidates side by side
GROUPS = 16  # parts of the context, whose errors are taken for independent
LARGEST_DEVIATION = 0.5  # radians of the phase, beyond which a context is said not to tell
SAME = 0.05  # radians, and units of the scale of rates: candidates no further apart are one
FORGOTTEN = 1e-9  # of the largest curvature: memory that has less is forgotten before it counts
SINGULAR = 1e10  # condition of the matrix, from which on nothing pulls in some direction
STEP = {4: 3e-3, 8: 1e-4}  # radians, and units of the scale of rates, by the bytes of a number
SMALLEST_PEAK = 1e-9  # volts: below it is silence

Left = Callable[[Array], Array]  # of points (k, p): what is left of y, (k, time, out_features)
Jacobian = Callable[[Left, Array], tuple[Array, Array]]  # that, and its columns (p, k, time, out_features)


def synchronise(
    model: Model,
    x: ArrayLike,
    y: ArrayLike,
    *,
    rates: tuple[float, float] | None = None,
    sweeps: bool = False,
    memory: bool | None = None,
    controls: Controls | None = None,
    warmup: int = 1000,
    phases: int = 16,
    refined: int = 3,
    steps: int = 20,
) -> tuple[Carry, Synchronisation]:
    """Find the memory of a model from a piece of sound and what a device made of it; what follows can be played.

    A modulation that is hidden cannot be heard at the input, but at the output: `model` is a chain with one
    `circuitnn.hybrid.Oscillator` before a circuit or a network that takes its voltage. Rates and phases on a grid are
    tried side by side. From the best of them Gauss and Newton's method, damped, goes on with the model's own
    derivatives. Of a model without an oscillator all of the memory at the start is found so, from rest.

    Args:
        model: the chain, or any model.
        x: (time,) or (time, in_features) volts, the context.
        y: (time,) or (time, out_features) volts, what the device made of it.
        rates: hertz, the lowest and the highest rate to try; None where the oscillator's own rate is the device's.
        sweeps: whether the rate moves: its change, in hertz per second, is found as well.
        memory: whether the other memory at the start is unknown, too; None where there is no oscillator. Otherwise it
            is the one at rest, and has `warmup` to forget that.
        controls: knobs, constants or along time.
        warmup: samples at the start of the context that do not count.
        phases: how many are tried.
        refined: how many of the best on the grid are followed up.
        steps: of the method, at most, those that are tried in vain included.

    Returns:
        The carry after the context, for `circuitnn.run` to go on with, and what is to be known of it.

    Raises:
        ValueError: for signals that do not fit the model or each other or are silent, a context no longer than the
            warm-up, rates beyond the oscillator's bounds, and a model with several oscillators, or without where rates
            are asked for.

    Warns:
        DataWarning: when the context does not tell the phase, or another phase or rate explains it nearly as well.
    """
    context = _Context.of(checked_model(model), x, y, controls, warmup)
    unknown = UnknownMemory.of(model, is_rate_known=rates is None, sweeps=sweeps, memory=memory)
    points = unknown.grid(model, rates, phases, (context.time - warmup) / (model.fs or 1.0))
    swift = fastest(model, len(points) * context.time, streams=AT_ONCE)
    errors = context.errors(swift, unknown, points)
    if not np.isfinite(errors).any():
        raise ValueError("the model's output is not finite from any of the phases and rates that were tried")
    few = unknown.count == unknown.movements
    normal = context.normal(swift if few else model, unknown, _by_differences if few else _by_derivatives)

    def summed(points: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        gram, parts, error = normal(points)
        return gram, parts.sum(axis=1), error

    found = descend_together(summed, unknown.apart(points, errors, refined), steps=steps)
    return _concluded(context, model, unknown, found, normal(found))


class _Context(NamedTuple):
    """What went in and what came out: x (time, in_features), y (time, out_features), knobs."""

    x: Array
    y: Array
    controls: dict[str, Array]
    warmup: int

    @classmethod
    def of(cls, model: Model, x: Any, y: Any, controls: Controls | None, warmup: int) -> "_Context":
        x, y = as_block(x, model.in_features, model.dtype), as_block(y, model.out_features, model.dtype)
        x, y = (each[:, None] if each.ndim == 1 else each for each in (x, y))
        if x.ndim > 2 or y.ndim > 2 or len(x) != len(y):
            raise ValueError(f"x and y have to be one recording, as long as each other; got {x.shape} and {y.shape}")
        if not 0 <= warmup < len(x):
            raise ValueError(f"a context of {len(x)} samples is no longer than the warm-up of {warmup}")
        for name, signal in (("x", x), ("y", y)):
            check_finite(name, signal)
            if float(np.abs(np.asarray(signal[warmup:])).max()) < SMALLEST_PEAK:
                raise ValueError(f"{name} is silent after the warm-up: nothing tells where the oscillator is")
        knobs = all_controls(model, controls, x.shape[:-1])
        return cls(jnp.asarray(x, model.dtype), jnp.asarray(y, model.dtype), knobs, warmup)

    @property
    def time(self) -> int:
        return len(self.x)

    @property
    def energy(self) -> float:
        return float(np.sum(np.square(self.y[self.warmup :], dtype=float)))

    def errors(self, model: Model, unknown: UnknownMemory, points: NDArray) -> NDArray:
        """ESR of each candidate (candidates,)."""
        graph, variables = nnx.split(model)
        count = min(AT_ONCE, len(points))
        padded = np.concatenate([points, np.repeat(points[-1:], -len(points) % count, axis=0)])
        parts = [
            _errors(graph, unknown, self.warmup, variables, self[:3], jnp.asarray(part, model.dtype))
            for part in padded.reshape(-1, count, points.shape[1])
        ]
        return np.concatenate([np.asarray(part, float) for part in parts])[: len(points)] / self.energy

    def normal(
        self, model: Model, unknown: UnknownMemory, jacobian: Jacobian
    ) -> Callable[[NDArray], tuple[NDArray, NDArray, NDArray]]:
        """Of candidates (k, p): Gauss and Newton's matrix (k, p, p), half the gradient of each part of the context
        (k, groups, p), and the error (k,), over the energy of y.
        """
        graph, variables = nnx.split(model)

        def at(points: NDArray) -> tuple[NDArray, NDArray, NDArray]:
            found = _normal(
                graph, unknown, self.warmup, jacobian, variables, self[:3], jnp.asarray(points, model.dtype)
            )
            gram, parts, errors = (np.asarray(each, float) / self.energy for each in found)
            return gram, parts, errors

        return at


def _played(model: Model, unknown: UnknownMemory, warmup: int, context: Any, points: Array) -> tuple[Carry, Array]:
    """The carries after the context and what is left of y, (candidates, time - warmup, out_features)."""
    x, y, controls = context
    carry = unknown.carry(points, model.init_carry((len(points),), controls))
    after, found = model(carry, jnp.broadcast_to(x, (len(points), *x.shape)), controls)
    return after, (found - y)[:, warmup:]


@partial(jax.jit, static_argnums=(0, 1, 2))
def _carries(graph: Any, unknown: UnknownMemory, warmup: int, variables: Any, context: Any, points: Array) -> Carry:
    return _played(nnx.merge(graph, variables), unknown, warmup, context, points)[0]


@partial(jax.jit, static_argnums=(0, 1, 2))
def _errors(graph: Any, unknown: UnknownMemory, warmup: int, variables: Any, context: Any, points: Array) -> Array:
    return jnp.sum(jnp.square(_played(nnx.merge(graph, variables), unknown, warmup, context, points)[1]), axis=(1, 2))


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _normal(
    graph: Any, unknown: UnknownMemory, warmup: int, jacobian: Jacobian, variables: Any, context: Any, points: Array
) -> tuple[Array, Array, Array]:
    model = nnx.merge(graph, variables)
    left, columns = jacobian(lambda points: _played(model, unknown, warmup, context, points)[1], points)
    gram = jnp.einsum("iktf,jktf->kij", columns, columns)
    groups = min(GROUPS, left.shape[1])
    pulls = jnp.pad((columns * left).sum(-1), [(0, 0), (0, 0), (0, -left.shape[1] % groups)])
    parts = pulls.reshape(*pulls.shape[:2], groups, -1).sum(-1)
    return gram, jnp.moveaxis(parts, 0, -1), jnp.sum(jnp.square(left), axis=(1, 2))


def _by_differences(left: Left, points: Array) -> tuple[Array, Array]:
    """Central ones: plain runs of the model, which compiled C does many times faster than derivatives."""
    step = jnp.asarray(STEP[points.dtype.itemsize], points.dtype)
    moved = points + step * jnp.eye(points.shape[1], dtype=points.dtype)[:, None]
    back = points - step * jnp.eye(points.shape[1], dtype=points.dtype)[:, None]
    streams = jnp.concatenate([points[None], moved, back]).reshape(-1, points.shape[1])
    here, up, down = jnp.split(left(streams), (len(points), len(points) * (1 + points.shape[1])))
    columns = (up - down).reshape(points.shape[1], *here.shape) / (2 * step)
    return here, columns


def _by_derivatives(left: Left, points: Array) -> tuple[Array, Array]:
    found, back = jax.vjp(left, points)

    # A column of the Jacobian, by transposing twice: networks have a rule for going backwards only.
    def column(direction: Array) -> Array:
        return jax.linear_transpose(lambda y: back(y)[0], found)(jnp.broadcast_to(direction, points.shape))[0]

    return found, jnp.stack([column(direction) for direction in jnp.eye(points.shape[1], dtype=points.dtype)])


def _concluded(
    context: _Context, model: Model, unknown: UnknownMemory, found: NDArray, measured: tuple[NDArray, ...]
) -> tuple[Carry, Synchronisation]:
    """The best point's carry, and what stands beside it."""
    gram, parts, errors = measured
    graph, variables = nnx.split(model)
    carries = _carries(graph, unknown, context.warmup, variables, context[:3], jnp.asarray(found, model.dtype))
    candidates: list[Candidate] = []
    chosen: list[int] = []
    for index in np.argsort(np.where(np.isfinite(errors), errors, np.inf)).tolist():
        near = [np.abs(unknown.difference(found[index], found[other]))[: unknown.movements].max() for other in chosen]
        if min(near, default=np.inf) < SAME:
            continue
        chosen.append(index)
        carry = jax.tree.map(lambda leaf, index=index: leaf[index] if jnp.ndim(leaf) else leaf, carries)
        candidates.append(Candidate(float(errors[index]), carry, unknown.movement(model, carry)))
    best, deviation = chosen[0], None
    oscillator = unknown.oscillator(model)
    if oscillator is not None:

        def turned(point: Array) -> Array:
            return unknown.turned(oscillator, point, context.time)

        slopes = np.asarray(jax.jacfwd(turned)(jnp.asarray(found[best], model.dtype)), float)
        deviation = _deviation(unknown, slopes, gram[best], parts[best])
    result = Synchronisation(tuple(candidates), deviation)
    _warn(result)
    return candidates[0].carry, result


def _deviation(unknown: UnknownMemory, slopes: NDArray, gram: NDArray, parts: NDArray) -> Movement:
    """Standard deviations of phase, rate and sweep, whose `slopes` are (3, p) (White 1980; parts independent)."""
    is_other = np.arange(len(gram)) >= unknown.movements
    gram = gram + np.diag(np.where(is_other, FORGOTTEN * np.diag(gram).max(), 0.0))
    scale = np.sqrt(np.diag(gram))
    if not np.all(scale > 0) or np.linalg.cond(gram / np.outer(scale, scale)) > SINGULAR:
        return Movement(*np.full(3, np.inf))
    spread = np.linalg.solve(gram, parts.T)
    groups = len(parts)
    return Movement(*np.sqrt(np.sum(np.square(slopes @ spread), axis=1) * groups / max(1, groups - 1)))


def _warn(result: Synchronisation) -> None:
    if result.deviation is not None and not result.deviation.phase < LARGEST_DEVIATION:
        text = f"the phase after it is known to {result.deviation.phase:.2g} rad only"
    elif not result.is_unique:
        text = f"another phase or rate explains it nearly as well: {result}"
    else:
        return
    warnings.warn(f"the context does not tell where the oscillator is: {text}", DataWarning, stacklevel=4)
