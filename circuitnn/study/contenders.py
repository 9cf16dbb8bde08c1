"""Ready-made contenders: the recurrent models of the library, of a size of one's own or of that of another."""

import bisect
import dataclasses
import functools
from collections.abc import Callable
from typing import Any, Literal

import jax
import numpy as np
from flax import nnx

from circuitnn.model import Model
from circuitnn.recurrent import STN, Scaling, StateMatchedGRU
from circuitnn.study.definition import Contender, Task


def black_box(kind: Callable[..., Model], hidden: int, *, learning_rate: float = 1e-2) -> Contender:
    """A `GRU` or an `LSTM` of that many units."""

    def build(task: Task, rngs: nnx.Rngs) -> Model:
        return kind(hidden, in_features=task.inputs, controls=task.knobs, scaling=task.scaling, rngs=rngs)

    return Contender(build, matched="none", learning_rate=learning_rate)


def state_matched(
    hidden: int,
    mapping: Literal["leading", "readout"],
    *,
    matched: Literal["all", "chosen"] = "all",
    regimes: tuple[str, ...] | None = None,
) -> Contender:
    """A `StateMatchedGRU` of that many units; the mapping is its own, the rest as of any `Contender`."""

    def build(task: Task, rngs: nnx.Rngs) -> Model:
        return StateMatchedGRU(task.state_names, hidden=hidden, mapping=mapping, **_told(task), rngs=rngs)

    return Contender(build, matched=matched, regimes=regimes)


def stn(*hidden: int, **options: Any) -> Contender:
    """An `STN` with hidden layers of these widths; further options are its own."""

    def build(task: Task, rngs: nnx.Rngs) -> Model:
        return STN(task.state_names, hidden=hidden, fs=task.fs, **_told(task), **options, rngs=rngs)

    return Contender(build)


def sized(make: Callable[[int], Contender], *, like: Contender, most: int = 64) -> Contender:
    """A contender of the most units for no more numbers to learn than a black box has, and one for each circuit state.

    Args:
        make: the contender of a number of units.
        like: the black box.
        most: units at most.
    """

    @functools.cache
    def units(inputs: int, knobs: tuple[str, ...], state_names: tuple[str, ...]) -> int:
        scaling = Scaling(np.ones(inputs), np.ones(1), np.ones(len(state_names)) if state_names else None)
        task = Task(inputs, knobs, state_names, None, scaling, 48_000.0)
        numbers = _shape(like, dataclasses.replace(task, state_names=(), scaling=scaling._replace(state=None)))
        counts = range(max(1, len(state_names)), most + 1)
        return counts[max(0, bisect.bisect_right(counts, numbers, key=lambda n: _shape(make(n), task)) - 1)]

    def build(task: Task, rngs: nnx.Rngs) -> Model:
        return make(units(task.inputs, task.knobs, task.state_names)).build(task, rngs)

    return dataclasses.replace(make(1), build=build)


def numbers_of(model: Any) -> int:
    """How many a model learns."""
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))


def _shape(contender: Contender, task: Task) -> int:
    return numbers_of(nnx.eval_shape(lambda: contender.build(task, nnx.Rngs(0))))


def _told(task: Task) -> dict[str, Any]:
    return {
        "in_features": task.inputs,
        "controls": task.knobs,
        "output": task.output,
        "scaling": task.scaling,
    }
