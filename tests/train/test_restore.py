"""Neural tone stacks on disk: bit for bit, and nothing absurd is built from a file."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.filters import NeuralToneStack
from circuitnn.train import CheckpointError, load, restore, save
from circuitnn.train.checkpoint import opened, save_tree
from tests.filters.stacks import moving, tone_stack
from tests.models import Leaky


@pytest.mark.parametrize(("form", "dtype", "frame"), [("coupled", jnp.float32, 8), ("biquads", jnp.float64, 1)])
def test_bit_for_bit(tmp_path, form, dtype, frame):
    model = tone_stack(form, order=3, dtype=dtype, frame=frame, fs=44_100)
    save(model, tmp_path / "stack.npz")
    back = restore(tmp_path / "stack.npz")
    assert back.settings == model.settings
    assert back.dtype == model.dtype
    for found, expected in zip(jax.tree.leaves(nnx.state(back)), jax.tree.leaves(nnx.state(model)), strict=True):
        assert found.dtype == expected.dtype == dtype
        np.testing.assert_array_equal(found, expected)
    x = np.random.default_rng(0).standard_normal(30)
    found, expected = (cn.run(each, x, controls=moving((30,)))[1] for each in (back, model))
    np.testing.assert_array_equal(found, expected)


def test_knobs_keep_their_order(tmp_path):
    """The weights know them by their place: treble before bass, as the netlist has them."""
    model = tone_stack()
    assert list(model.controls) == ["treble", "bass"]
    save(model, tmp_path / "stack.npz")
    back = restore(tmp_path / "stack.npz")
    assert list(back.controls) == ["treble", "bass"]
    at = np.array([100.0, 1e3])
    knobs = {"bass": 0.9, "treble": 0.1}
    np.testing.assert_array_equal(
        back.frequency_response(at, controls=knobs), model.frequency_response(at, controls=knobs)
    )


def test_other_models(tmp_path):
    save(Leaky(), tmp_path / "leaky.npz")
    with pytest.raises(
        CheckpointError, match=r"settings are no model's \(no kind of model 'tests.models.Leaky' is known"
    ):
        restore(tmp_path / "leaky.npz")
    save(tone_stack(), tmp_path / "stack.npz")
    with pytest.raises(CheckpointError, match=r"stack.npz: holds a NeuralToneStack, not a tests.models.Leaky"):
        load(Leaky(), tmp_path / "stack.npz")
    with pytest.raises(CheckpointError, match=r"array biases/0 is .* expected"):
        load(NeuralToneStack({"treble": 0.5, "bass": 0.3}, hidden=(7,), order=4), tmp_path / "stack.npz")


def test_damaged(tmp_path):
    save(tone_stack(), tmp_path / "stack.npz")
    whole = (tmp_path / "stack.npz").read_bytes()
    for name, content in {
        "half": whole[: len(whole) // 2],
        "text": b"no model",
        "empty": b"",
        "turned": whole[:200] + bytes(255 - each for each in whole[200:260]) + whole[260:],
    }.items():
        (tmp_path / f"{name}.npz").write_bytes(content)
        with pytest.raises(CheckpointError, match=f"{name}.npz: "):
            restore(tmp_path / f"{name}.npz")
    with pytest.raises(CheckpointError, match="no such file"):
        restore(tmp_path / "nowhere.npz")


ABSURD = [
    {"hidden": [1_000_000_000]},
    {"hidden": [8] * 1000},
    {"hidden": None},
    {"hidden": [-3]},
    {"hidden": ["8"]},
    {"order": 1_000_000_000},
    {"order": -1},
    {"order": 2.5},
    {"fs": "fast"},
    {"fs": -1.0},
    {"radius": 1.5},
    {"form": "__import__"},
    {"frame": 0},
    {"controls": {f"knob{k}": 0.5 for k in range(10_000)}},
    {"controls": {"bass": 7}},
    {"controls": {}},
    {"controls": None},
    {"controls": [1, 2]},
    {"unheard of": 1},
]


@pytest.mark.parametrize("change", ABSURD, ids=lambda each: json.dumps(each)[:30])
def test_absurd_settings(tmp_path, change):
    model = tone_stack()
    header = {"model": "NeuralToneStack", "settings": {**model.settings, **change}, "dtype": "float64"}
    save_tree(tmp_path / "odd.npz", nnx.to_pure_dict(nnx.state(model)), header)
    with pytest.raises(CheckpointError, match=r"odd.npz: its settings are no model's"):
        restore(tmp_path / "odd.npz")


@pytest.mark.parametrize("dtype", ["float16", "object", None, ["float32"]])
def test_absurd_types(tmp_path, dtype):
    model = tone_stack()
    header = {"model": "NeuralToneStack", "settings": {**model.settings, "dtype": dtype}}
    save_tree(tmp_path / "odd.npz", nnx.to_pure_dict(nnx.state(model)), header)
    with pytest.raises(CheckpointError, match=r"odd.npz: its settings are no model's"):
        restore(tmp_path / "odd.npz")


def test_the_header_says_what_it_is(tmp_path):
    save(tone_stack(dtype=jnp.float32), tmp_path / "stack.npz")
    with opened(tmp_path / "stack.npz") as file:
        header = file.header
    assert header["model"] == "NeuralToneStack"
    assert header["settings"]["dtype"] == "float32"
    assert header["settings"]["hidden"] == [6]
