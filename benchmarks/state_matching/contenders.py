"""The models that are compared: as many numbers to learn for each, as near as whole units allow."""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal, final

import jax
from flax import nnx

from circuitnn.model import Model
from circuitnn.recurrent import GRU, LSTM, STN, Scaling, StateMatchedGRU

PLAIN = "GRU"
UNITS = 16  # of the plain GRU, whose size all others are given
MOST = 64
LEARNING_RATE = 1e-2

Shown = Literal["none", "chosen", "all"]


@final
@dataclasses.dataclass(frozen=True)
class Task:
    """What a model is told of its target."""

    inputs: int
    knobs: tuple[str, ...]
    states: tuple[str, ...]
    scaling: Scaling
    fs: float


@final
@dataclasses.dataclass(frozen=True)
class Contender:
    """A kind of model.

    Attributes:
        build: makes it with that many units.
        shown: the circuit states that it is matched to.
    """

    build: Callable[[Task, int, nnx.Rngs], Model]
    shown: Shown

    def of_size(self, task: Task, numbers: int, seed: int) -> Model:
        """The largest one with no more numbers than that, but with a unit for each state at least."""
        least = max(1, len(task.states))
        units = least
        while units < MOST and numbers_of(self.shape(task, units + 1)) <= numbers:
            units += 1
        return self.build(task, units, nnx.Rngs(seed))

    def shape(self, task: Task, units: int) -> Any:
        """The model without its numbers."""
        return nnx.eval_shape(lambda: self.build(task, units, nnx.Rngs(0)))


def numbers_of(model: Any) -> int:
    """How many are learnt."""
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))


def _black_box(kind: type) -> Contender:
    def build(task: Task, units: int, rngs: nnx.Rngs) -> Model:
        return kind(units, in_features=task.inputs, controls=task.knobs, scaling=task.scaling, rngs=rngs)

    return Contender(build, "none")


def _matched(mapping: Literal["leading", "readout"], shown: Shown) -> Contender:
    def build(task: Task, units: int, rngs: nnx.Rngs) -> Model:
        return StateMatchedGRU(
            task.states,
            hidden=units,
            mapping=mapping,
            in_features=task.inputs,
            controls=task.knobs,
            scaling=task.scaling,
            rngs=rngs,
        )

    return Contender(build, shown)


def _stn(task: Task, units: int, rngs: nnx.Rngs) -> Model:
    return STN(
        task.states,
        hidden=(units, units),
        in_features=task.inputs,
        controls=task.knobs,
        input_taps=2,
        fs=task.fs,
        scaling=task.scaling,
        rngs=rngs,
    )


CONTENDERS = {
    "SMGRU leading, all": _matched("leading", "all"),
    "SMGRU leading, some": _matched("leading", "chosen"),
    "SMGRU read-out, all": _matched("readout", "all"),
    "SMGRU read-out, some": _matched("readout", "chosen"),
    "STN": Contender(_stn, "all"),
    PLAIN: _black_box(GRU),
    "LSTM": _black_box(LSTM),
}
MATCHED = tuple(name for name in CONTENDERS if name.startswith("SMGRU"))
