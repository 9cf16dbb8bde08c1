"""The epochs of a training one by one: over windows in memory, or over such as are read batch by batch."""

import abc
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np

from circuitnn.losses.floor import SHARE
from circuitnn.train.allocation import give_back_large_blocks
from circuitnn.train.dataset import Dataset, Windows
from circuitnn.train.devices import placed
from circuitnn.train.epoch import Learner, Setting, device_windows, make_epoch, make_steps
from circuitnn.train.objective import Starts
from circuitnn.train.plan import Plan
from circuitnn.train.regimes import Regime
from circuitnn.train.sameness import Traced
from circuitnn.train.starts import MEMORY, Recordings, Start

LONG, LOOK = 2.0, 0.01  # seconds: an epoch in which to look whether a signal has come, and how often
AHEAD = 2  # batches that are read while one is learnt from
LEVELS = 64  # windows whose levels are taken at a time


@final
class Task(NamedTuple):
    """What is learnt from, and what stays the same through all epochs."""

    data: Dataset
    fixed: Any
    keys: Any
    epochs: int
    is_many: bool


class Pass(abc.ABC):
    """One epoch under one regime (abstract)."""

    @abc.abstractmethod
    def __call__(self, learner: Learner, epoch: int) -> tuple[Learner, Any]:
        """The learner after that epoch, and the losses of its updates."""

    @abc.abstractmethod
    def traced(self, learner: Learner) -> list[Any]:
        """Its programs, as JAX traces them."""


@final
class InMemory(Pass):
    """All windows are on the device, and an epoch is one program."""

    def __init__(self, setting: Setting, part: Regime, task: Task):
        self._task, self._seconds = task, 0.0  # of the last epoch
        self._run = make_epoch(setting, part, is_many=task.is_many)
        data = device_windows(task.data, part.length * part.blocks, part.warmup, setting.dtype)
        self._data = placed(data, setting.mesh, is_divided=False)

    def __call__(self, learner: Learner, epoch: int) -> tuple[Learner, Any]:
        task, began = self._task, time.monotonic()
        learner, losses = self._run(learner, task.fixed, self._data, task.keys, epoch, task.epochs)
        # Waiting inside of JAX nobody hears a Ctrl-C: where an epoch is long, and a look costs nothing, wait here.
        while self._seconds > LONG and not losses.is_ready():
            time.sleep(LOOK)
        losses = np.asarray(losses, float)
        self._seconds = time.monotonic() - began
        return learner, losses

    def traced(self, learner: Learner) -> list[Any]:
        task = self._task
        return [self._run.trace(learner, task.fixed, self._data, task.keys, 0, task.epochs).jaxpr]


@final
class FromDisk(Pass):
    """The windows of a batch are read while the one before is learnt from: the same order, the same updates."""

    def __init__(self, setting: Setting, part: Regime, task: Task):
        give_back_large_blocks()
        self._setting, self._part, self._task = setting, part, task
        self._begin, self._run = make_steps(setting, part, is_many=task.is_many)
        self._length = part.length * part.blocks
        places = task.data.places(self._length, warmup=part.warmup)
        energies = np.concatenate([self._levels(places[at : at + LEVELS]) for at in range(0, len(places), LEVELS)])
        starts, level = self._starts(places), jnp.asarray(energies, setting.dtype)
        self._chosen = np.asarray(starts.setting)
        self._data = placed((jax.tree.map(jnp.asarray, starts), level), setting.mesh, is_divided=False)
        self._floor = jnp.asarray(SHARE * np.mean(energies), setting.dtype)

    def __call__(self, learner: Learner, epoch: int) -> tuple[Learner, Any]:
        task, last = self._task, None
        losses: list[np.ndarray] = []
        rests, indices, each = self._begin(learner, task.fixed, *self._data, task.keys, epoch, task.epochs)
        order = np.asarray(indices)
        for number, batch in enumerate(_read_ahead(lambda number: self._batch(order[..., number, :]), order.shape[-2])):
            given = self._given(batch, rests, order[..., number, :])
            learner, values = self._run(learner, task.fixed, *given, each, number, self._floor)
            if number:  # what is waiting to be learnt from takes memory: one batch at a time
                losses.append(np.asarray(last, float))
            last = values
        return learner, np.concatenate([*losses, np.asarray(last, float)], axis=-1)

    def traced(self, learner: Learner) -> list[Any]:
        task = self._task
        begin = self._begin.trace(learner, task.fixed, *self._data, task.keys, 0, task.epochs)
        rests, indices, each = self._begin(learner, task.fixed, *self._data, task.keys, 0, task.epochs)
        first = np.asarray(indices)[..., 0, :]
        given = self._given(self._batch(first), rests, first)
        return [begin.jaxpr, self._run.trace(learner, task.fixed, *given, each, 0, self._floor).jaxpr]

    def _batch(self, index: np.ndarray) -> Windows:
        """Of windows by their numbers, (windows,) or (models, windows): NumPy's, in the models' precision."""
        windows = self._task.data.taken(index.ravel(), self._length, warmup=self._part.warmup)
        return jax.tree.map(lambda a: np.asarray(a, self._setting.dtype).reshape(*index.shape, *a.shape[1:]), windows)

    def _given(self, batch: Windows, rests: Any, index: np.ndarray) -> tuple[Any, ...]:
        """To one update: windows, and where they begin."""
        own = jax.tree.map(jnp.asarray, (batch, self._chosen[index]))
        batch, chosen = placed(own, self._setting.mesh, is_divided=True)
        return batch, (rests, chosen)

    def _levels(self, places: np.ndarray) -> np.ndarray:
        """Mean squares of the targets, as `order.levels` has them."""
        data = self._task.data
        windows = Dataset(data.y, data.y, fs=data.fs).taken(places, self._length, warmup=self._part.warmup)
        return np.mean(np.square(windows.y, dtype=float), axis=(1, 2))

    def _starts(self, places: np.ndarray) -> Starts:
        """As `Starts` has them; of knobs alone, nothing is read."""
        data = self._task.data
        each = len(places) // len(data.x)
        recording, first = places // each, places % each * self._length
        knobs = {name: knob[recording, first] for name, knob in (data.controls or {}).items()}
        if not knobs:
            return Starts({}, np.zeros(len(places), int))
        found = Starts.at(knobs)
        return found._replace(knobs={name: np.asarray(knob, self._setting.dtype) for name, knob in found.knobs.items()})


def _read_ahead(read: Callable[[int], Any], count: int) -> Iterator[Any]:
    """What is read of each number, in order; the next ones in a thread while one is used."""
    with ThreadPoolExecutor(1, "circuitnn-read") as thread:
        waiting: list[Future] = []
        try:
            for number in range(count):
                waiting += [
                    thread.submit(read, each) for each in range(number + len(waiting), min(number + AHEAD, count))
                ]
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()


@final
class Passes:
    """The epochs one by one: programs and windows are made anew where the regime changes."""

    def __init__(self, setting: Setting, losses: Mapping[Regime, Traced], plan: Plan, task: Task, *, starts: Start):
        self._setting, self._losses, self._plan, self._task = setting, losses, plan, task
        self._is_stored = starts == "stored"
        self._current: tuple[Regime, Pass] | None = None

    def __call__(self, learner: Learner, epoch: int) -> tuple[Learner, np.ndarray]:
        """The learner after that epoch, and the losses of its updates."""
        learner = placed(learner, self._setting.mesh, is_divided=self._task.is_many)
        return self._of(self._plan.schedule[epoch])(learner, epoch)

    def traced(self, learner: Learner) -> list[Any]:
        """The programs of all regimes, as JAX traces them; to run one later does not trace it again."""
        parts = reversed(dict.fromkeys(self._plan.schedule))  # the first one's windows are those that remain
        return [program for part in parts for program in self._of(part).traced(learner)]

    def _of(self, part: Regime) -> Pass:
        if self._current is None or self._current[0] is not part:
            length, data = part.length * part.blocks, self._task.data
            stored = Recordings(len(data.x), length, round(MEMORY * data.fs)) if self._is_stored else None
            setting = self._setting._replace(loss=self._losses[part], stored=stored)
            self._current = None  # the windows of the regime before are not needed any more
            self._current = part, (FromDisk if data.is_on_disk else InMemory)(setting, part, self._task)
        return self._current[1]
