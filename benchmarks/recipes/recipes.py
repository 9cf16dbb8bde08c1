"""The networks that are trained by their recipes, and how far they come in a given time."""

import dataclasses
import math
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from flax import nnx

from circuitnn import metrics
from circuitnn.capture import Recipe, recipe
from circuitnn.losses import esr
from circuitnn.model import Model, run
from circuitnn.recurrent import Scaling
from circuitnn.train import Dataset, EpochEnd, History, fit

LATE = 1.25  # times the budget, after which a training is stopped that has become slower than it was when measured


RECIPES: Mapping[str, Recipe] = {
    "GRU-8": recipe("gru-8"),
    "GRU-16": recipe("gru-16"),
    "LSTM-40": recipe("lstm-40"),
    "LRU": recipe("lru"),
    "S4D": recipe("s4d"),
    "S6": recipe("s6"),
    "WaveNet nano": recipe("wavenet-nano"),
    "A2 Lite": recipe("wavenet-a2-lite"),
}


class Outcome(NamedTuple):
    """A trained network, what it cost, and how it came there.

    Attributes:
        model: with the best weights of its validations.
        history: of the training.
        seconds: of training, compilation and validations left out of none of them.
    """

    model: Model
    history: History
    seconds: float


def trained(
    recipe: Recipe, train: Dataset, validation: Dataset, seconds: float, *, rate: float | None = None, seed: int = 0
) -> Outcome:
    """As many epochs as fit into a time, measured by the second of two.

    Args:
        recipe: for the network.
        train: one recording, which is cut into windows.
        validation: whose error chooses the weights that are kept.
        seconds: of training.
        rate: of learning; that of the recipe when None.
        seed: of the weights and of the order of the windows.
    """
    began = time.monotonic()
    short = _fitted(recipe, train, validation, 2, rate, seed)[1]
    epochs = max(2, int((seconds - (time.monotonic() - began)) / short.seconds[-1]))

    def is_late(_: EpochEnd) -> bool:
        return time.monotonic() - began > LATE * seconds

    model, history = _fitted(recipe, train, validation, epochs, rate, seed, is_late)
    return Outcome(model, history, time.monotonic() - began)


def _fitted(
    recipe: Recipe,
    train: Dataset,
    validation: Dataset,
    epochs: int,
    rate: float | None,
    seed: int,
    callback: Callable[[EpochEnd], bool] | None = None,
) -> tuple[Any, History]:
    scaling = Scaling.from_data(train.x, train.y)
    recipe = dataclasses.replace(recipe, rate=rate or recipe.rate)
    return fit(
        recipe.make(scaling=scaling, rngs=nnx.Rngs(seed)),
        train,
        recipe.regime,
        optimizer=recipe.optimizer,
        epochs=epochs,
        batch=recipe.batch,
        loss=esr,
        validation=validation,
        seed=seed,
        callback=callback,
        progress=False,
    )


def error(model: Model, part: Dataset) -> float:
    """Error-to-signal ratio over all pieces in a row, the network running freely from rest."""
    x, y = (np.asarray(signal).reshape(-1, signal.shape[-1]) for signal in (part.x, part.y))
    return metrics.esr(run(model, x)[1], y)


def curve(outcome: Outcome) -> list[tuple[float, float]]:
    """Seconds of training, and the best validation error by then."""
    ends = np.cumsum(outcome.history.seconds)
    best, points = math.inf, []
    for epoch, value in zip(outcome.history.validation_epochs, outcome.history.validation, strict=True):
        best = min(best, float(value))
        points.append((float(ends[min(epoch, len(ends) - 1)]), best))
    return points
