"""Trainings that are stopped and go on: what a checkpoint holds, and which training it belongs to."""

import dataclasses
import hashlib
import re
import time
from pathlib import Path
from typing import Any, final

import jax
import jax.numpy as jnp
import numpy as np

from circuitnn.train.checkpoint import CheckpointError, load_tree, save_tree
from circuitnn.train.dataset import Dataset
from circuitnn.train.epoch import Learner, Setting
from circuitnn.train.history import History
from circuitnn.train.regimes import Regime


@final
class RunFile:
    """The checkpoint of one training; does nothing without a path.

    Attributes:
        path: of the file, or None.
    """

    def __init__(self, path: Path | None, label: dict[str, Any], seconds: float):
        self.path, self._label, self._seconds = path, label, seconds
        self._written = time.monotonic()

    def resumed(self, learner: Learner) -> tuple[Learner, History]:
        """Where the training was stopped; its start when there is no file.

        Raises:
            CheckpointError: when the file belongs to another training.
        """
        if self.path is None or not self.path.exists():
            return learner, History()
        stored, header = load_tree(self.path, learner)
        history = History(**header.pop("history"))
        different = [name for name, value in self._label.items() if header.get(name) != value]
        if different:
            raise CheckpointError(
                f"{self.path}: belongs to another training (different: {', '.join(different)}); delete it to start "
                "afresh"
            )
        return jax.tree.map(jnp.asarray, stored), history

    def keep(self, learner: Learner, history: History, *, is_last: bool) -> None:
        """Write the file, if it is time to."""
        if self.path is not None and (is_last or time.monotonic() - self._written >= self._seconds):
            save_tree(self.path, learner, {**self._label, "history": dataclasses.asdict(history)})
            self._written = time.monotonic()


def label_of(
    learner: Learner,
    fixed: Any,
    data: Dataset,
    validation: Dataset | None,
    *,
    schedule: list[Regime],
    seed: int,
    setting: Setting,
) -> dict[str, Any]:
    """What has to be the same for a checkpoint to be continued."""
    digest = hashlib.sha256()
    for leaf in jax.tree.leaves((learner.params, fixed)):
        digest.update(np.ascontiguousarray(leaf).tobytes())
    for part in (data, validation):
        if part is not None:
            for array in (part.x, part.y, part.states, *(part.controls or {}).values()):
                digest.update(b"none" if array is None else np.ascontiguousarray(array).tobytes())
    return {
        "regimes": [repr(part) for part in schedule],
        "seed": seed,
        "batch": setting.batch,
        # Weights of a sum count, the address of a function in this process does not.
        "loss": re.sub(r" at 0x[0-9a-f]+", "", repr(setting.loss.function)),
        "state_weight": setting.state_weight,
        "numbers": digest.hexdigest(),
    }
