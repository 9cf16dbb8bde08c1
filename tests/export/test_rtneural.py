"""RTNeural's JSON: against what RTNeural makes of files, there and back, and files of strangers."""

import json

import jax
import numpy as np
import pytest
from flax import nnx
from jax import numpy as jnp

import circuitnn as cn
from circuitnn.networks import Scaling
from tests.export.player_files import GOLDEN, rtneural_files, sound, stack

FILES = rtneural_files()
VOLTS = Scaling(np.array([0.3]), np.array([2.0]), input_offset=np.array([0.1]), output_offset=np.array([-0.5]))


def written(path, data):
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def played(model, x, **controls):
    """From a memory of zeros, as the players begin."""
    carry = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), jax.eval_shape(lambda: model.init_carry(())))
    return np.asarray(cn.run(model, x, carry, controls=controls)[1])


@pytest.mark.parametrize(
    "name",
    [
        "gru",
        "lstm",
        "dense",
        "deep lstm",
        "conv",
        "groups",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("deep gru", "mixed")),
    ],
)
def test_files_sound_as_in_rtneural(name, tmp_path):
    path = written(tmp_path / "model.json", FILES[name])
    model = cn.export.read_rtneural(path)
    expected = np.load(GOLDEN)[f"rtneural/{name}"]
    np.testing.assert_allclose(played(model, sound(model.in_features)), expected, rtol=0, atol=2e-6)
    again = json.loads(cn.export.rtneural(model, tmp_path / "again.json").read_text())
    layers = [layer for layer in FILES[name]["layers"] if layer["type"] != "activation"]
    found = [layer["weights"] for layer in again["layers"] if layer["type"] != "activation"]
    reread = cn.export.read_rtneural(tmp_path / "again.json")
    np.testing.assert_allclose(played(reread, sound(model.in_features)), expected, rtol=0, atol=2e-6)
    if name not in ("mixed", "groups"):  # there an activation behind a GRU, and slopes, are layers of their own
        assert found == [layer["weights"] for layer in layers]
        assert cn.export.rtneural(reread, path).read_bytes() == (tmp_path / "again.json").read_bytes()


def test_gates_in_another_order_sound_different(tmp_path):
    data = json.loads(json.dumps(FILES["gru"]))
    for matrix in (*data["layers"][0]["weights"][:2], data["layers"][0]["weights"][2]):
        for row in matrix:
            row[:8], row[8:16] = row[8:16], row[:8]
    y = played(cn.export.read_rtneural(written(tmp_path / "swapped.json", data)), sound())
    assert np.abs(y - np.load(GOLDEN)["rtneural/gru"]).max() > 0.01


def test_scaling_knobs_and_gains_are_in_the_weights(tmp_path):
    rngs = nnx.Rngs(0)
    parts = (
        cn.hybrid.Gain(2.0),
        cn.recurrent.GRU(5, controls={"gain": 0.2}, scaling=VOLTS, fs=96_000, rngs=rngs),
        cn.hybrid.Gain(0.5),
        cn.recurrent.Memoryless((4,), activation="relu", scaling=VOLTS, rngs=rngs),
        cn.hybrid.Gain(3.0),
    )
    model, x = cn.chain(*parts), sound()
    read = cn.export.read_rtneural(cn.export.rtneural(model, tmp_path / "model.json"))
    assert read.fs == 96_000
    assert read.controls == {"gain": 0.2}
    np.testing.assert_allclose(played(read, x, gain=0.7), played(model, x, gain=0.7), rtol=0, atol=2e-6)
    assert np.abs(played(read, x) - played(model, x, gain=0.7)).max() > 1e-3


def test_what_it_does_not_hold_names_what_does(tmp_path):
    gru = cn.recurrent.GRU(4, controls=("gain",), rngs=nnx.Rngs(0))
    for model in (
        cn.residual(gru),
        cn.chain(gru, gru),
        cn.recurrent.GRU(4, controls=("gain",), conditioning="film", rngs=nnx.Rngs(0)),
        cn.recurrent.STN(("C1",), rngs=nnx.Rngs(0)),
        cn.recurrent.Memoryless((3,), activation="softsign", rngs=nnx.Rngs(0)),
    ):
        with pytest.raises(ValueError, match=r"RTNeural.*cn\.export\.c"):
            cn.export.rtneural(model, tmp_path / "model.json")
    assert not (tmp_path / "model.json").exists()


GRU, DENSE = FILES["gru"]["layers"]
CONV, NORM, SLOPES = FILES["groups"]["layers"][1:4]
FAULTS = {
    "no file": (None, "no such file"),
    "no json": ("{", "cannot be read as JSON"),
    "bytes": ("\ud800", "cannot be read as JSON"),
    "deep": ("[" * 100_000, "too deep"),
    "a list": ("[1]", "expected an object with names, got a list of 1"),
    "no layers": ({"in_shape": [1]}, "layers: expected a list"),
    "no shape": ({"layers": [GRU]}, "in_shape: expected a list"),
    "many inputs": ({"in_shape": [10**9], "layers": [GRU]}, "in_shape: expected a number from 1 to 1024"),
    "a truth": ({"in_shape": [True], "layers": [GRU, DENSE]}, "in_shape: expected a number.*got True"),
    "softmax": ({"in_shape": [1], "layers": [GRU, DENSE | {"activation": "softmax"}]}, r"layers\[1\]: .*'softmax'"),
    "unknown": ({"in_shape": [1], "layers": [GRU | {"type": "conv2d"}]}, r"layers\[0\]: a layer of the type 'conv2d'"),
    "groups of 2": (FILES["groups"] | {"in_shape": [3]}, r"layers\[0\]: weights\[0\]: expected 3 x 3 x 6"),
    "a pair of 3": (stack(6, CONV | {"groups": 4}), r"layers\[0\]: groups: 6 channels to 4 cannot be in 4 groups"),
    "a full one": (
        stack(1024, CONV | {"shape": [1024], "groups": 1024, "kernel_size": [100]}),
        "groups: a full convolution of 104857600 weights",
    ),
    "three of a norm": (stack(4, NORM | {"weights": NORM["weights"][:3]}), r"mean and variance.*got 3"),
    "no variance": (stack(4, NORM | {"weights": [[0.0] * 4] * 2, "epsilon": 0.0}), "not above zero"),
    "no epsilon": (stack(4, NORM | {"epsilon": None}), "epsilon: expected a number"),
    "two slopes": (stack(4, SLOPES | {"weights": [[[0.1, 0.2]]]}), r"weights\[0\]: expected 1 x 4"),
    "many slopes": (stack(1024, SLOPES | {"shape": [1024]}), "1024 units with slopes; at most 512"),
    "large": ({"in_shape": [1], "layers": [GRU | {"shape": [4096]}]}, "shape: expected a number from 1 to 1024"),
    "other size": ({"in_shape": [1], "layers": [GRU | {"shape": [7]}]}, r"weights\[0\]: expected 1 x 21 numbers"),
    "not finite": ({"in_shape": [1], "layers": [DENSE | {"weights": [[[float("nan")]], [0.0]]}]}, "not finite"),
    "overflow": ({"in_shape": [1], "layers": [DENSE | {"weights": [[[1e300]], [0.0]]}]}, "not finite in float32"),
    "endless": ({"in_shape": [1], "layers": [DENSE | {"weights": [[[10**400]], [0.0]]}]}, "not finite"),
    "a text": ({"in_shape": [1], "layers": [DENSE | {"weights": [[["1"]], [0.0]]}]}, "got '1' among them"),
    "a gap": ({"in_shape": [1], "layers": [DENSE | {"weights": [[1.0], [0.0]]}]}, r"weights\[0\]: expected 1 x 1"),
    "knobs": (FILES["gru"] | {"metadata": {"knobs": {"a": 0.5}}}, "1 knobs, of 1 inputs"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_says_where(name, tmp_path):
    data, words = FAULTS[name]
    path = tmp_path / "model.json"
    if name == "bytes":
        path.write_bytes(b'{"a": "\xff\xfe"}')
    elif data is not None:
        written(path, data)
    with pytest.raises(cn.export.FormatError, match=words) as fault:
        cn.export.read_rtneural(path)
    assert str(path) in str(fault.value)
    assert "\n" not in str(fault.value)
