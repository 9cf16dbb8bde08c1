import numpy as np
import pytest
from flax import nnx

from circuitnn.train import CheckpointError, load, save
from circuitnn.train.checkpoint import load_tree, save_tree
from tests.models import Gain, Leaky


def test_a_saved_model_comes_back(tmp_path):
    save(Leaky(0.123), tmp_path / "model.npz")
    assert load(Leaky(), tmp_path / "model.npz").pole[...] == np.float32(0.123)


def test_trees_and_headers_come_back(tmp_path):
    tree = {"a": np.arange(3), "b": (np.float32(2.5), np.ones((2, 2)))}
    save_tree(tmp_path / "tree.npz", tree, {"note": "x", "infinite": float("inf")})
    back, header = load_tree(tmp_path / "tree.npz", tree)
    np.testing.assert_array_equal(back["b"][1], tree["b"][1])
    assert header == {"note": "x", "infinite": float("inf")}


def test_what_does_not_fit_is_refused(tmp_path):
    save(Leaky(), tmp_path / "leaky.npz")
    with pytest.raises(CheckpointError, match=r"holds a tests.models.Leaky, not a tests.models.Gain"):
        load(Gain(), tmp_path / "leaky.npz")
    with pytest.raises(CheckpointError, match="no such file"):
        load(Leaky(), tmp_path / "nowhere.npz")
    (tmp_path / "text.npz").write_text("not a checkpoint")
    with pytest.raises(CheckpointError, match="not a circuitnn checkpoint"):
        load(Leaky(), tmp_path / "text.npz")
    whole = (tmp_path / "leaky.npz").read_bytes()
    (tmp_path / "half.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match="damaged"):
        load(Leaky(), tmp_path / "half.npz")


def test_pickled_objects_are_refused(tmp_path):
    np.savez(tmp_path / "pickled.npz", header=np.array([{"model": "Leaky"}], dtype=object), leaf0=np.zeros(()))
    with pytest.raises(CheckpointError):
        load(Leaky(), tmp_path / "pickled.npz")


def test_everything_of_a_model_is_saved(tmp_path):
    save(Gain(3.0), tmp_path / "gain.npz")
    _, variables = nnx.split(load(Gain(), tmp_path / "gain.npz"))
    assert [float(v) for v in nnx.to_pure_dict(variables).values()] == [3.0]
