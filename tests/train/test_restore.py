"""Files that are read: what does not belong together is refused, and nothing absurd is built."""

import json

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.filters import NeuralToneStack
from circuitnn.train import CheckpointError, load, restore, save
from circuitnn.train.checkpoint import opened, save_tree
from tests.filters.stacks import tone_stack
from tests.models import Leaky


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
        assert file.header["model"] == file.header["settings"]["kind"] == "NeuralToneStack"
        assert file.header["settings"]["dtype"] == "float32"
        assert file.header["settings"]["hidden"] == [6]


def network(*knobs, kind=cn.recurrent.GRU, **options):
    return kind(3, controls=knobs, rngs=nnx.Rngs(0), **options)


def test_knobs_parts_and_states_are_matched_by_name(tmp_path):
    """A file saved with ("gain", "tone") and loaded into ("tone", "gain") had an ESR of 21, without a word."""
    file = tmp_path / "model.npz"
    save(network("gain", "tone"), file)
    assert list(load(network("gain", "tone"), file).controls) == list(restore(file).controls) == ["gain", "tone"]
    with pytest.raises(CheckpointError, match=r"knobs of the model: the file has gain, tone, the model tone, gain"):
        load(network("tone", "gain"), file)

    def pair(**parts):
        return cn.chain(**{name: network(*knobs) for name, knobs in parts.items()})

    save(pair(pre=("gain", "tone"), power=()), file)
    with pytest.raises(CheckpointError, match="parts of the model: the file has pre, power, the model power, pre"):
        load(pair(power=("gain", "tone"), pre=()), file)
    with pytest.raises(CheckpointError, match="knobs of part pre: the file has gain, tone, the model tone, gain"):
        load(pair(pre=("tone", "gain"), power=()), file)

    save(cn.recurrent.STN(("C1", "C2"), rngs=nnx.Rngs(0)), file)
    with pytest.raises(CheckpointError, match="states of the model"):
        load(cn.recurrent.STN(("C2", "C1"), rngs=nnx.Rngs(0)), file)


def test_values_of_circuits_are_matched_by_name(tmp_path):
    """By their order the resistance of one circuit would become the capacitance of the other."""
    text = "Vin in 0 0\n{} in out 1k\nC1 out 0 1n\n"
    build = [cn.nodal.NodalModel(cn.read_netlist(text.format(name))) for name in ("R1", "RX")]
    save(build[0], tmp_path / "model.npz")
    with pytest.raises(CheckpointError, match=r"numbers are those of another model .different: .*R1, .*RX"):
        load(build[1], tmp_path / "model.npz")


def test_the_rate_of_weights_is_kept(tmp_path):
    save(network(fs=44_100), tmp_path / "model.npz")
    assert load(network(), tmp_path / "model.npz").fs == 44_100
    with pytest.warns(cn.RateWarning, match="trained at 44100 Hz and is loaded into one for 48000 Hz"):
        load(network(fs=48_000), tmp_path / "model.npz")


@cn.register
class Halved(cn.Model):
    """A model of a user's own: one file, and nothing else knows of it."""

    def __init__(self, factor: float, dtype=jnp.float32):
        self.factor, self.dtype = factor, dtype
        self.in_features = self.out_features = 1
        self.weight = nnx.Param(jnp.asarray(0.5, dtype))

    @property
    def controls(self):
        return {}

    def init_carry(self, batch=(), controls=None, *, level=None):
        return ()

    def __call__(self, carry, x, controls=None):
        return carry, self.factor * self.weight[...] * x


def test_a_kind_of_ones_own(tmp_path):
    save(cn.chain(Halved(3.0), cn.residual(Halved(1.0))), tmp_path / "model.npz")
    np.testing.assert_array_equal(cn.run(restore(tmp_path / "model.npz"), np.ones(3))[1], np.full(3, 2.25))

    with pytest.raises(ValueError, match="is of the kind 'GRU' already"):

        @cn.register
        class GRU(cn.Model):
            pass


def test_a_model_that_does_not_say_what_it_is_keeps_its_numbers(tmp_path):
    class Silent(Halved):
        def __init__(self, given, dtype=jnp.float32):
            super().__init__(given, dtype)

    save(Silent(3.0), tmp_path / "model.npz")
    with pytest.raises(CheckpointError, match=r"without its settings .*'given'.*load\(model, path\)"):
        restore(tmp_path / "model.npz")
    assert load(Silent(3.0), tmp_path / "model.npz").weight[...] == 0.5


def test_files_of_before_are_said_to_be_old(tmp_path):
    """They had neither settings nor names: numbers in the order of their names, as today."""
    model = network("gain")
    save_tree(tmp_path / "old.npz", nnx.to_pure_dict(nnx.state(model)), {"model": "GRU"})
    with pytest.raises(CheckpointError, match=r"older version.*build a model of that kind the same way, load"):
        restore(tmp_path / "old.npz")
    loaded = load(network("gain"), tmp_path / "old.npz")
    save(loaded, tmp_path / "new.npz")
    np.testing.assert_array_equal(restore(tmp_path / "new.npz").lin.weight[...], model.lin.weight[...])


NETWORK = network("gain").settings
BLOCKS = {"kind": "TCN", "channels": 1000, "blocks": 8, "kernel_size": 1000, "stack": 1,
          "dtype": "float32"}  # fmt: skip
HOSTILE = {
    "no kind": ({"kind": "os.system", "command": "true"}, "no kind of model 'os.system'"),
    "no model": ({"kind": "Scaling", "input": [1], "output": [1]}, "a Scaling is no model"),
    "huge": (NETWORK | {"hidden": 1_000_000_000}, "more layers, units or knobs"),
    "many": ({"kind": "Chain", "models": [NETWORK] * 2000}, "more parts, or deeper"),
    "more than the file": ({"kind": "Chain", "models": [NETWORK | {"hidden": 500}] * 100}, "larger model than"),
    "wide": (BLOCKS, "larger model than"),
    "deep": ({"kind": "Residual", "model": None}, "settings are no model's"),
    "late": ({"kind": "Delay", "samples": 10**12}, "more layers, units or knobs"),
    "includes": (
        {"kind": "NodalModel", "circuit": {"kind": "Circuit", "netlist": "a\n.include /etc/passwd\n", "inputs": ["Vin"],
         "outputs": ["out"], "uncharged": False, "nullors": []}},
        "no folder to include files from",
    ),
    "a path": (
        {"kind": "NodalModel", "circuit": {"kind": "Circuit", "netlist": "/etc/passwd", "inputs": ["Vin"],
         "outputs": ["out"], "uncharged": False, "nullors": []}},
        "is a text of several lines",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_settings(case, tmp_path):
    settings, message = HOSTILE[case]
    save_tree(tmp_path / "odd.npz", [np.zeros(3)], {"model": "GRU", "settings": settings, "arrays": ["x"]})
    with pytest.raises(CheckpointError, match=message):
        restore(tmp_path / "odd.npz")


def test_what_is_not_there_in_the_file_is_not_read(tmp_path):
    """Arrays that are smaller than they say, compressed ones, and numbers that are none."""
    model = network()
    numbers = nnx.to_pure_dict(nnx.state(model))
    path = tmp_path / "odd.npz"
    np.savez_compressed(path, header=np.zeros(10**6, np.uint8))
    with pytest.raises(CheckpointError, match="compressed"):
        restore(path)
    save(model, path)
    path.write_bytes(path.read_bytes().replace(b"'shape': (9, 3), ", b"'shape': (9, 9), "))
    with pytest.raises(CheckpointError, match=r"not all of it is there|damaged"):
        restore(path)
    numbers["lin"]["bias"] = jnp.asarray([jnp.nan], jnp.float32)
    nnx.update(model, numbers)
    save(model, path)
    with pytest.raises(CheckpointError, match="lin/bias has values that are not finite"):
        restore(path)
    with pytest.raises(CheckpointError, match="not a file"):
        restore(tmp_path)


def test_a_model_larger_than_restore_opens_is_saved_and_said(tmp_path):
    model = network()
    model.hidden = 5000  # what is saved is what the settings say
    with pytest.warns(UserWarning, match=r"hidden is 5000; load\(\) reads it, restore\(\) will not"):
        save(model, tmp_path / "model.npz")
    with pytest.raises(CheckpointError, match="more layers, units or knobs"):
        restore(tmp_path / "model.npz")
