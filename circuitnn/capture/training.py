"""Training by recipe: how long, from where, and what is kept of it on disk, so that it can go on."""

import dataclasses
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, final

from flax import nnx

from circuitnn.capture.losses import loss
from circuitnn.capture.plan import Folder, Leg, Plan
from circuitnn.capture.recipes import Recipe
from circuitnn.model import Model
from circuitnn.recurrent import Scaling
from circuitnn.train import Dataset, DataWarning, EpochEnd, History, fit, restore, save

LATE = 1.1  # times the budget, after which a training is stopped that has become slower than it was when measured
FEWEST = 20  # epochs that a training in minutes is planned with
VALIDATIONS = 40  # of a training
AGAIN = 0.3  # of the recipe's rate, that a trained model is trained further with


@final
@dataclasses.dataclass(frozen=True)
class Trainer:
    """Data and recipe: all of a training but how long it is.

    Attributes:
        train: data to learn from.
        validation: data that choose the weights that are kept.
        recipe: fitted to the data.
        loss: its name.
        seed: of the weights and of the order of the data.
        state_names: of the circuit states in the data, for networks that learn them.
    """

    train: Dataset
    validation: Dataset
    recipe: Recipe
    loss: str = "esr"
    seed: int = 0
    state_names: tuple[str, ...] = ()

    def untrained(self) -> Model:
        """The network with weights at random."""
        knobs = tuple(self.train.controls or ())
        scaling = Scaling.from_data(self.train.x, self.train.y, self.train.states)
        if self.recipe.needs_states:
            return self.recipe.make(
                self.state_names, scaling=scaling, fs=self.train.fs, controls=knobs, rngs=nnx.Rngs(self.seed)
            )
        return self.recipe.make(scaling=scaling, fs=self.train.fs, controls=knobs, rngs=nnx.Rngs(self.seed))

    def epochs_in(self, seconds: float) -> int:
        """How many epochs take so long, compilation included: by the faster one of two after the first."""
        began = time.monotonic()
        _, history = self.fitted(self.untrained(), 3)
        left = seconds - (time.monotonic() - began) - history.seconds[0]  # the schedule of others is compiled again
        return max(FEWEST, int(left / max(min(history.seconds[1:]), 1e-3)))

    def fitted(
        self,
        model: Model,
        epochs: int,
        *,
        rate: float | None = None,
        target: float | None = None,
        checkpoint: Path | None = None,
        seconds: float | None = None,
        callback: Callable[[EpochEnd], bool | None] | None = None,
    ) -> tuple[Model, History]:
        """Train a model.

        Args:
            model: to begin with.
            epochs: passes over the data.
            rate: of learning; that of the recipe when None.
            target: validation ESR at which it ends.
            checkpoint: of `fit`.
            seconds: that it is meant to take; it is stopped when it is a tenth late.
            callback: of `fit`.

        Returns:
            As `fit`.
        """
        recipe = self.recipe if rate is None else dataclasses.replace(self.recipe, rate=rate)
        began = time.monotonic()

        def after(end: EpochEnd) -> bool:
            wants_end = callback is not None and callback(end) is True
            return wants_end or (seconds is not None and time.monotonic() - began > LATE * seconds)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # `prepare` has said it
            return fit(
                model,
                self.train,
                recipe.regime,
                optimizer=recipe.optimizer,
                epochs=epochs,
                batch=recipe.batch,
                loss=loss(self.loss, self.train.fs),
                validation=self.validation,
                validation_every=max(1, epochs // VALIDATIONS),
                seed=self.seed,
                target=target,
                checkpoint=checkpoint,
                callback=after,
                progress=False,
            )

    def leg(self, folder: Folder, plan: Plan, **options: Any) -> tuple[Model, History]:
        """The last leg of a plan, from where it was left; the arguments of `fitted` for the rest."""
        last = len(plan.legs) - 1
        model = self.untrained() if last == 0 else restore(folder.start(last))
        leg = plan.legs[last]
        model, history = self.fitted(model, leg.epochs, rate=leg.rate, checkpoint=folder.state(last), **options)
        folder.write(dataclasses.replace(plan, legs=(*plan.legs[:-1], dataclasses.replace(leg, is_done=True))))
        return model, history

    def lengthened(self, folder: Folder, plan: Plan, model: Model, epochs: int) -> Plan:
        """The plan with another leg, which begins with that model; its state is written."""
        number = len(plan.legs)
        save(model, folder.start(number))
        longer = dataclasses.replace(plan, legs=(*plan.legs, Leg(epochs, AGAIN * self.recipe.rate)))
        folder.write(longer)
        return longer
