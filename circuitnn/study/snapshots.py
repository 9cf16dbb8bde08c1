"""The weights at each validation of a training, for figures that other weights than those kept have.

`fit` keeps the weights with the lowest free-running error. One step from the truth others may be better: the error of
forced models has to be that of the weights with the lowest forced error.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import final

from flax import nnx

from circuitnn.model import StateModel
from circuitnn.study.signals import FS
from circuitnn.train import Dataset
from circuitnn.train.checkpoint import load_tree, save_tree
from circuitnn.train.exposure import forced_esr
from circuitnn.train.stopping import EpochEnd

WARMUP = 1000  # samples of a window that do not count: a model's other memory settles in them
MOST = 64  # windows of a second


@final
class Snapshots:
    """A callback of `fit` that writes them, so that a training which was stopped still has those from before."""

    def __init__(self, stem: Path, every: int):
        """For the files that begin with `stem`.

        Args:
            stem: of the files, one for each snapshot and model.
            every: epochs between them; the last epoch is always one.
        """
        self._stem, self._every = stem, every

    def __call__(self, end: EpochEnd) -> None:
        if end.epoch % self._every == 0 or end.epoch == end.epochs:
            for number, model in enumerate(end.model()):
                save_tree(self._path(end.epoch, number), nnx.state(model, nnx.Param), {})

    def best_forced(self, models: Mapping[int, StateModel], validation: Dataset) -> list[StateModel]:
        """Of each model the snapshot with the lowest teacher-forced error, over a minute of the data at most.

        Args:
            models: by their numbers among those that were trained together; for their structure.
            validation: recordings with circuit states.
        """
        data = in_windows(validation)
        found = []
        for number, model in models.items():
            best, lowest = nnx.clone(model), math.inf
            for path in sorted(self._stem.parent.glob(f"{self._stem.name}-*-{number}.npz")):
                tried = nnx.clone(model)
                nnx.update(tried, load_tree(path, nnx.state(model, nnx.Param))[0])
                error = forced_esr(tried, data, warmup=WARMUP)
                if error < lowest:
                    best, lowest = tried, error
            found.append(best)
        return found

    def _path(self, epoch: int, number: int) -> Path:
        return self._stem.with_name(f"{self._stem.name}-{epoch:06d}-{number}.npz")


def in_windows(data: Dataset) -> Dataset:
    """Seconds of it as recordings of their own, side by side; whole recordings where they are shorter."""
    length = min(FS, data.x.shape[1] - WARMUP)
    windows = data.windows(length, warmup=WARMUP, most=MOST)
    return Dataset(
        windows.x,
        windows.y,
        states=windows.states,
        controls=windows.controls,
        fs=data.fs,
        initial=windows.initial,
        before=None if windows.before is None else windows.before.x,
    )
