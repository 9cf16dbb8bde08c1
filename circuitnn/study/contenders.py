"""Ready-made contenders: the library's models, of a size of one's own, of that of another, or within a budget."""

import bisect
import dataclasses
import functools
from collections.abc import Callable
from typing import Any, Literal

import jax
import numpy as np
from flax import nnx

from circuitnn import capture
from circuitnn.model import Model
from circuitnn.recurrent import STN, Scaling, StateMatchedGRU
from circuitnn.settings import arguments_of, class_of
from circuitnn.settings import build as built
from circuitnn.study.definition import Contender, Task

MOST_NUMBERS = 10**8  # to learn: beyond, memory ends before the training begins


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


def network(kind: str, *, rate: float = 1e-2, **settings: Any) -> Contender:
    """A network by the name of its kind, "GRU", "Windowed" or any other one that is registered and takes a scaling.

    Args:
        kind: as `circuitnn.register` knows it.
        rate: of learning, where neither the regime nor a search says another.
        settings: arguments of its constructor, but for those that the task gives: features, knobs, states, scaling and
            sample rate. Settings of other kinds in them are dictionaries with their "kind".

    Raises:
        ValueError: for a kind that is not known or is no network, and settings that it does not have.
        TypeError, ValueError: of the kind itself, for settings that cannot be.
    """
    takes, needs_states = _arguments(kind)
    unknown = [name for name in settings if name not in takes or name in _OF_THE_TASK]
    if unknown:
        own = ", ".join(name for name in takes if name not in _OF_THE_TASK)
        raise ValueError(f"{kind} has no setting {', '.join(unknown)}; there are {own}")

    def build(task: Task, rngs: nnx.Rngs) -> Model:
        told = {**_told(task), "state_names": task.state_names, "fs": task.fs}
        given = {name: value for name, value in told.items() if name in takes}
        return class_of(kind)(**given, **built(settings), rngs=rngs)

    contender = Contender(build, matched="all" if needs_states else "none", learning_rate=rate)
    numbers = _shape(contender, _some_task(needs_states))
    if numbers > MOST_NUMBERS:
        raise ValueError(f"{kind} would have {numbers:.2g} numbers to learn, and may have {MOST_NUMBERS:.0g}")
    return contender


def by_recipe(name: str) -> Contender:
    """The network of a recipe of `circuitnn.capture.recipe`, at its rate; how long it learns is the study's affair.

    Raises:
        ValueError: for a name that is none.
    """
    recipe = capture.recipe(name)

    def build(task: Task, rngs: nnx.Rngs) -> Model:
        states = (task.state_names,) if recipe.needs_states else ()
        width = {} if task.inputs == 1 else {"in_features": task.inputs}  # which not every network can have
        return recipe.make(*states, **width, scaling=task.scaling, fs=task.fs, controls=task.knobs, rngs=rngs)

    return Contender(build, matched="all" if recipe.needs_states else "none", learning_rate=recipe.rate)


def within(
    make: Callable[[int], Contender], most: int, measure: Literal["weights", "operations"], *, units: int = 128
) -> Contender:
    """A contender of as many units as a budget allows, found anew for each task.

    Args:
        make: the contender of a number of units.
        most: weights, or operations of a sample (`Model.count`).
        measure: which of the two.
        units: at most.
    """

    @functools.cache
    def chosen(inputs: int, knobs: tuple[str, ...], state_names: tuple[str, ...]) -> int:
        task = task_of(inputs, knobs, state_names)
        counts = range(max(1, len(state_names)), units + 1)
        place = bisect.bisect_right(counts, most, key=lambda count: _cost(make(count), task, measure))
        if not place:
            least = _cost(make(counts[0]), task, measure)
            raise ValueError(f"{most} {measure} are too few: with {counts[0]} units there are {least}")
        return counts[place - 1]

    return _of_units(make, chosen)


def as_dear(
    make: Callable[[int], Contender], like: Contender, measure: Literal["weights", "operations"], *, units: int = 128
) -> Contender:
    """A contender of as many units as cost nearest to what another one costs, found anew for each task.

    Args:
        make: the contender of a number of units.
        like: the other one, which needs no circuit states.
        measure: what is to be alike, weights or operations of a sample (`Model.count`).
        units: at most.
    """

    @functools.cache
    def chosen(inputs: int, knobs: tuple[str, ...], state_names: tuple[str, ...]) -> int:
        task = task_of(inputs, knobs, state_names)
        aim = _cost(like, task_of(inputs, knobs, ()), measure)
        counts = range(max(1, len(state_names)), units + 1)
        place = bisect.bisect_left(counts, aim, key=lambda count: _cost(make(count), task, measure))
        around = counts[max(0, place - 1) : place + 1]
        return min(around, key=lambda count: abs(_cost(make(count), task, measure) - aim))

    return _of_units(make, chosen)


def _cost(contender: Contender, task: Task, measure: Literal["weights", "operations"]) -> int:
    return _shape(contender, task) if measure == "weights" else contender.build(task, nnx.Rngs(0)).count().operations


def _of_units(make: Callable[[int], Contender], chosen: Callable[..., int]) -> Contender:
    """A contender of as many units as the shape of its task says."""

    def build(task: Task, rngs: nnx.Rngs) -> Model:
        return make(chosen(task.inputs, task.knobs, task.state_names)).build(task, rngs)

    return dataclasses.replace(make(1), build=build)


def sized(make: Callable[[int], Contender], *, like: Contender, most: int = 64) -> Contender:
    """A contender of the most units for no more numbers to learn than a black box has, and one for each circuit state.

    Args:
        make: the contender of a number of units.
        like: the black box.
        most: units at most.
    """

    @functools.cache
    def units(inputs: int, knobs: tuple[str, ...], state_names: tuple[str, ...]) -> int:
        task = task_of(inputs, knobs, state_names)
        numbers = _shape(like, task_of(inputs, knobs, ()))
        counts = range(max(1, len(state_names)), most + 1)
        return counts[max(0, bisect.bisect_right(counts, numbers, key=lambda n: _shape(make(n), task)) - 1)]

    return _of_units(make, units)


def numbers_of(model: Any) -> int:
    """How many a model learns."""
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))


def _shape(contender: Contender, task: Task) -> int:
    return numbers_of(nnx.eval_shape(lambda: contender.build(task, nnx.Rngs(0))))


def task_of(inputs: int, knobs: tuple[str, ...], state_names: tuple[str, ...]) -> Task:
    """A task of that shape, for what depends on nothing else."""
    scaling = Scaling(np.ones(inputs), np.ones(1), np.ones(len(state_names)) if state_names else None)
    return Task(inputs, knobs, state_names, None, scaling, 48_000.0)


def _some_task(with_states: bool) -> Task:
    return task_of(1, ("k",), ("C1",) if with_states else ())


_OF_THE_TASK = (
    "state_names", "in_features", "out_features", "controls", "output", "scaling", "fs", "dtype", "rngs",
)  # fmt: skip


def _arguments(kind: str) -> tuple[list[str], bool]:
    """What the constructor of a network takes, and whether circuit states are among it."""
    cls = class_of(kind)
    takes = arguments_of(cls)
    if not (issubclass(cls, Model) and {"scaling", "rngs"} <= set(takes)):
        raise ValueError(f"{kind} is no network that learns from data alone")
    return takes, "state_names" in takes


def _told(task: Task) -> dict[str, Any]:
    return {
        "in_features": task.inputs,
        "controls": task.knobs,
        "output": task.output,
        "scaling": task.scaling,
    }
