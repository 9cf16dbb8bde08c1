"""AIDA-X: against its loader around RTNeural, its own test, and what its player cannot load."""

import json
import math

import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.networks import Scaling
from tests.export.player_files import AIDAX_KNOBS, GOLDEN, aidax_files, sound
from tests.export.test_rtneural import VOLTS, played, written

FILES = aidax_files()


def test_files_sound_as_in_the_player(tmp_path):
    x, golden = sound(), np.load(GOLDEN)
    model = cn.export.read_aidax(written(tmp_path / "knobs.aidax", FILES["knobs"]))
    assert model.controls == {"param1": 0.0, "param2": 0.0}
    assert model.fs == 44_100
    y = played(model, x, param1=AIDAX_KNOBS[0], param2=AIDAX_KNOBS[1])
    np.testing.assert_allclose(y, golden["aidax/knobs"], rtol=0, atol=3e-6)
    plain = cn.export.read_aidax(written(tmp_path / "plain.aidax", FILES["plain"]))
    assert plain.fs == 48_000
    assert plain.controls == {}
    np.testing.assert_allclose(played(plain, x), golden["aidax/plain"], rtol=0, atol=2e-6)


def test_there_and_back(tmp_path):
    inner = cn.recurrent.LSTM(8, controls={"gain": 0.2}, fs=44_100, rngs=nnx.Rngs(0))
    path = cn.export.aidax(cn.residual(inner), tmp_path / "model.aidax")
    data = json.loads(path.read_text())
    assert (data["in_skip"], data["in_gain"], data["out_gain"], data["samplerate"]) == (1, 0, 0, 44_100)
    assert data["in_shape"] == [None, None, 2]
    assert len(data["input_batch"]) == len(data["output_batch"]) == 2048
    model = cn.export.read_aidax(path)
    assert model.controls == {"gain": 0.2}
    assert model.fs == 44_100
    assert cn.export.aidax(model, tmp_path / "again.aidax").read_bytes() == path.read_bytes()
    # A file that says something else of itself than it is.
    data["output_batch"][7] += 0.25
    with pytest.raises(cn.export.FormatError, match=r"fails its own test.* by 0\.25"):
        cn.export.read_aidax(written(path, data))
    cn.export.read_aidax(path, check=False)


def test_gains_around_the_wire_are_in_dB(tmp_path):
    inner = cn.recurrent.LSTM(8, controls={"gain": 0.2}, fs=44_100, scaling=VOLTS, rngs=nnx.Rngs(0))
    model = cn.chain(cn.hybrid.Gain(2.5), cn.residual(inner), cn.hybrid.Gain(0.3))
    path = cn.export.aidax(model, tmp_path / "model.aidax")
    data = json.loads(path.read_text())
    np.testing.assert_allclose(
        [data["in_gain"], data["out_gain"]], [20 * math.log10(2.5), 20 * math.log10(0.3)], rtol=1e-6
    )
    x = sound()
    read = cn.export.read_aidax(path)
    np.testing.assert_allclose(played(read, x, gain=0.9), played(model, x, gain=0.9), rtol=0, atol=1e-6)


def test_what_the_player_cannot_load_names_what_can(tmp_path):
    def gru(hidden=8, **more):
        return cn.recurrent.GRU(hidden, rngs=nnx.Rngs(0), **more)

    negative = cn.chain(cn.hybrid.Gain(-1.0), cn.residual(gru()))
    for model, words in (
        (gru(10), "units, not 10: cn.export.rtneural"),
        (gru(controls=("a", "b", "c")), "up to 2 knobs, not 3"),
        (gru(in_features=2), "not 2 and 1"),
        (gru(out_features=2), "not 1 and 2"),
        (cn.recurrent.Memoryless((8,), rngs=nnx.Rngs(0)), "not dense, dense: cn.export.rtneural"),
        (cn.chain(gru(), gru()), "not gru, dense, gru, dense"),
        (negative, "has to be positive"),
        (cn.recurrent.STN(("C1",), rngs=nnx.Rngs(0)), "C .cn.export.c. holds any model"),
    ):
        with pytest.raises(ValueError, match=words):
            cn.export.aidax(model, tmp_path / "model.aidax")
    assert not (tmp_path / "model.aidax").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"in_skip": 2}, "in_skip: expected a number from 0 to 1"),
        ({"in_gain": 1e9}, "in_gain: expected a number from -120 to 120"),
        ({"in_shape": [4]}, "in_shape: expected a number from 1 to 3"),
        ({"layers": FILES["plain"]["layers"][:1]}, "expected one gru or lstm and one dense layer"),
        ({"input_batch": [0.0], "output_batch": [0.0, 1.0]}, "output_batch: expected 1 numbers, got lists of 2"),
        ({"samplerate": -1}, "samplerate: expected a number"),
    ],
)
def test_a_fault_says_where(change, words, tmp_path):
    with pytest.raises(cn.export.FormatError, match=words):
        cn.export.read_aidax(written(tmp_path / "model.aidax", FILES["plain"] | change))


def test_proteus_there_and_back_and_what_it_does_not_play(tmp_path):
    scaling = Scaling(np.array([0.25]), np.array([2.0]))  # powers of two: nothing is rounded
    model = cn.residual(cn.recurrent.LSTM(40, controls=("gain",), scaling=scaling, rngs=nnx.Rngs(0)))
    path = cn.export.proteus(model, tmp_path / "model.json")
    data = json.loads(path.read_text())
    assert data["model_data"]["input_size"] == 2
    assert data["model_data"]["skip"] == 1
    weight = np.asarray(data["state_dict"]["rec.weight_ih_l0"])
    np.testing.assert_array_equal(weight[:, 0], 4 * np.asarray(model.model.rec.weight_ih[...])[:, 0])
    read = cn.export.read_proteus(path)
    assert read.fs == 44_100
    assert read.controls == {"gain": 0.5}
    inner = read.model.torch_state()
    for name, array in model.model.torch_state().items():
        np.testing.assert_array_equal(inner[name], array)
    data["model_data"] |= {"skip": 0}
    assert isinstance(cn.export.read_proteus(written(path, data)), cn.recurrent.LSTM)
    with pytest.raises(ValueError, match=r"rec\.weight_ih_l0: expected 120 x 2 numbers"):
        cn.export.read_proteus(
            written(path, data | {"model_data": data["model_data"] | {"hidden_size": 30, "unit_type": "LSTM"}})
        )
    for other in (read.model, cn.residual(cn.recurrent.LSTM(20, rngs=nnx.Rngs(0)))):
        with pytest.raises(ValueError, match=r"Proteus plays cn\.residual.*cn\.export\.aidax"):
            cn.export.proteus(other, tmp_path / "other.json")
