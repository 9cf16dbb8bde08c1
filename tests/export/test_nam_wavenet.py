"""WaveNets in .nam files: against the player, there and back, scaling folded in, and files that are wrong."""

import copy
import json
from pathlib import Path

import jax
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.convolutional import Activation, LayerArray, WaveNet
from tests.export import nam_cases
from tests.export.nam_cases import CASES, PLACES, record, signal

GOLDEN = np.load(Path(__file__).parent / "golden_nam.npz")
QUICK = ("nano", "film", "functions")


def written(folder, data, name="model"):
    path = folder / f"{name}.nam"
    path.write_text(json.dumps(data))
    return path


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name in CASES
        if name not in nam_cases.GROUPED
    ],
)
def test_it_sounds_as_in_the_player_and_comes_back_bit_for_bit(name, tmp_path):
    data = record(name)
    model = cn.export.read_nam(written(tmp_path, data))
    assert model.fs == 48_000
    y = np.asarray(cn.run(model, signal())[1])
    np.testing.assert_allclose(y[PLACES], GOLDEN[name], atol=1e-6)
    again = json.loads(cn.export.nam(model, tmp_path / "again.nam").read_text())
    np.testing.assert_array_equal(np.asarray(again["weights"], np.float32), np.asarray(data["weights"], np.float32))
    assert again["version"] == (
        "0.5.4" if name in ("standard", "lite", "feather", "nano", "gated", "slim") else "0.7.0"
    )
    reread = cn.export.read_nam(tmp_path / "again.nam")
    assert reread.settings | {"volts": None} == model.settings | {"volts": None}
    for one, other in zip(*(jax.tree.leaves(nnx.state(m)) for m in (model, reread)), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", nam_cases.GROUPED)
def test_convolutions_in_groups_sound_as_in_the_player_and_are_written_as_full_ones(name, tmp_path):
    model = cn.export.read_nam(written(tmp_path, record(name)))
    y = cn.run(model, signal())[1]
    np.testing.assert_allclose(y[PLACES], GOLDEN[name], atol=1e-6)
    again = cn.export.read_nam(cn.export.nam(model, tmp_path / "again.nam"))
    np.testing.assert_array_equal(cn.run(again, signal())[1], y)
    assert again.count().weights > len(record(name)["weights"])


@pytest.mark.slow
@pytest.mark.parametrize(("width", "channels"), [(0.4, (3, 1)), (0.1, (2, 1))])
def test_a_network_is_narrowed_as_in_the_player(width, channels, tmp_path):
    model = cn.export.read_nam(written(tmp_path, record("slim")), width=width)
    assert tuple(array.channels for array in model.arrays) == channels
    np.testing.assert_allclose(cn.run(model, signal())[1][PLACES], GOLDEN[f"slim {width}"], atol=1e-6)


def test_scaling_gains_and_a_learnt_scale_are_in_the_weights(tmp_path):
    scaling = cn.networks.Scaling(np.array([2.0]), np.array([3.0]), None, None, None, np.array([0.4]))
    array = LayerArray(3, (1, 2), activation=Activation("leaky_relu", 0.2), film={"mixer_input": True})
    model = WaveNet([array], head_scale=0.1, scaling=scaling, fs=44_100, rngs=nnx.Rngs(3))
    model.gain[...] = 1.3
    model = cn.chain(cn.hybrid.Gain(0.5), model, cn.hybrid.Gain(2.0))
    read = cn.export.read_nam(cn.export.nam(model, tmp_path / "m.nam", volts=(1.5, 3.0)))
    assert (read.fs, read.arrays[0].head_bias) == (44_100, True)
    np.testing.assert_allclose(read.volts, (1.5, 3.0))
    x = np.random.default_rng(0).normal(size=60).astype(np.float32)
    np.testing.assert_allclose(cn.run(read, x)[1], cn.run(model, x)[1], atol=2e-6)


def test_what_it_does_not_hold_names_what_does(tmp_path):
    def net(array=None, **options):
        return WaveNet([array or LayerArray(2, (1,))], rngs=nnx.Rngs(0), **options)

    shifted = cn.networks.Scaling(np.ones(1), np.ones(1), None, None, np.ones(1))
    for model, words in (
        (net(controls=("drive",)), r"no knobs \(drive\)"),
        (net(conditioning="glu"), "no conditioning by GLU"),
        (net(in_features=2), "one signal in and one out"),
        (net(condition="controls"), r"do not see the signal itself: C \(cn\.export\.c\)"),
        (net(scaling=shifted), "offset of the input"),
        (net(LayerArray(2, (1,), activation="elu")), "activation 'elu'"),
        (net(LayerArray(2, (1, 2), mixed=True)), "side by side"),
        (net(LayerArray(2, (1,), film={"residual": True})), "film behind residuals"),
        (cn.chain(net(), net()), "one network"),
    ):
        with pytest.raises(cn.export.FormatError, match=words):
            cn.export.nam(model, tmp_path / "m.nam")
    assert not (tmp_path / "m.nam").exists()


def changed(data, path, value):
    """The file with another value at one place; without the place where it is `...`."""
    data = copy.deepcopy(data)
    *way, last = path
    place = data
    for key in way:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return data


LAYER = ("config", "layers", 0)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ((*LAYER, "channels"), 10**9, "channels: expected a number from 1 to 1024"),
        ((*LAYER, "channels"), 5, r"has \d+ weights, the file 73"),
        ((*LAYER, "dilations"), [1, 0], "dilations: expected a number from 1"),
        ((*LAYER, "dilations"), [1] * 300, "dilations: expected a list of 1 to 256"),
        ((*LAYER, "dilations"), [2**20 + 1, 1], "dilations: expected a number from 1 to 1.04858e"),
        ((*LAYER, "kernel_size"), ..., "either kernel_size or kernel_sizes"),
        ((*LAYER, "kernel_sizes"), [3, 3], "either kernel_size or kernel_sizes"),
        ((*LAYER, "kernel_size"), 2.5, "kernel_size: expected a whole number"),
        ((*LAYER, "activation"), "Cosine", "there is no 'Cosine'; there are Tanh"),
        ((*LAYER, "activation"), ["Tanh"], "one for each of 2 layers"),
        ((*LAYER, "activation"), {"type": "LeakyReLU", "negative_slope": float("nan")}, "negative_slope: expected"),
        ((*LAYER, "gated"), 1, "gated: expected true or false"),
        ((*LAYER, "gating_mode"), "half", "gating: there are none, gated, blended"),
        ((*LAYER, "gating_mode"), [["none"], "none"], "gating: there are none"),
        ((*LAYER, "groups_input"), 2, "groups_input: 3 channels cannot be in 2 groups"),
        ((*LAYER, "groups_input"), 3, r"has \d+ weights, the file 73"),
        ((*LAYER, "groups_input_mixin"), 3, "groups_input_mixin: 1 channel cannot be in 3 groups"),
        ((*LAYER, "conv_pre_film"), {"groups": 2}, "conv_pre_film: groups: 1 channel cannot be in 2 groups"),
        ((*LAYER, "condition_size"), 2, "condition_size: expected a number from 1 to 1"),
        ((*LAYER, "input_size"), 2, "input_size: expected a number from 1 to 1"),
        ((*LAYER, "slimmable"), {"method": "by ear"}, "'by ear' is not read"),
        ((*LAYER, "slimmable"), nam_cases.slim(3, 2, 1)["slimmable"], "grow up to 3"),
        ((*LAYER, "reverb"), 1, "'reverb' is not known here"),
        ((*LAYER, "head_size"), 2, "has 76 weights|head_size of 2"),
        ((*LAYER, "layer1x1_post_film"), nam_cases.SHIFTS, "the player does nothing there"),
        (("config", "condition_dsp"), {}, "condition_dsp: a second network .*cn.train.fit"),
        (("config", "head"), {"channels": 2}, "kernel_sizes"),
        (("config", "layers"), [], "layers: expected a list of 1 to 16"),
        (("config", "layers"), {}, "layers: expected a list"),
        (("weights",), [0.0] * 72, "has 73 weights, the file 72"),
        (("weights", 3), 1e39, "not finite"),
        (("weights", 3), "0", "expected n numbers"),
    ],
)
def test_a_fault_says_where(path, value, words, tmp_path):
    data = changed(record("straight"), path, value)
    with pytest.raises(cn.export.FormatError, match=words) as error:
        cn.export.read_nam(written(tmp_path, data))
    assert len(str(error.value)) < 400
