"""Training by recipe: how long, from where, and what is kept of it on disk, so that it can go on."""

import dataclasses
import json
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, final

from flax import nnx

from circuitnn.capture.losses import loss
from circuitnn.capture.recipes import Recipe
from circuitnn.files import replacing
from circuitnn.model import Model
from circuitnn.opening import content, json_of, reason
from circuitnn.recurrent import Scaling
from circuitnn.train import Dataset, DataWarning, EpochEnd, History, fit, restore, save

LATE = 1.1  # times the budget, after which a training is stopped that has become slower than it was when measured
FEWEST = 20  # epochs that a training in minutes is planned with
VALIDATIONS = 40  # of a training
AGAIN = 0.3  # of the recipe's rate, that a trained model is trained further with
PLAN, STATE = "plan.json", "state"
LARGEST = 2**20  # bytes of a plan
FORMAT = 1


class TrainingError(ValueError):
    """A training that cannot be begun or gone on with; the message says why and what to do."""


@final
@dataclasses.dataclass(frozen=True)
class Leg:
    """One training from its first to its last epoch; a training that is lengthened has several.

    Attributes:
        epochs: passes over the data.
        rate: of learning, at its beginning.
        is_done: whether it has come to its end.
    """

    epochs: int
    rate: float
    is_done: bool = False


@final
@dataclasses.dataclass(frozen=True)
class Plan:
    """What a training is, as plain data.

    Attributes:
        model: name of the recipe.
        loss: its name.
        seed: of the weights and of the order of the data.
        legs: one after the other.
        more: what else belongs to it, of whoever reads the recordings: texts and numbers by name.
    """

    model: str
    loss: str = "esr"
    seed: int = 0
    legs: tuple[Leg, ...] = ()
    more: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@final
class Folder:
    """Where a training keeps what it goes on from: its plan, and the state of `fit`.

    Args:
        path: of the folder, which is made when something is written.
    """

    def __init__(self, path: Path):
        self.path = path

    @property
    def has_plan(self) -> bool:
        """Whether a training was begun there."""
        return (self.path / PLAN).is_file()

    def read(self) -> Plan:
        """The plan.

        Raises:
            TrainingError: when there is none, or it is damaged.
        """
        try:
            told = json_of(content(self.path / PLAN, LARGEST))
            if told["format"] != FORMAT:
                raise ValueError("it is of another version")
            legs = tuple(Leg(int(leg["epochs"]), float(leg["rate"]), bool(leg["is_done"])) for leg in told["legs"])
            if not legs or not all(leg.epochs > 0 and leg.rate > 0 for leg in legs):
                raise ValueError("it has no epochs")
            return Plan(str(told["model"]), str(told["loss"]), int(told["seed"]), legs, dict(told["more"]))
        except OSError as error:
            raise TrainingError(f"{self.path}: has no training to go on with ({reason(error)})") from None
        except (KeyError, TypeError, ValueError) as error:
            raise TrainingError(f"{self.path / PLAN}: is no plan of a training, or damaged ({error})") from None

    def write(self, plan: Plan) -> None:
        """The plan, whole or not at all."""
        with replacing(self.path / PLAN) as file:
            file.write(json.dumps({"format": FORMAT, **dataclasses.asdict(plan)}, indent=1).encode())

    def begin(self, plan: Plan) -> None:
        """A new training: what another one has left there is deleted."""
        if self.path.is_dir():
            for old in (self.path / PLAN, *self.path.glob(f"{STATE}*"), *self.path.glob("start*.npz")):
                old.unlink(missing_ok=True)
        self.write(plan)

    def state(self, leg: int) -> Path:
        """The checkpoint of a leg."""
        return self.path / f"{STATE}{leg}.npz"

    def start(self, leg: int) -> Path:
        """The model that a leg begins with; the first one begins with weights at random."""
        return self.path / f"start{leg}.npz"


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
