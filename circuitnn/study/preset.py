"""How much of a study is computed."""

import dataclasses
from typing import final

from circuitnn.study.material import Material
from circuitnn.study.rate_search import RateSearch
from circuitnn.study.signals import Signals, built_in, recordings
from circuitnn.train import Dataset


@final
@dataclasses.dataclass(frozen=True)
class Preset:
    """How much is computed. Every regime gets the same windows, batches and number of updates.

    Attributes:
        name: for the report.
        seeds: initial weights and data orders, trained together.
        updates: optimiser steps.
        contenders: names; None is all of the study's.
        regimes: names; None is all of the study's.
        targets: names; None is all of the study's.
        batch: windows in one step.
        length: samples with a loss in each window.
        warmup: samples before them without one.
        blocks: of that length in each window, an update after each, the state handed on: the warm-up is shared by them.
        excitation_seconds: of built-in excitation for training; a fifth as much each for validation and test.
        material: what is played in place of that excitation.
        files: recordings in place of both: the keys "files", "test_files" and "validation_files" with their paths and
            names.
        pieces: recordings that each part of the data is cut into, simulated side by side.
        oversampling: of the simulation.
        search: how the learning rate of each contender under each regime is found; None takes the contender's own.
        seconds: of each training and seed, in place of `updates`: as many epochs as fit into it on the machine that
            makes it, which results depend on then.
    """

    name: str
    _: dataclasses.KW_ONLY
    seeds: int
    updates: int
    contenders: tuple[str, ...] | None = None
    regimes: tuple[str, ...] | None = None
    targets: tuple[str, ...] | None = None
    batch: int = 40
    length: int = 512
    warmup: int = 200
    blocks: int = 1
    excitation_seconds: float = 40.0
    material: Material | None = None
    files: tuple[tuple[str, tuple[str, ...]], ...] = ()
    pieces: int = 1
    oversampling: int = 8
    search: RateSearch | None = None
    seconds: float | None = None

    def signals(self) -> Signals:
        """What is played.

        Raises:
            circuitnn.audio.AudioError, ValueError: for recordings that cannot be used.
        """
        if self.files:
            named = dict(self.files)
            options = {key.removesuffix("_files"): names for key, names in named.items() if key != "files"}
            found = recordings(named["files"], **options)
            return found if self.material is None else self.material.cut(found, self.pieces)
        return built_in(self.excitation_seconds) if self.material is None else self.material.signals(self.pieces)

    def epochs(self, train: Dataset, updates: int) -> int:
        """Whole passes that come nearest to a number of updates; the same for every model and regime."""
        return max(1, round(updates / self.updates_of_a_pass(train)))

    def updates_of_a_pass(self, train: Dataset) -> int:
        """How many updates an epoch has."""
        windows = (train.x.shape[1] - self.warmup) // (self.length * self.blocks) * train.x.shape[0]
        return max(1, windows // self.batch) * self.blocks

    @property
    def window(self) -> dict[str, int]:
        """What the classes of regimes are told of it."""
        return {"length": self.length, "warmup": self.warmup, "blocks": self.blocks}
