"""Models that learn nothing as contenders: captures, saved models, whatever opens from a file."""

import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path

import numpy as np

import circuitnn.export.formats as formats
from circuitnn import export
from circuitnn.model import Model
from circuitnn.rates import resampled
from circuitnn.study.definition import Contender, Task
from circuitnn.train import Dataset, restore


def saved(path: str | Path) -> Contender:
    """A model from its file, as it is: a .nam or another format of players, or one that was saved here.

    It is measured beside the contenders that learn, and has no part in their rankings.

    Args:
        path: of the file, under the same name for all workers.
    """
    file = Path(path)  # whose age is one of the facts of a run

    def build(task: Task, rngs: object) -> Model:
        del rngs
        return resampled(opened(file), task.fs)

    return Contender(build, matched="none", learns=False)


def standing(model: Model, name: str) -> Contender:
    """A model as it is, like one from a file.

    Args:
        model: with one input and one output.
        name: for messages.

    Raises:
        ValueError: for another number of them.
    """
    _check_one(model, name)
    return Contender(functools.partial(_as_it_is, model), matched="none", learns=False)


def _as_it_is(model: Model, task: Task, rngs: object) -> Model:
    del rngs
    return model if model.fs is None else resampled(model, task.fs)


def opened(path: str | Path) -> Model:
    """The model in a file.

    Raises:
        ValueError: when it cannot be read, or has more than one input or output.
    """
    name = str(path)
    model = restore(name) if name.endswith(".npz") and not formats.is_torch(name) else export.read(name)
    _check_one(model, name)
    return model


def _check_one(model: Model, name: str) -> None:
    if (model.in_features, model.out_features) != (1, 1):
        raise ValueError(f"{name}: takes {model.in_features} signals and gives {model.out_features}; one is compared")


def as_it_plays(model: Model, data: Mapping[str, Dataset]) -> dict[str, Dataset]:
    """The data as a model plays them: in its unit, as late as it is, without the knobs that it does not have."""
    into, out = model.volts or (1.0, 1.0)

    def late(y: np.ndarray) -> np.ndarray:
        return np.pad(y, ((0, 0), (model.latency, 0), (0, 0)))[:, : y.shape[1]]

    return {
        part: dataclasses.replace(
            each,
            x=each.x / into,
            y=late(each.y) / out,
            states=None,
            initial=None,
            before=None,
            controls={name: knob for name, knob in (each.controls or {}).items() if name in model.controls},
        )
        for part, each in data.items()
    }
