"""LSTMs in .nam files and containers: against the player, there and back, levels, and what the format has not."""

import json
import math

import jax
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.train.members import knowing
from tests.export.player_files import GOLDEN, NAM_FILES, nam_file, sound
from tests.export.test_rtneural import VOLTS, written


@pytest.mark.parametrize("name", NAM_FILES)
def test_files_sound_as_in_the_player(name, tmp_path):
    path, golden, x = written(tmp_path / "model.nam", NAM_FILES[name]), np.load(GOLDEN), sound()
    model = cn.export.read_nam(path)
    assert model.fs == 48_000
    np.testing.assert_allclose(cn.run(model, x)[1], golden[f"nam/rest {name}"], rtol=0, atol=1e-6)
    # Without its prewarming the player begins with the h and c of the file, layer by layer.
    size, depth = model.hidden, model.layers
    counts = [4 * size * ((size if k else 1) + size + 1) for k in range(depth)]
    starts = np.cumsum([0, *(count + 2 * size for count in counts)])
    weights = np.asarray(NAM_FILES[name]["weights"], np.float32)
    start = [weights[begin + count :][: 2 * size] for begin, count in zip(starts, counts, strict=False)]
    np.testing.assert_allclose(cn.run(model, x, np.concatenate(start))[1], golden[f"nam/{name}"], rtol=0, atol=1e-6)


def test_there_and_back_with_the_state_after_silence(tmp_path):
    model = cn.export.read_nam(written(tmp_path / "model.nam", NAM_FILES["deep lstm"]))
    data = json.loads(cn.export.nam(model, tmp_path / "again.nam", name="It").read_text())
    assert (data["version"], data["architecture"], data["sample_rate"]) == ("0.5.4", "LSTM", 48_000)
    assert data["config"] == NAM_FILES["deep lstm"]["config"]
    assert data["metadata"]["name"] == "It"
    again = cn.export.read_nam(tmp_path / "again.nam")
    for one, other in zip(jax.tree.leaves(nnx.state(model)), jax.tree.leaves(nnx.state(again)), strict=True):
        np.testing.assert_array_equal(one, other)
    begin = 4 * 4 * (1 + 4 + 1)
    rest = np.asarray(data["weights"][begin : begin + 8], np.float32)
    np.testing.assert_array_equal(rest, np.ravel(model.init_carry())[:8])


def test_levels_are_those_of_full_scale(tmp_path):
    model = cn.export.read_nam(written(tmp_path / "model.nam", NAM_FILES["lstm"]))
    peak = [math.sqrt(2 * 0.6) * 10 ** (dbu / 20) for dbu in (12, 6)]
    np.testing.assert_allclose(model.volts, peak, rtol=1e-12)
    cn.train.save(model, tmp_path / "model.npz")
    assert cn.train.restore(tmp_path / "model.npz").volts == model.volts
    told = json.loads(cn.export.nam(model, tmp_path / "same.nam").read_text())["metadata"]
    np.testing.assert_allclose([told["input_level_dbu"], told["output_level_dbu"]], [12, 6], rtol=1e-12)
    assert -60 < told["loudness"] < 20
    # Half of the full scale at the input, twice at the output: the same volts.
    cn.export.nam(model, tmp_path / "other.nam", volts=(peak[0] / 2, 2 * peak[1]))
    other, x = cn.export.read_nam(tmp_path / "other.nam"), sound()
    np.testing.assert_allclose(other.volts, (peak[0] / 2, 2 * peak[1]), rtol=1e-12)
    np.testing.assert_allclose(2 * cn.run(other, 2 * x)[1], cn.run(model, x)[1], rtol=0, atol=1e-6)
    model.volts = None
    cn.export.nam(model, tmp_path / "told.nam", volts=4.5)
    np.testing.assert_allclose(cn.export.read_nam(tmp_path / "told.nam").volts, (4.5, 4.5), rtol=1e-12)
    with pytest.raises(ValueError, match="volts: expected a positive number"):
        cn.export.nam(model, tmp_path / "told.nam", volts=0)


def test_a_network_takes_over_the_volts_of_its_training():
    x = np.zeros(8)
    data = cn.train.Dataset(x, x, fs=48_000, volts=(2.0, 3.0))
    assert [part.volts for part in data.split(0.5, 0.5)] == [(2.0, 3.0)] * 2
    assert cn.train.Dataset.join([data, data]).volts == (2.0, 3.0)
    assert cn.train.Dataset.join([data, cn.train.Dataset(x, x, fs=48_000)]).volts is None
    model = cn.recurrent.LSTM(2, rngs=nnx.Rngs(0))
    assert knowing(model, data).volts == (2.0, 3.0)
    assert model.volts is None
    model.volts = (1.0, 1.0)
    assert knowing(model, data).volts == (1.0, 1.0)


def container(*limits):
    models = [{"max_value": limit, "model": nam_file(k + 1, 1, seed=k)} for k, limit in enumerate(limits)]
    for entry in models[1:]:
        del entry["model"]["sample_rate"]
    return {
        "version": "0.7.0",
        "architecture": "SlimmableContainer",
        "config": {"submodels": models},
        "weights": [],
        "sample_rate": 48_000,
    }


@pytest.mark.parametrize(("width", "hidden"), [(None, 3), (0.0, 1), (0.33, 2), (0.65, 2), (0.66, 3)])
def test_a_width_of_a_container(width, hidden, tmp_path):
    path = written(tmp_path / "model.nam", container(0.33, 0.66, 1.0))
    model = cn.export.read_nam(path) if width is None else cn.export.read_nam(path, width=width)
    assert (model.hidden, model.fs) == (hidden, 48_000)
    with pytest.raises(ValueError, match=r"width: from 0 to 1, got 1\.5"):
        cn.export.read_nam(path, width=1.5)


def test_double_precision_is_written_outside_of_it_too(tmp_path):
    with jax.enable_x64(True):
        model = cn.recurrent.LSTM(8, dtype=np.float64, rngs=nnx.Rngs(0))
    for write in (cn.export.nam, cn.export.aidax, cn.export.rtneural):
        read = cn.export.read(write(model, tmp_path / "model.file"))
        np.testing.assert_array_equal(
            read.torch_state()["lin.weight"], model.torch_state()["lin.weight"].astype(np.float32)
        )


def test_what_it_does_not_hold_names_what_does(tmp_path):
    def lstm(**more):
        return cn.recurrent.LSTM(2, rngs=nnx.Rngs(0), **more)

    for model, words in (
        (cn.recurrent.GRU(2, rngs=nnx.Rngs(0)), r"no GRU: cn\.export\.rtneural.*cn\.export\.aidax"),
        (lstm(controls=("gain",)), r"no knobs \(gain\): cn\.export\.rtneural"),
        (lstm(out_features=2), "one signal in and one out"),
        (cn.chain(lstm(), lstm()), r"one LSTM.*cn\.export\.rtneural"),
        (cn.residual(lstm()), r"no wire.*cn\.export\.aidax.*cn\.export\.c"),
        (cn.nodal.NodalModel(cn.circuits.diode_clipper(), fs=48_000), r"NodalModel.*cn\.export\.c"),
    ):
        with pytest.raises(cn.export.FormatError, match=words):
            cn.export.nam(model, tmp_path / "model.nam")
    assert not (tmp_path / "model.nam").exists()


LSTM = NAM_FILES["lstm"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (LSTM | {"architecture": "Linear"}, "architecture: 'Linear' is not read"),
        (LSTM | {"version": "0.8.0"}, r"version: '0\.8\.0' is not read; up to 0\.7 are"),
        (LSTM | {"version": "new"}, "version: 'new' is not read"),
        ({}, "architecture: expected a text, got nothing"),
        (LSTM | {"weights": LSTM["weights"][1:]}, "1 x 5 units have 156 weights, not 155"),
        (LSTM | {"config": {"hidden_size": 10**9, "num_layers": 1}}, "hidden_size: expected a number from 1 to 1024"),
        (LSTM | {"config": {"hidden_size": 1024, "num_layers": 64}}, "64 x 1024 units have"),
        (LSTM | {"config": LSTM["config"] | {"input_size": 2}}, "input_size: expected a number from 1 to 1"),
        (LSTM | {"sample_rate": -1.0}, "sample_rate: expected a number"),
        (container(0.5, 0.5), "max_value has to grow"),
        (container(0.5) | {"config": {"submodels": []}}, "submodels: expected a list of 1 to 64"),
        (container(1.0) | {"config": {"submodels": [{"max_value": 1.0, "model": container(1.0)}]}}, "is not read"),
    ],
)
def test_a_fault_says_where(data, words, tmp_path):
    with pytest.raises(cn.export.FormatError, match=words):
        cn.export.read_nam(written(tmp_path / "model.nam", data))


def test_torch_arrays_there_and_back(tmp_path):
    kinds = {"folded": True, "told": False}
    model = cn.residual(
        cn.recurrent.GRU(3, layers=2, controls={"gain": 0.1}, scaling=VOLTS, fs=44_100, rngs=nnx.Rngs(0))
    )
    for name, folded in kinds.items():
        path = cn.export.torch(model, tmp_path / f"{name}.npz", folded=folded)
        read = cn.export.read_torch(path)
        assert (read.fs, read.controls) == (44_100, {"gain": 0.1})
        assert sorted(key for key in np.load(path) if "." in key) == sorted(model.model.torch_state())
        state = read.model.torch_state()
        for key, array in model.model.torch_state().items():
            np.testing.assert_allclose(state[key], array, rtol=1e-6, atol=1e-7)
        assert (read.model.scaling.input[0] == 1) == folded
    # What a user of PyTorch writes.
    arrays = {name: array.astype(np.float64) for name, array in model.model.torch_state().items()}
    np.savez(tmp_path / "plain.npz", **arrays)
    plain = cn.export.read_torch(tmp_path / "plain.npz", fs=48_000)
    assert (type(plain), plain.in_features, plain.layers, plain.fs) == (cn.recurrent.GRU, 2, 2, 48_000)
    scale = b'{"scaling": {"input": [0, 1], "output": [1]}}'
    faults = {
        "a NaN": (arrays | {"lin.bias": np.array([np.nan])}, "lin.bias has numbers that are not finite"),
        "a size": (arrays | {"lin.weight": np.zeros((1, 4))}, "lin.weight: expected real numbers"),
        "a gap": ({k: v for k, v in arrays.items() if k != "lin.bias"}, "different: 'lin.bias'"),
        "a scale": (arrays | {"header": np.frombuffer(scale, np.uint8)}, "scales must"),
        "a header": (arrays | {"header": np.zeros(3)}, "its header is no text"),
        "axes": (arrays | {"rec.weight_hh_l0": np.zeros(())}, "0 x 0"),
    }  # fmt: skip
    for broken, words in faults.values():
        np.savez(tmp_path / "broken.npz", **broken)
        with pytest.raises(cn.export.FormatError, match=words):
            cn.export.read_torch(tmp_path / "broken.npz")
    (tmp_path / "model.pt").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(cn.export.FormatError, match=r"a \.pt file is a program"):
        cn.export.read_torch(tmp_path / "model.pt")
    with pytest.raises(cn.export.FormatError, match="not a Memoryless"):
        cn.export.torch(cn.recurrent.Memoryless((2,), rngs=nnx.Rngs(0)), tmp_path / "m.npz")
