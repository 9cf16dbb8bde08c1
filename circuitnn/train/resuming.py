"""Trainings that are stopped and go on: one run has the checkpoint, writes it whole, and knows whose it is."""

import contextlib
import json
import os
import time
import warnings
from pathlib import Path
from typing import Any, final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from circuitnn.files import InUseError, owned
from circuitnn.opening import reason
from circuitnn.train.checkpoint import CheckpointError, opened, save_tree
from circuitnn.train.epoch import Learner
from circuitnn.train.fingerprint import is_key, plain
from circuitnn.train.history import History
from circuitnn.train.identity import Identity, differences
from circuitnn.train.journal import Journal
from circuitnn.train.plan import Plan

_FORMAT = 2
_BEFORE = {"order": "shuffled", "starts": "rest"}  # what trainings had before they could say so


@final
class RunFile:
    """The checkpoint of one training, which nobody else has until the block ends; does nothing without a path.

    The state is one file that is replaced as a whole; the history, which only grows, is a `Journal` beside it.

    Attributes:
        path: of the state, or None.
    """

    def __init__(self, path: str | os.PathLike | None, seconds: float):
        self.path = None if path is None else Path(path)
        self._seconds, self._written, self._epochs = seconds, time.monotonic(), 0
        self._identity: Identity = {}
        self._planned, self._failed = 0, False
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "RunFile":
        if self.path is not None:
            try:
                self._target = Path(os.path.realpath(self.path))
                if self._target.is_dir():
                    raise CheckpointError(f"{self.path}: is a folder, not a file")
                self._stack.enter_context(owned(self._target))
            except CheckpointError:
                raise
            except InUseError as error:
                raise CheckpointError(f"{error}; give each run a file of its own, or wait for its end") from None
            except (OSError, ValueError) as error:  # a ValueError for NUL in a name
                raise CheckpointError(f"{str(self.path)!r}: cannot be written: {reason(error)}") from error
            self._journal = Journal(self._target.with_name(f"{self._target.name}.history.jsonl"))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def resumed(self, learner: Learner, identity: Identity, plan: Plan) -> tuple[Learner, History]:
        """Where the training was stopped; its start when there is no file.

        Raises:
            CheckpointError: when the file belongs to another training, or to one that would have gone another way with
                this number of epochs.
        """
        # As JSON gives it back.
        self._identity, self._planned = json.loads(json.dumps(identity)), len(plan.schedule)
        if not self._target.exists():
            return learner, History()
        with opened(self._target) as file:
            try:
                if file.header.get("format") != _FORMAT:
                    raise CheckpointError(
                        f"{self.path}: no checkpoint of a training, or of an older version; {self._afresh()}"
                    )
                self._check(file.header, plan)
                history = self._journal.read(file.header["history"])
                self._epochs = int(file.header["epochs"])
                if len(history.loss) != self._epochs:
                    raise ValueError("the history has another number of epochs")
            except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
                if isinstance(error, CheckpointError):
                    raise
                raise CheckpointError(f"{self.path}: not a checkpoint of a training, or damaged ({error!r})") from error
            leaves, structure = jax.tree.flatten(learner)
            arrays = file.arrays([(array.shape, array.dtype) for array in map(plain, leaves)])
        return jax.tree.unflatten(structure, map(_like, leaves, arrays)), history

    def _check(self, header: dict[str, Any], plan: Plan) -> None:
        """That the header is of this training, and that it can become as long as the plan is."""
        done, planned, epochs = int(header["epochs"]), int(header["planned"]), len(plan.schedule)
        different = differences(_BEFORE | header["identity"], self._identity)
        if different:
            if planned != epochs and any(text.startswith("optimizer") for text in different):
                different.append(
                    f"epochs (was {planned}, is {epochs}), which gives a schedule another number of updates"
                )
            raise CheckpointError(
                f"{self.path}: belongs to another training (different: {', '.join(different)}). The call that began it "
                f"goes on; {self._afresh()}"
            )
        if problem := plan.cannot_go_on(done, planned):
            raise CheckpointError(f"{self.path}: {problem}; {self._afresh()}")

    def keep(self, learner: Learner, history: History, *, at_once: bool) -> None:
        """Write the state, if it is time to; a disk that is full is said, and ends the write only."""
        done = len(history.loss)
        if self.path is None or done == self._epochs:
            return
        if not at_once and time.monotonic() - self._written < self._seconds:
            return
        try:
            header = {"format": _FORMAT, "epochs": done, "planned": self._planned, "identity": self._identity}
            header |= {"model": "training", "why": "it is what fit(..., checkpoint=...) goes on from"}  # for `restore`
            save_tree(self._target, jax.tree.map(plain, learner), header | {"history": self._journal.append(history)})
            self._epochs, self._failed = done, False
        except OSError as error:
            self._failed = True
            warnings.warn(
                f"{self.path}: cannot be written ({reason(error)}); training goes on, and a run that is "
                f"stopped now goes on from epoch {self._epochs}",
                stacklevel=3,
            )
        self._written = time.monotonic()

    def how_to_go_on(self) -> str:
        """For somebody who has stopped the training."""
        if self.path is None:
            return "the model so far is .model of this exception, and with checkpoint=... the same call would go on"
        return f"the same call goes on from {self.path}" + (f", epoch {self._epochs}" if self._failed else "")

    def _afresh(self) -> str:
        return f"delete {self.path} to start afresh, or give another file"


def _like(leaf: Any, array: np.ndarray) -> Array:
    return (
        jax.random.wrap_key_data(jnp.asarray(array), impl=jax.random.key_impl(leaf))
        if is_key(leaf)
        else jnp.asarray(array)
    )
