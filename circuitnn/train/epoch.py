"""One pass over the data, compiled as a whole: a scan over batches, and in each a scan over the blocks of a window.

What was compiled serves again, in a later `fit` too, as long as model, regime, optimiser and loss compute the same.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import Array, lax
from jax.sharding import Mesh

from circuitnn.losses.floor import floored
from circuitnn.model import Carry
from circuitnn.train.dataset import Dataset, Windows
from circuitnn.train.devices import of_many, on_devices
from circuitnn.train.objective import (
    Starts,
    block_loss,
    chosen_carry,
    output_floor,
    previous_states,
    resting_carry,
    run_block,
    starting_carry,
    state_scale,
)
from circuitnn.train.optimizing import update
from circuitnn.train.order import Order, levels, ordered
from circuitnn.train.regimes import Regime
from circuitnn.train.sameness import Traced
from circuitnn.train.starts import Recordings, stored_starts

_MOST_NUMBERS = 2**20  # bytes of constants in a loss or an optimiser that are kept beyond one fit


class Learner(NamedTuple):
    """All that training changes; for several models trained at once every array has the models as its first axis."""

    params: Any
    optimizer: Any
    best_params: Any
    best_loss: Array


class Setting(NamedTuple):
    """What stays the same through training; of the same value where the same is computed."""

    graph: Any
    optimizer: Traced  # of an optax.GradientTransformationExtraArgs
    loss: Traced
    state_weight: float
    batch: int
    dtype: Any
    order: Order = "shuffled"
    stored: Recordings | None = None  # where windows begin with what the model had heard until then
    mesh: Mesh | None = None  # of several devices


def device_windows(
    data: Dataset, length: int, warmup: int, dtype: Any, *, most: int | None = None
) -> tuple[Windows, Starts]:
    """The windows of a data set and where they begin, as arrays on the device, in the models' precision."""
    windows = data.windows(length, warmup=warmup, most=most)
    knobs, setting = Starts.of(windows)
    windows, knobs = jax.tree.map(lambda a: jnp.asarray(a, dtype), (windows, knobs))
    return windows, Starts(knobs, jnp.asarray(setting))


def batches_of(windows: int, batch: int) -> int:
    """Whole batches in a pass; fewer windows than one batch make one smaller batch."""
    return max(1, windows // batch)


def make_epoch(setting: Setting, regime: Regime, *, is_many: bool) -> Any:
    """The compiled pass: (learner, fixed, windows and starts, key, epoch, epochs) -> learner, losses of its updates.

    Where a model rests, and its stored starts, are found at the start of the pass, with the weights that it has then.
    """
    return _kept(_epoch, setting, regime, is_many)


def make_steps(setting: Setting, regime: Regime, *, is_many: bool) -> tuple[Any, Any]:
    """The same pass in two programs, for windows that are read batch by batch.

    Returns:
        The start of a pass, (learner, fixed, starts, levels, key, epoch, epochs) -> rests, order of the windows, and of
        each batch a key and the share of the training that is done; and one batch, (learner, fixed, windows, rests and
        which of them, those keys and shares, number of the batch, floor) -> learner, losses.
    """
    return _kept(_steps, setting, regime, is_many)


def _kept(make: Callable, setting: Setting, regime: Regime, is_many: bool) -> Any:
    if setting.optimizer.nbytes + setting.loss.nbytes > _MOST_NUMBERS:
        return make(setting, regime, is_many)
    return _cached(make, setting, regime, is_many)


@functools.lru_cache(maxsize=8)
def _cached(make: Callable, setting: Setting, regime: Regime, is_many: bool) -> Any:
    return make(setting, regime, is_many)


def _window_batch(setting: Setting, regime: Regime, is_many: bool) -> Callable:
    """All updates of one batch of windows, one for each block."""
    optimizer_of, loss = setting.optimizer.function, setting.loss.function
    emphasis = regime.emphasis(setting.dtype)
    run = run_block if setting.mesh is None or is_many else on_devices(setting.mesh)

    def one_window_batch(state, fixed, batch: Windows, rest: Carry, key: Array, progress: Array, floor: Array):
        params, optimizer = state
        model = nnx.merge(setting.graph, params, fixed)
        carry = starting_carry(model, rest, batch)
        previous = previous_states(batch) if regime.needs_states else None
        scale = None if batch.states is None else state_scale(batch, horizon=regime.horizon(progress))
        if regime.warmup:
            key, warmup_key = jax.random.split(key)
            forcing = regime.forcing(warmup_key, progress, _time(previous, 0, regime.warmup))
            carry = lax.stop_gradient(run(model, carry, _cut(batch, 0, regime.warmup), forcing)[0])

        def one_block(state, inputs):
            (params, optimizer, carry), (index, block_key) = state, inputs
            start = regime.warmup + index * regime.length
            block = _cut(batch, start, regime.length)
            forcing = regime.forcing(block_key, progress, _time(previous, start, regime.length))

            def objective(params, carry=carry):
                model = nnx.merge(setting.graph, params, fixed)
                against = functools.partial(floored, loss, eps=floor)
                return block_loss(model, carry, block, forcing, against, setting.state_weight, scale, emphasis, run)

            (value, carry), gradient = jax.value_and_grad(objective, has_aux=True)(params)
            steps, optimizer = update(optimizer_of, gradient, optimizer, params, value, lambda p: objective(p)[0])
            return (optax.apply_updates(params, steps), optimizer, carry), value

        inputs = jnp.arange(regime.blocks), jax.random.split(key, regime.blocks)
        (params, optimizer, _), values = lax.scan(one_block, (params, optimizer, carry), inputs)
        return (params, optimizer), values

    return one_window_batch


def _batches(setting: Setting, key: Array, epoch: Any, level: Array) -> tuple[Array, Array]:
    """Windows of each batch of a pass, (batches, size), and a key for each.

    The order and all random choices follow from the seed and the epoch alone: a resumed run repeats them.
    """
    count = len(level)
    batches = batches_of(count, setting.batch)
    keys = jax.random.split(jax.random.fold_in(key, epoch), batches + 1)
    return ordered(setting.order, keys[0], level, batches, min(setting.batch, count)), keys[1:]


def _epoch(setting: Setting, regime: Regime, is_many: bool) -> Callable:
    one_window_batch = _window_batch(setting, regime, is_many)

    def one_epoch(learner: Learner, fixed, data: tuple[Windows, Starts], key: Array, epoch: Array, epochs: Array):
        windows, starts = data
        model = nnx.merge(setting.graph, learner.params, fixed)
        rests = resting_carry(model, starts)
        stored = setting.stored and stored_starts(model, rests, starts, windows, setting.stored)
        floor = output_floor(windows)
        order, keys = _batches(setting, key, epoch, levels(windows.y))

        def body(state, inputs):
            index, batch_key, done = inputs
            batch = jax.tree.map(lambda a: a[index], windows)
            rest = starts.choose(rests, index) if stored is None else chosen_carry(stored, index)
            return one_window_batch(state, fixed, batch, rest, batch_key, (epoch + done) / epochs, floor)

        inputs = order, keys, jnp.arange(len(order)) / len(order)
        (params, optimizer), values = lax.scan(body, (learner.params, learner.optimizer), inputs)
        return learner._replace(params=params, optimizer=optimizer), values.ravel()

    if is_many:
        one_epoch = of_many(one_epoch, (0, 0, None, 0, None, None), setting.mesh)
    return jax.jit(one_epoch, donate_argnums=0)


def _steps(setting: Setting, regime: Regime, is_many: bool) -> tuple[Callable, Callable]:
    one_window_batch = _window_batch(setting, regime, is_many)

    def begin(learner: Learner, fixed, starts: Starts, level: Array, key: Array, epoch: Array, epochs: Array):
        rests = resting_carry(nnx.merge(setting.graph, learner.params, fixed), starts)
        order, keys = _batches(setting, key, epoch, level)
        return rests, order, (keys, (epoch + jnp.arange(len(order)) / len(order)) / epochs)

    def one_batch(learner: Learner, fixed, batch: Windows, rests: tuple[Carry, Array], each, number: Array, floor):
        rest, (key, progress) = chosen_carry(*rests), jax.tree.map(lambda a: a[number], each)
        state = learner.params, learner.optimizer
        (params, optimizer), values = one_window_batch(state, fixed, batch, rest, key, progress, floor)
        return learner._replace(params=params, optimizer=optimizer), values

    if is_many:
        begin = of_many(begin, (0, 0, None, None, 0, None, None), setting.mesh)
        one_batch = of_many(one_batch, (0, 0, 0, 0, 0, None, None), setting.mesh)
    return jax.jit(begin), jax.jit(one_batch, donate_argnums=0)


def _time(a: Array | None, start: Any, length: int) -> Array | None:
    return None if a is None else lax.dynamic_slice_in_dim(a, start, length, axis=1)


def _cut(windows: Windows, start: Any, length: int) -> Windows:
    """Samples of all windows along time; the initial state belongs to the whole window and is left out."""
    return Windows(
        _time(windows.x, start, length),
        _time(windows.y, start, length),
        _time(windows.states, start, length),
        None,
        {name: _time(value, start, length) for name, value in windows.controls.items()},
    )
