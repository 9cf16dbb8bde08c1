"""Which weights of a training are kept.

A model is judged as it will be used: over seconds, on its own, from its rest or a true state.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, final

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from circuitnn.model import Carry, Model
from circuitnn.train.dataset import Dataset, Windows
from circuitnn.train.epoch import Learner, Setting, device_windows
from circuitnn.train.history import History
from circuitnn.train.objective import resting_carry, run_block, starting_carry
from circuitnn.train.quiet import begins_in_signal

HORIZON = 4.0  # seconds that a model runs freely
LEAD = 1.0  # seconds at the start that do not count where the device's state is not known; at most a quarter
TOTAL = 60.0  # seconds of validation data that are run each time, in all
BLOCK = 16_384  # samples that are run at once: what a model keeps of each need not stay in memory for all of them


@final
class Validation:
    """Keeps the best weights by their free-running error; does nothing without validation data.

    A recording of less than twice the horizon is run as a whole, from rest with its knobs where they are, or from the
    true states where they are known. A longer one is cut into excerpts of that length; of more than 60 s in all as many
    as that are taken, evenly spread. An excerpt from the middle has a second in front that does not count; of a
    recording that begins in mid-signal, its states unknown, the first second does not count, or a quarter.
    """

    def __init__(
        self,
        setting: Setting,
        data: Dataset | None,
        every: int,
        horizon: float = HORIZON,
        *,
        is_many: bool,
        has_states: bool = False,
    ):
        self._data, self._every = None, every
        if data is not None:
            time = data.x.shape[1]
            lead = min(round(LEAD * data.fs), time // 4)
            pieces = 1 if time < 2 * horizon * data.fs else int((time - lead) // (horizon * data.fs))
            length = (time - lead) // pieces
            most = max(1, int(TOTAL * data.fs // length))
            self._data = device_windows(data, length, lead, setting.dtype, most=most)
            first = np.arange(len(data.x) * pieces) % pieces == 0
            if not (has_states and data.states is not None):
                first = first & ~np.repeat(begins_in_signal(data), pieces)
            chosen = first[data.places(length, warmup=lead, most=most)]
            counts = np.where(np.arange(lead + length) >= lead, 1.0, chosen[:, None])
            self._counts = jnp.asarray(counts[..., None], setting.dtype)
            self._run = _compiled(setting.graph, is_many)

    def start(self, learner: Learner, fixed: Any, history: History) -> Learner:
        """The learner whose best weights are those that it begins with."""
        if self._data is None:
            return learner
        learner, value = self._run(learner, fixed, self._data, self._counts)
        history.initial = np.asarray(value, float).tolist()
        return learner

    def __call__(self, learner: Learner, fixed: Any, epoch: int, history: History, *, is_last: bool) -> Learner:
        """The learner with the best weights so far, after that epoch."""
        is_done = bool(history.validation_epochs) and history.validation_epochs[-1] == epoch
        if self._data is None or is_done or ((epoch + 1) % self._every and not is_last):
            return learner
        learner, value = self._run(learner, fixed, self._data, self._counts)
        history.validation.append(np.asarray(value, float).tolist())
        history.validation_epochs.append(epoch)
        return learner


def checked_horizon(seconds: float) -> float:
    """Of a validation, in seconds; ValueError for what is none."""
    if not (isinstance(seconds, int | float) and 0 < seconds < float("inf")):
        raise ValueError(f"validation_seconds must be a positive number of seconds, got {seconds!r}")
    return float(seconds)


@functools.lru_cache(maxsize=8)
def _compiled(graph: Any, is_many: bool) -> Callable:
    """(learner, fixed, windows and starts, counts) -> learner with the best weights so far, and its error."""

    def one(learner: Learner, fixed: Any, data: Any, counts: Array) -> tuple[Learner, Array]:
        windows, starts = data
        model = nnx.merge(graph, learner.params, fixed)
        rest = starts.choose(resting_carry(model, starts), slice(None))
        value = _free_error(model, starting_carry(model, rest, windows), windows, counts)
        is_better = value < learner.best_loss
        best = jax.tree.map(lambda new, old: jnp.where(is_better, new, old), learner.params, learner.best_params)
        return learner._replace(best_params=best, best_loss=jnp.where(is_better, value, learner.best_loss)), value

    return jax.jit(jax.vmap(one, in_axes=(0, 0, None, None)) if is_many else one, donate_argnums=0)


def _free_error(model: Model, carry: Carry, windows: Windows, counts: Array) -> Array:
    """Energy of the error to that of the target, of a model on its own; block by block where the windows are long."""
    # Exactly, over the samples that count; of small currents too, whose squares are beyond single precision.
    unit = jnp.max(jnp.abs(windows.y) * counts)

    def run(carry: Carry, x: Array, controls: dict[str, Array], y: Array, counts: Array) -> tuple[Carry, Array]:
        carry, free, _ = run_block(model, carry, windows._replace(x=x, controls=controls), None)
        parts = (free - y, y)
        return carry, jnp.stack([jnp.sum(jnp.square(a / unit) * counts) for a in parts])

    signals = (windows.x, windows.controls, windows.y, counts)
    blocks = math.ceil(windows.x.shape[1] / BLOCK)
    if blocks == 1:
        _, (error, signal) = run(carry, *signals)
        return error / signal
    # Of one length, so that they are compiled once; what that adds to the end does not count.
    length = math.ceil(windows.x.shape[1] / blocks)
    added = blocks * length - windows.x.shape[1]
    padded = jax.tree.map(lambda a: jnp.pad(a, [(0, 0), (0, added), *[(0, 0)] * (a.ndim - 2)]), signals)

    def block(carry: Carry, start: Array) -> tuple[Carry, Array]:
        return run(carry, *jax.tree.map(lambda a: jax.lax.dynamic_slice_in_dim(a, start, length, 1), padded))

    _, sums = jax.lax.scan(block, carry, length * jnp.arange(blocks))
    error, signal = jnp.sum(sums, axis=0)
    return error / signal
