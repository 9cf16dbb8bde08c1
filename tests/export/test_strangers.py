"""Files with faults: each is read or refused in one line, whatever was changed in it."""

import json
import warnings

import numpy as np
import pytest

import circuitnn as cn
from tests.export import nam_cases
from tests.export.player_files import NAM_FILES, Drawn, aidax_files, stack

HOSTILE = [
    None,
    True,
    -1,
    0,
    2,
    7,
    2.5,
    10**400,
    1e300,
    float("nan"),
    float("inf"),
    "",
    "x" * 300,
    "\u202e\n",
    [],
    [[]],
    {},
    {"a": 1},
]


def base_files():
    d = Drawn(5)
    aidax = aidax_files()["plain"] | {"metadata": {"samplerate": 48_000, "knobs": {}}}
    proteus = {
        "model_data": {"unit_type": "LSTM", "hidden_size": 2, "num_layers": 1, "input_size": 1, "skip": 1},
        "state_dict": {
            "rec.weight_ih_l0": d(8, 1), "rec.weight_hh_l0": d(8, 2), "rec.bias_ih_l0": d(8), "rec.bias_hh_l0": d(8),
            "lin.weight": d(1, 2), "lin.bias": d(1),
        },
    }  # fmt: skip
    container = {"version": "0.7.0", "architecture": "SlimmableContainer", "weights": []}
    container["config"] = {"submodels": [{"max_value": 1.0, "model": NAM_FILES["lstm"]}]}
    rtneural = stack(1, d.recurrent("gru", 1, 2), d.dense(2, 2, "tanh"), d.dense(2, 1))
    layers = stack(2, d.conv(2, 2, 2, 1, groups=2), d.normalised(2, affine=True), d.prelu(2, 1), d.dense(2, 1))
    return {
        "aidax": aidax, "proteus": proteus, "nam": NAM_FILES["lstm"], "container": container, "rtneural": rtneural,
        "layers": layers, "wavenet": nam_cases.record("depthwise"),
    }  # fmt: skip


def places(data):
    """All containers in a tree, with the keys in them; of long lists the ends."""
    found, left = [], [data]
    while left:
        node = left.pop()
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        for key in keys[:3] + keys[-2:] if isinstance(node, list) else keys:
            found.append((node, key))
            if isinstance(node[key], (dict, list)):
                left.append(node[key])
    return found


def mutated(data, rng):
    copy = json.loads(json.dumps(data))
    for _ in range(rng.integers(1, 3)):
        node, key = (spots := places(copy))[rng.integers(len(spots))]
        change = rng.integers(4)
        if change == 0:
            del node[key]
        elif change == 1 and isinstance(node, list):
            node.append(json.loads(json.dumps(node[key])))
        else:
            node[key] = json.loads(json.dumps(HOSTILE[rng.integers(len(HOSTILE))]))
    return json.dumps(copy)


def read(path):
    """Whether it is read; a fault is one of ours, in one line, and names the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            cn.export.read(path)
        except cn.export.FormatError as fault:
            words = str(fault)
        else:
            return True
    assert str(path) in words
    assert "\n" not in words
    assert len(words) < 600
    return False


@pytest.mark.parametrize("name", base_files())
def test_a_changed_file_is_read_or_refused(name, tmp_path):
    rng = np.random.default_rng(sum(name.encode()))
    data, path = base_files()[name], tmp_path / "model.json"
    outcomes = []
    for _ in range(25):
        path.write_text(mutated(data, rng))
        outcomes.append(read(path))
    text = json.dumps(data).encode()
    for _ in range(10):
        broken = bytearray(text)
        at = rng.integers(len(broken), size=3)
        broken[at[0]], broken[at[1]] = rng.integers(256), rng.integers(256)
        path.write_bytes(broken[: at[2] + 1] if at[2] % 2 else broken)
        outcomes.append(read(path))
    assert not all(outcomes)
