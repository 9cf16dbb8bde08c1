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

from circuitnn.losses.floor import floored
from circuitnn.model import Carry
from circuitnn.train.dataset import Dataset, Windows
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
from circuitnn.train.order import Order, ordered
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


def make_epoch(setting: Setting, regime: Regime, *, is_many: bool) -> Callable:
    """The compiled pass: (learner, fixed, windows and starts, key, epoch, epochs) -> learner, losses of its updates.

    Where a model rests, and its stored starts, are found at the start of the pass, with the weights that it has then.
    """
    if setting.optimizer.nbytes + setting.loss.nbytes > _MOST_NUMBERS:
        return _epoch(setting, regime, is_many)
    return _kept_epoch(setting, regime, is_many)


def _epoch(setting: Setting, regime: Regime, is_many: bool) -> Callable:
    optimizer_of, loss = setting.optimizer.function, setting.loss.function
    emphasis = regime.emphasis(setting.dtype)

    def one_window_batch(state, fixed, batch: Windows, rest: Carry, key: Array, progress: Array, floor: Array):
        params, optimizer = state
        model = nnx.merge(setting.graph, params, fixed)
        carry = starting_carry(model, rest, batch)
        previous = previous_states(batch) if regime.needs_states else None
        scale = None if batch.states is None else state_scale(batch, horizon=regime.horizon(progress))
        if regime.warmup:
            key, warmup_key = jax.random.split(key)
            forcing = regime.forcing(warmup_key, progress, _time(previous, 0, regime.warmup))
            carry = lax.stop_gradient(run_block(model, carry, _cut(batch, 0, regime.warmup), forcing)[0])

        def one_block(state, inputs):
            (params, optimizer, carry), (index, block_key) = state, inputs
            start = regime.warmup + index * regime.length
            block = _cut(batch, start, regime.length)
            forcing = regime.forcing(block_key, progress, _time(previous, start, regime.length))

            def objective(params, carry=carry):
                model = nnx.merge(setting.graph, params, fixed)
                against = functools.partial(floored, loss, eps=floor)
                return block_loss(model, carry, block, forcing, against, setting.state_weight, scale, emphasis)

            (value, carry), gradient = jax.value_and_grad(objective, has_aux=True)(params)
            steps, optimizer = update(optimizer_of, gradient, optimizer, params, value, lambda p: objective(p)[0])
            return (optax.apply_updates(params, steps), optimizer, carry), value

        inputs = jnp.arange(regime.blocks), jax.random.split(key, regime.blocks)
        (params, optimizer, _), values = lax.scan(one_block, (params, optimizer, carry), inputs)
        return (params, optimizer), values

    def one_epoch(learner: Learner, fixed, data: tuple[Windows, Starts], key: Array, epoch: Array, epochs: Array):
        windows, starts = data
        model = nnx.merge(setting.graph, learner.params, fixed)
        rests = resting_carry(model, starts)
        stored = setting.stored and stored_starts(model, rests, starts, windows, setting.stored)
        floor = output_floor(windows)
        count = windows.x.shape[0]
        batches = batches_of(count, setting.batch)
        # The order and all random choices follow from the seed and the epoch alone: a resumed run repeats them.
        order_key, *keys = jax.random.split(jax.random.fold_in(key, epoch), batches + 1)
        size = min(setting.batch, count)
        order = ordered(setting.order, order_key, windows.y, batches, size)

        def body(state, inputs):
            index, batch_key, done = inputs
            batch = jax.tree.map(lambda a: a[index], windows)
            rest = starts.choose(rests, index) if stored is None else chosen_carry(stored, index)
            return one_window_batch(state, fixed, batch, rest, batch_key, (epoch + done) / epochs, floor)

        inputs = order, jnp.stack(keys), jnp.arange(batches) / batches
        (params, optimizer), values = lax.scan(body, (learner.params, learner.optimizer), inputs)
        return learner._replace(params=params, optimizer=optimizer), values.ravel()

    if is_many:
        one_epoch = jax.vmap(one_epoch, in_axes=(0, 0, None, 0, None, None))
    return jax.jit(one_epoch, donate_argnums=0)


_kept_epoch = functools.lru_cache(maxsize=8)(_epoch)


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
