"""Checkpoints after accidents: a training goes on with the numbers that it had, or is refused with one error."""

import dataclasses
from random import Random

import jax
import numpy as np
import optax
import pytest

from circuitnn.train import CheckpointError, TruncatedBPTT, fit
from circuitnn.train.resuming import RunFile
from tests.fuzz.mutations import mutated
from tests.models import Leaky
from tests.train.conftest import data  # noqa: F401


@pytest.fixture
def begun(data, tmp_path, monkeypatch):  # noqa: F811
    """A file, and what `fit` asks of it."""
    asked, resumed = [], RunFile.resumed
    options = {"optimizer": optax.adam(0.02), "epochs": 3, "batch": 8, "checkpoint": tmp_path / "run.npz"}

    def noted(self, *arguments):
        asked[:] = arguments
        return resumed(self, *arguments)

    monkeypatch.setattr(RunFile, "resumed", noted)
    fit(Leaky(0.5), data, TruncatedBPTT(length=64, warmup=16), checkpoint_seconds=0, progress=False, **options)
    fit(Leaky(0.5), data, TruncatedBPTT(length=64, warmup=16), progress=False, **options)
    return tmp_path / "run.npz", lambda file: resumed(file, *asked)


@pytest.mark.parametrize("count", [60, pytest.param(2000, marks=pytest.mark.slow)])
def test_changed_checkpoints(begun, count):
    path, resumed = begun
    journal = path.with_name("run.npz.history.jsonl")
    whole = path.read_bytes(), journal.read_bytes()

    def read():
        with RunFile(path, 0.0) as file:
            learner, history = resumed(file)
            return [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(learner)], dataclasses.asdict(history)

    expected, random, refused = read(), Random(count), 0
    for number in range(count):
        for file, contents in zip((path, journal), whole, strict=True):
            file.write_bytes(contents)
        changed = (path, journal)[number % 2]
        changed.write_bytes(mutated(random, changed.read_bytes()))
        try:
            assert read() == expected
        except CheckpointError as error:
            refused += str(path) in str(error)
    assert refused > 0.8 * count
