"""For each network how it is trained: found by a search among the candidates that stand with it."""

import dataclasses
import math
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, final

import numpy as np
import optax
from flax import nnx

from circuitnn import metrics
from circuitnn.convolutional import WaveNet
from circuitnn.losses import esr
from circuitnn.model import Model, run
from circuitnn.recurrent import GRU, LRU, LSTM, S4D, S6, Scaling
from circuitnn.train import Dataset, EpochEnd, History, TruncatedBPTT, fit

CLIP = 1.0  # of the gradient's norm
LATE = 1.25  # times the budget, after which a training is stopped that has become slower than it was when measured


@final
@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is trained: Adam, its rate falling to zero along half a cosine, gradients of at most norm one.

    Attributes:
        make: (scaling, rngs) -> the untrained network.
        rate: of learning, at the beginning.
        batch: windows in an update.
        length: samples that a gradient reaches back over; one update each.
        warmup: samples at the start of a window without a loss.
        blocks: updates of a window.
        candidates: other rates that a search tries.
    """

    make: Callable[..., Model]
    rate: float
    batch: int = 40
    length: int = 2048
    warmup: int = 2048
    blocks: int = 8
    candidates: tuple[float, ...] = (2.5e-3, 5e-3, 1e-2, 2e-2)

    @property
    def regime(self) -> TruncatedBPTT:
        return TruncatedBPTT(self.length, warmup=self.warmup, blocks=self.blocks)


RECIPES: Mapping[str, Recipe] = {
    "GRU-8": Recipe(lambda **more: GRU(8, **more), rate=1e-2),
    "GRU-16": Recipe(lambda **more: GRU(16, **more), rate=1e-2),
    "LSTM-40": Recipe(lambda **more: LSTM(40, **more), rate=1e-2),
    "LRU": Recipe(lambda **more: LRU(16, layers=2, **more), rate=1e-2),
    "S4D": Recipe(lambda **more: S4D(16, layers=2, **more), rate=1e-2),
    "S6": Recipe(lambda **more: S6(16, layers=2, **more), rate=5e-3),
    "WaveNet nano": Recipe(lambda **more: WaveNet.nam("nano", **more), rate=1e-2, batch=16, length=8192, blocks=2),
    "A2 Lite": Recipe(
        lambda **more: WaveNet.a2("lite", **more), rate=4e-3, batch=16, length=8192, warmup=6400, blocks=2
    ),
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
    return fit(
        recipe.make(scaling=scaling, rngs=nnx.Rngs(seed)),
        train,
        recipe.regime,
        optimizer=lambda updates: optax.chain(
            optax.clip_by_global_norm(CLIP), optax.adam(optax.cosine_decay_schedule(rate or recipe.rate, updates))
        ),
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
