"""When a training ends before its last epoch, and what a function of the user's is told after each one."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any, final

import numpy as np

from circuitnn.arguments import checked_width
from circuitnn.train.history import History


@final
@dataclasses.dataclass(frozen=True)
class EpochEnd:
    """What a `callback` of `fit` is given.

    Attributes:
        epoch: epochs that are done.
        epochs: how many there are to be.
        history: of all so far; its entries are lists while training goes on.
        model: a function that gives the model (or the list of them) as it is now, a copy that training does not change.
    """

    epoch: int
    epochs: int
    history: History
    model: Callable[[], Any] = dataclasses.field(repr=False)


@final
class Stopping:
    """Follows from the history alone, so that a training that is taken up again ends where it would have ended.

    Raises:
        ValueError: for a target that is not positive, and a patience that is no whole number of epochs.
    """

    def __init__(self, target: float | None, patience: int | None):
        if target is not None and not (isinstance(target, int | float) and 0 < target < math.inf):
            raise ValueError(f"target must be a positive error to stop at, such as 1e-3, got {target!r}")
        self._target = target
        self._patience = None if patience is None else checked_width("patience", patience)

    def is_reached(self, history: History) -> bool:
        """Whether all models are good enough, or have not become better for long enough."""
        before = [] if history.initial is None else [history.initial]
        values, epochs = [*before, *history.validation], [-1] * len(before) + history.validation_epochs
        if not values:
            values, epochs = list(history.loss), list(range(len(history.loss)))
        if not values:
            return False
        table = np.asarray(values, float).reshape(len(values), -1)
        table = np.where(np.isnan(table), np.inf, table)
        if self._target is not None and np.all(table.min(axis=0) <= self._target):
            return True
        since_best = epochs[-1] - np.asarray(epochs)[table.argmin(axis=0)]
        return self._patience is not None and bool(np.all(since_best >= self._patience))
