"""A recurrent network solved for all samples of a block at once: Newton's iteration over its trajectory.

Each iteration linearises the step of the model along the last trajectory; what is left is a linear recurrence over
time, which an associative scan solves in as many steps as the logarithm of its length.

Source: Lim et al. 2024, "Parallelizing non-linear sequential models over the sequence length" (DEER); by Gonzalez et
    al. 2024, "Towards scalable and stable parallelization of nonlinear RNNs", Newton's method, with a diagonal form.
"""

import warnings
from typing import Any, NamedTuple, final

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array, lax
from jax.typing import ArrayLike

from circuitnn.model import Carry, Controls, Forcing, Model, StateModel, all_controls, checked_model
from circuitnn.numerics.progress import begin
from circuitnn.numerics.recurrence import linear_recurrence
from circuitnn.numerics.report import SolveWarning
from circuitnn.running import as_block, signal_shape


@final
class AtOnce(NamedTuple):
    """What `at_once` gives.

    Attributes:
        carry: after the block.
        y: with the rank of x, as of `circuitnn.run`.
        states: (..., time, n_states) of a model with circuit states, else None.
        iterations: Newton's, before the one that the gradient is taken of.
        is_converged: whether they ended; if not, all that is given comes from the loop over the samples.
    """

    carry: Carry
    y: Array
    states: Array | None
    iterations: Array
    is_converged: Array


def at_once(
    model: Model,
    x: ArrayLike,
    carry: Carry | None = None,
    *,
    controls: Controls | None = None,
    forcing: Forcing | None = None,
    tolerance: float | None = None,
    is_parallel: bool = True,
) -> AtOnce:
    """Run a recurrent network over a block by Newton's iteration over all samples at once.

    The same numbers as `circuitnn.run` or `circuitnn.trace` to rounding, and the same gradient, by the implicit
    function theorem: one more linear recurrence, in reverse. It does as many times the work as there are iterations and
    numbers in the carry, and is for accelerators; on a CPU the loop is faster. Where it does not converge the loop
    takes over.

    Args:
        model: `GRU`, `LSTM`, `StateMatchedGRU`, `STN`, or another whose carry is one array (..., n), n small.
        x: (time,) or (..., time, in_features), in volts.
        carry: from an earlier block; the model at rest when None.
        controls: as for `circuitnn.run`.
        forcing: as for `circuitnn.trace`.
        tolerance: the iteration ends with a step of the carry below this, against 1 and the largest of its numbers. The
            error left is of the order of its square. None: the power 3/4 of the precision, 6e-6 in float32.
        is_parallel: solve the linear recurrences by associative scans; else by a loop, which is less work.

    Raises:
        TypeError: for a carry of another form, and forcing of a model without circuit states.

    Warns:
        SolveWarning: when it did not converge; inside a compiled function look at `is_converged`.
    """
    block = jnp.asarray(as_block(x, checked_model(model).in_features, model.dtype), model.dtype)
    is_mono = block.ndim == 1
    block = block[:, None] if is_mono else block
    batch, time = block.shape[:-2], block.shape[-2]
    knobs = all_controls(model, controls, signal_shape(block))
    start = model.init_carry(batch, knobs or None) if carry is None else carry
    if not (isinstance(start, jax.Array) and start.ndim == len(batch) + 1 and start.shape[:-1] == batch):
        raise TypeError(f"at_once: the carry of a {type(model).__name__} is not one array (..., n)")
    if forcing is not None and not isinstance(model, StateModel):
        raise TypeError(f"at_once: {type(model).__name__} has no circuit states to be forced")
    graph, numbers = nnx.split(model)
    inputs = _Samples(
        _first(block, 2),
        {n: _first(jnp.broadcast_to(k, block.shape[:-1]), 1) for n, k in knobs.items()},
        None if forcing is None else _shown(forcing, batch, time),
    )

    def step(numbers: Any, before: Array, samples: "_Samples") -> tuple[Array, Array, Array | None]:
        """All samples as a batch of blocks of one."""
        return _one_block(nnx.merge(graph, numbers), before, samples)

    eps = float(jnp.finfo(start.dtype).eps)
    enough = eps**0.75 if tolerance is None else tolerance
    found, iterations, is_converged = _solve(
        step, *lax.stop_gradient((numbers, start, inputs)), time, enough, is_parallel=is_parallel
    )

    def solved() -> tuple[Any, ...]:
        return _at_the_solution(step, numbers, start, inputs, found, is_parallel=is_parallel)

    def in_order() -> tuple[Any, ...]:
        if isinstance(model, StateModel):
            return model.trace(start, block, knobs or None, forcing)
        return (*model(start, block, knobs or None), None)

    after, y, states = lax.cond(is_converged, solved, in_order)
    if not isinstance(is_converged, jax.core.Tracer) and not is_converged:
        warnings.warn(f"at_once: no convergence in {iterations} iterations, run in order", SolveWarning, stacklevel=2)
    return AtOnce(after, y[..., 0] if is_mono and y.shape[-1] == 1 else y, states, iterations, is_converged)


class _Samples(NamedTuple):
    """What goes into each sample: arrays (time, ..., 1, width), knobs (time, ..., 1)."""

    x: Array
    controls: dict[str, Array]
    forcing: Forcing | None


def _first(a: Array, back: int) -> Array:
    """Time, that many axes from the end, as the first axis, and an axis of length one in its place."""
    return jnp.expand_dims(jnp.moveaxis(a, -back, 0), -back if back > 1 else a.ndim)


def _shown(forcing: Forcing, batch: tuple[int, ...], time: int) -> Forcing:
    mask = None if forcing.mask is None else _first(jnp.broadcast_to(forcing.mask, (*batch, time)), 1)
    return Forcing(_first(jnp.asarray(forcing.previous), 2), mask)


def _one_block(model: Model, before: Array, samples: _Samples) -> tuple[Array, Array, Array | None]:
    if isinstance(model, StateModel):
        return model.trace(before, samples.x, samples.controls or None, samples.forcing)
    return (*model(before, samples.x, samples.controls or None), None)


def _solve(step: Any, numbers: Any, start: Array, inputs: _Samples, time: int, enough: float, *, is_parallel: bool):
    """The carry after each sample (time, ..., n), the iterations, and whether they have converged."""

    def iterate(state):
        trajectory, progress = state
        after, jacobian = _linearised(step, numbers, _before(start, trajectory), inputs)
        change = _correction(jacobian, after - trajectory, jnp.zeros_like(start), is_parallel=is_parallel)
        size = jnp.abs(change) / (1 + jnp.max(jnp.abs(trajectory)))
        moving = jnp.sum(~(size <= enough), dtype=jnp.int32)
        return trajectory + change, progress.after(jnp.max(size) / enough, moving)

    def unfinished(state):
        return ~(state[1].left <= 1) & state[1].is_promising

    guess = jnp.broadcast_to(start, (time, *start.shape))
    found, progress = lax.while_loop(unfinished, iterate, (guess, begin(start.dtype)))
    return found, progress.iterations, progress.left <= 1


def _at_the_solution(step: Any, numbers: Any, start: Array, inputs: _Samples, found: Array, *, is_parallel: bool):
    """Carry, y, states by one more iteration, the only one with a gradient."""
    before = _before(lax.stop_gradient(start), found)
    _, jacobian = _linearised(step, *lax.stop_gradient((numbers, before, inputs)))
    after, _, _ = step(numbers, before, inputs)
    change = _correction(jacobian, after - found, start - lax.stop_gradient(start), is_parallel=is_parallel)
    trajectory = found + change
    _, y, states = step(numbers, _before(start, trajectory), inputs)
    back = [None if a is None else jnp.moveaxis(a[..., 0, :], 0, -2) for a in (y, states)]
    return trajectory[-1], *back


def _before(start: Array, trajectory: Array) -> Array:
    return jnp.concatenate([start[None], trajectory[:-1]])


def _linearised(step: Any, numbers: Any, before: Array, inputs: _Samples) -> tuple[Array, Array]:
    """The carry after each sample (time, ..., n), and its derivative by that before, (n after, time, ..., n before)."""
    after, pull = jax.vjp(lambda before: step(numbers, before, inputs)[0], before)
    units = jnp.eye(before.shape[-1], dtype=before.dtype)
    return after, jax.vmap(lambda unit: pull(jnp.broadcast_to(unit, after.shape))[0])(units)


def _correction(jacobian: Array, residual: Array, start: Array, *, is_parallel: bool) -> Array:
    """``d_n = J_n d_{n-1} + r_n``, (time, ..., n)."""
    n, time = residual.shape[-1], len(residual)
    transition = jnp.moveaxis(jacobian.reshape(n, time, -1, n), (0, 3, 2), (1, 2, 3))
    drive = jnp.moveaxis(residual.reshape(time, -1, n), 1, 2)
    before, last = linear_recurrence(transition, drive, start.reshape(-1, n).T, is_parallel=is_parallel)
    after = jnp.concatenate([before[1:], last[None]])
    return jnp.moveaxis(after, 2, 1).reshape(residual.shape)
