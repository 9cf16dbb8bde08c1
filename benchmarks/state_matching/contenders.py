"""The models that are compared: as many numbers to learn for each, as near as whole units allow."""

import bisect
import dataclasses
import functools
from collections.abc import Callable
from typing import Any, Literal

import jax
import numpy as np
from flax import nnx

from circuitnn.model import Model
from circuitnn.recurrent import GRU, LSTM, STN, Scaling, StateMatchedGRU
from circuitnn.study import Contender, Task

PLAIN = "GRU"
UNITS = 16  # of the plain GRU, whose size all others are given
MOST = 64

Build = Callable[[Task, int, nnx.Rngs], Model]


def numbers_of(model: Any) -> int:
    """How many are learnt."""
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))


def size(build: Build, task: Task, units: int) -> int:
    """Numbers to learn of a model of so many units."""
    return numbers_of(nnx.eval_shape(lambda: build(task, units, nnx.Rngs(0))))


@functools.cache
def units(build: Build, inputs: int, knobs: tuple[str, ...], state_names: tuple[str, ...]) -> int:
    """The most for no more numbers than the plain GRU has, but a unit for each state at least."""
    plain = Task(inputs, knobs, (), None, Scaling(np.ones(inputs), np.ones(1)), 48_000)
    ones = np.ones(len(state_names)) if state_names else None
    task = dataclasses.replace(plain, state_names=state_names, scaling=plain.scaling._replace(state=ones))
    numbers = size(_gru, plain, UNITS)
    counts = range(max(1, len(state_names)), MOST + 1)
    return counts[max(0, bisect.bisect_right(counts, numbers, key=lambda count: size(build, task, count)) - 1)]


def _contender(build: Build, matched: Literal["all", "chosen", "none"]) -> Contender:
    def sized(task: Task, rngs: nnx.Rngs) -> Model:
        return build(task, units(build, task.inputs, task.knobs, task.state_names), rngs)

    return Contender(sized, matched=matched)


def _gru(task: Task, count: int, rngs: nnx.Rngs) -> GRU:
    return GRU(count, in_features=task.inputs, controls=task.knobs, scaling=task.scaling, rngs=rngs)


def _lstm(task: Task, count: int, rngs: nnx.Rngs) -> LSTM:
    return LSTM(count, in_features=task.inputs, controls=task.knobs, scaling=task.scaling, rngs=rngs)


def _matched(mapping: Literal["leading", "readout"]) -> Build:
    def build(task: Task, count: int, rngs: nnx.Rngs) -> StateMatchedGRU:
        return StateMatchedGRU(
            task.state_names,
            hidden=count,
            mapping=mapping,
            in_features=task.inputs,
            controls=task.knobs,
            scaling=task.scaling,
            rngs=rngs,
        )

    return build


def _stn(task: Task, count: int, rngs: nnx.Rngs) -> STN:
    return STN(
        task.state_names,
        hidden=(count, count),
        in_features=task.inputs,
        controls=task.knobs,
        input_taps=2,
        fs=task.fs,
        scaling=task.scaling,
        rngs=rngs,
    )


_LEADING, _READOUT = _matched("leading"), _matched("readout")
CONTENDERS = {
    "SMGRU leading, all": _contender(_LEADING, "all"),
    "SMGRU leading, some": _contender(_LEADING, "chosen"),
    "SMGRU read-out, all": _contender(_READOUT, "all"),
    "SMGRU read-out, some": _contender(_READOUT, "chosen"),
    "STN": _contender(_stn, "all"),
    PLAIN: _contender(_gru, "none"),
    "LSTM": _contender(_lstm, "none"),
}
MATCHED = tuple(name for name in CONTENDERS if name.startswith("SMGRU"))
