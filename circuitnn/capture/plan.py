"""What a training is, as plain data, and the folder that keeps it: read before JAX is imported."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from circuitnn.files import replacing
from circuitnn.opening import content, json_of, reason

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
