"""The weights of a training that are best one step from the truth."""

import numpy as np
import pytest
from flax import nnx

from circuitnn.recurrent import STN
from circuitnn.study import snapshots
from circuitnn.study.snapshots import Snapshots
from circuitnn.train import Dataset, History
from circuitnn.train.exposure import exposure_bias, forced_esr
from circuitnn.train.stopping import EpochEnd


@pytest.fixture(scope="module")
def data():
    """Two recordings of a low pass."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 1200, 1))
    states = np.zeros_like(x)
    for n in range(1, x.shape[1]):
        states[:, n] = 0.9 * states[:, n - 1] + 0.1 * x[:, n]
    return Dataset(x, states, states=states, fs=48_000)


def model(seed, scale=1.0):
    made = STN(("C1",), hidden=(2,), output="C1", rngs=nnx.Rngs(seed))
    made.layers[-1].weight[...] *= scale
    return made


def test_each_model_gets_its_best_snapshot_back(data, tmp_path, monkeypatch):
    monkeypatch.setattr(snapshots, "WARMUP", 100)
    trained = [[model(seed, scale) for seed in (0, 1)] for scale in (1.0, 0.5, 3.0, 2.0)]
    kept = Snapshots(tmp_path / "job", every=2)
    for epoch, models in enumerate(trained, 1):
        kept(EpochEnd(epoch, 4, History(), lambda models=models: models))
    assert len(list(tmp_path.iterdir())) == 4, "two epochs of two models"
    found = Snapshots(tmp_path / "job", every=2).best_forced(
        dict(enumerate(trained[-1])), data
    )  # another process goes on
    for number, best in enumerate(found):
        errors = [forced_esr(models[number], snapshots.in_windows(data), warmup=100) for models in trained]
        chosen = forced_esr(best, snapshots.in_windows(data), warmup=100)
        assert chosen == min(errors[1], errors[3])
        assert errors[1] != errors[3]


def test_without_snapshots_models_stay(data, tmp_path, monkeypatch):
    monkeypatch.setattr(snapshots, "WARMUP", 100)
    (same,) = Snapshots(tmp_path / "job", every=1).best_forced({0: model(0)}, data)
    assert forced_esr(same, data, warmup=100) == forced_esr(model(0), data, warmup=100)


def test_it_is_the_forced_error_of_exposure_bias(data):
    report = exposure_bias(model(0), data, warmup=100, horizon=50, starts=4)
    assert forced_esr(model(0), data, warmup=100) == report.esr_teacher_forced
