"""What the ways of learning have come to, on disk: what was stopped goes on, and what has ended is trained further."""

import json
from pathlib import Path
from typing import Any, NamedTuple, final

from circuitnn.files import replacing
from circuitnn.opening import content, json_of
from circuitnn.train.checkpoint import CheckpointError
from circuitnn.train.interruption import Interrupted
from circuitnn.train.saving import restore, save

LARGEST = 2**16  # bytes of what is told of a way


@final
class Ended(NamedTuple):
    """The learnt part of a way that has come to its end.

    Attributes:
        part: that was learnt.
        epochs: passes over the data.
        stopped: whether the time was over.
    """

    part: Any
    epochs: int
    stopped: bool


@final
class KeptWays:
    """The files of one training of all ways; a training further has others, in the same folder.

    Args:
        folder: None keeps nothing.
        trainings: that were before this one, in which each way begins with what the last one has kept.

    Attributes:
        stopped_by: the Ctrl-C that has ended the last way early.
    """

    def __init__(self, folder: Path | None, trainings: int = 0):
        self._folder, self._number = folder, trainings
        self.stopped_by: Interrupted | None = None

    @property
    def is_further(self) -> bool:
        """Whether there were trainings before."""
        return self._number > 0

    def state(self, way: str) -> Path | None:
        """The checkpoint of `fit`."""
        return None if self._folder is None else self._path(way, self._number, "fit")

    def ended(self, way: str) -> Ended | None:
        """What a way has come to; None where it is not at its end."""
        return self._read(way, self._number)

    def before(self, way: str) -> Any:
        """What the training before has kept of a way; None where there was none."""
        found = self._read(way, self._number - 1) if self.is_further else None
        return None if found is None else found.part

    def keep(self, way: str, ended: Ended) -> None:
        """Write that a way has come to its end."""
        if self._folder is None:
            return
        save(ended.part, self._path(way, self._number, "part"))
        with replacing(self._path(way, self._number, "ended").with_suffix(".json")) as file:
            file.write(json.dumps({"epochs": ended.epochs, "stopped": ended.stopped}).encode())

    def _read(self, way: str, number: int) -> Ended | None:
        if self._folder is None:
            return None
        path = self._path(way, number, "ended").with_suffix(".json")
        if not path.is_file():
            return None
        try:
            told: Any = json_of(content(path, LARGEST))
            return Ended(restore(self._path(way, number, "part")), int(told["epochs"]), bool(told["stopped"]))
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{path}: is damaged ({error}); begin the training anew") from None

    def _path(self, way: str, number: int, what: str) -> Path:
        assert self._folder is not None
        return self._folder / f"state{number}-{way.replace(' ', '-')}-{what}.npz"
