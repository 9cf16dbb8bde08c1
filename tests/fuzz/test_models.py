"""Model files of strangers: the model that was saved comes back, or one error that costs next to nothing."""

import io
import json
import os
import struct
import sys
import zipfile
from random import Random

import jax
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.train import CheckpointError, load, restore, save
from circuitnn.train.checkpoint import save_tree
from tests.fuzz.limits import MEMORY, SECONDS, cost
from tests.fuzz.mutations import mutated
from tests.models import Memoryless

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc, makes pipes")


@pytest.fixture(scope="module")
def model():
    return cn.recurrent.GRU(3, controls=("gain",), rngs=nnx.Rngs(0))


@pytest.fixture(scope="module")
def whole(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "model.npz"
    save(model, path)
    restore(path)  # what is imported and compiled at first is not on the account of a stranger
    return path.read_bytes()


def numbers(model):
    return [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(nnx.state(model))]


def refused(path, says=""):
    for read in (restore, lambda path: load(_STRANGER, path)):
        outcome, memory, seconds = cost(lambda read=read: read(path))
        assert isinstance(outcome, CheckpointError), outcome
        assert len(str(outcome)) < 2000
        assert memory < MEMORY
        assert seconds < SECONDS
        if read is restore:
            assert says in str(outcome)


class _Nothing(Memoryless):
    """A model that no file belongs to."""

    def __call__(self, carry, x, controls=None):
        return carry, x


_STRANGER = _Nothing()


def npy(data, *, shape=None, descr="|u1", order=False, version=b"\x01\x00"):
    text = (
        f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape or f'({len(data)},)'}, }}".ljust(117) + "\n"
    )
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text.encode() + data


def archive(*members, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


HEADER = ("header.npy", npy(b'{"model": "GRU", "settings": {"kind": "GRU", "hidden": 3}, "arrays": ["x"]}'))
LEAF = ("leaf0.npy", npy(np.zeros(3, np.float32).tobytes(), shape="(3,)", descr="<f4"))


def leaf(**options):
    return archive(HEADER, ("leaf0.npy", npy(b"\0" * 12, **{"shape": "(3,)", "descr": "<f4"} | options)))


def header(text):
    return archive(("header.npy", npy(text if isinstance(text, bytes) else text.encode())), LEAF)


def with_settings(**settings):
    return header(json.dumps({"model": "GRU", "settings": {"kind": "GRU", "hidden": 3} | settings, "arrays": ["x"]}))


def patched(data, at, value):
    """A field of the end of an archive: 8 entries, 12 size and 16 offset of the list."""
    place = data.rindex(b"PK\5\6") + at
    return data[:place] + value + data[place + len(value) :]


def local_lie(data):
    """The header before the data says another name than the list at the end."""
    return data.replace(b"leaf0.npy", b"leaf9.npy", 1)


LISTED = b"PK\1\2\x14\x03"  # an entry of the list at the end
STACK = {"kind": "NeuralToneStack", "controls": {"a": 0.5}, "hidden": [3], "order": 4}
LADDER = "t\nVin n0 0 1\n" + "".join(f"X{i} n{i} n{i + 1} rung\n" for i in range(400))

HOSTILE = {
    "compressed": lambda: archive(("header.npy", npy(bytes(10**7))), compression=zipfile.ZIP_DEFLATED),
    "lzma": lambda: archive(("header.npy", npy(bytes(10**7))), compression=zipfile.ZIP_LZMA),
    "a long list": lambda: archive(HEADER, *((f"leaf{i}.npy", b"") for i in range(30_000))),
    "many arrays": lambda: archive(HEADER, *((f"leaf{i}.npy", LEAF[1]) for i in range(3_000))),
    "long names": lambda: archive(HEADER, LEAF, *((f"{i}" + "x" * 60_000, b"") for i in range(40))),
    "a comment": lambda: patched(archive(HEADER, LEAF), 20, b"\xff\xff") + b"x" * 65535,
    "no leaf": lambda: archive(("header.npy", HEADER[1]), ("leaf7.npy", LEAF[1])),
    "no header": lambda: archive(LEAF),
    "two headers": lambda: archive(HEADER, LEAF).replace(b"leaf0", b"heade").replace(b"heade.npy", b"header.np"),
    "another name before the data": lambda: local_lie(archive(HEADER, LEAF)),
    "more entries": lambda: patched(archive(HEADER, LEAF), 8, b"\xff\xff\xff\xff"),
    "a huge list": lambda: patched(archive(HEADER, LEAF), 12, b"\xfe\xff\xff\xff"),
    "a list elsewhere": lambda: patched(archive(HEADER, LEAF), 16, b"\x01\x00\x00\x00"),
    "zip64": lambda: patched(archive(HEADER, LEAF), 8, b"\xff" * 12),
    "encrypted": lambda: archive(HEADER, LEAF).replace(LISTED + b"\x14\x00\x00", LISTED + b"\x14\x00\x01"),
    "a version to come": lambda: archive(HEADER, LEAF).replace(LISTED + b"\x14", LISTED + b"\xff"),
    "a huge array": lambda: leaf(shape="(1000000000000,)"),
    "an array beyond numbers": lambda: leaf(shape="(99999999999999999999999999,)"),
    "dimensions beyond numbers": lambda: leaf(shape="(4294967296, 4294967296, 4294967296)"),
    "nothing times everything": lambda: leaf(shape="(0, 9223372036854775807, 9223372036854775807)"),
    "a negative size": lambda: leaf(shape="(-3,)"),
    "many dimensions": lambda: leaf(shape="(" + "1, " * 100 + "3)"),
    "no tuple": lambda: leaf(shape="3"),
    "code": lambda: leaf(shape="__import__('os').system('true')"),
    "deep brackets": lambda: leaf(shape="(" * 5000),
    "objects": lambda: leaf(descr="|O"),
    "a text": lambda: leaf(descr="<U3"),
    "a structure": lambda: leaf(descr="V4"),
    "a wide type": lambda: leaf(descr="<f99"),
    "a time": lambda: leaf(descr="<M8[s]"),
    "bfloat16 as void": lambda: leaf(descr="<V2"),
    "another version": lambda: leaf(version=b"\x03\x00"),
    "no magic": lambda: archive(HEADER, ("leaf0.npy", b"x" * 200)),
    "pickle": lambda: archive(HEADER, ("leaf0.npy", b"\x80\x04\x95" + b"x" * 100)),
    "no JSON": lambda: header("{" * 10),
    "deep JSON": lambda: header("[" * 100_000),
    "deep settings": lambda: header('{"model": "GRU", "settings": ' + '{"a":' * 900 + "1" + "}" * 900 + "}"),
    "wide JSON": lambda: header("[" + "{}," * 2_000_000 + "{}]"),
    "long JSON": lambda: header('{"model": "' + "\U0001f600" * 5_000_000 + '"}'),
    "a long kind": lambda: header('{"model": "' + "x" * 1_000_000 + '"}'),
    "a long number": lambda: header('{"model": ' + "9" * 1_000_000 + "}"),
    "a list of JSON": lambda: header("[]"),
    "not UTF-8": lambda: header(b'{"model": "\xff\xfe"}'),
    "NaN settings": lambda: with_settings(fs=float("nan")),
    "infinite settings": lambda: with_settings(hidden=float("inf")),
    "unhashable names": lambda: header('{"model": "GRU", "settings": {"kind": "GRU", "hidden": 3}, "arrays": [[]]}'),
    "a kind that is a list": lambda: header('{"model": [], "settings": {"kind": []}}'),
    "a rate that is a text": lambda: with_settings(fs="48000"),
    "a large network": lambda: with_settings(hidden=1024),
    "a wide network": lambda: with_settings(hidden=1024, in_features=1024, out_features=1024),
    "a large tone stack": lambda: with_settings(**STACK | {"hidden": [1024] * 8}),
    "a tone stack of a high order": lambda: with_settings(**STACK | {"order": 2**20}),
    "a long delay": lambda: with_settings(kind="Delay", samples=2**20),
    "a netlist": lambda: with_settings(
        kind="NodalModel", fs=48_000,
        circuit={"kind": "Circuit", "netlist": "t\n" + "R1 a b 1\n" * 100_000, "inputs": ["Vin"], "outputs": ["out"],
                 "uncharged": False, "nullors": []},
    ),
    "a ladder": lambda: with_settings(
        kind="NodalModel", fs=48_000,
        circuit={"kind": "Circuit", "netlist": LADDER + ".subckt rung a b\nR1 a b 1k\nC1 b 0 1n\n.ends\n",
                 "inputs": ["Vin"], "outputs": ["n1"], "uncharged": False, "nullors": []},
    ),
    "a chain of chains": lambda: with_settings(kind="Chain", models=[{"kind": "Chain", "models": []}] * 500),
    "words": lambda: b"no archive",
    "nothing": lambda: b"",
    "zeros": lambda: bytes(10**6),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files(tmp_path, whole, name):
    path = tmp_path / "odd.npz"
    path.write_bytes(HOSTILE[name]())
    refused(path, "odd.npz: ")


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.npz")
    (tmp_path / "zero.npz").symlink_to("/dev/zero")
    (tmp_path / "loop.npz").symlink_to(tmp_path / "loop.npz")
    with (tmp_path / "sparse.npz").open("wb") as file:
        file.truncate(2**36)
    for path, says in (
        (tmp_path / "pipe.npz", "is a pipe, a device or a socket, not a file"),
        (tmp_path / "zero.npz", "is a pipe, a device or a socket, not a file"),
        (tmp_path / "loop.npz", "a link that leads to itself"),
        (tmp_path / "sparse.npz", "not a circuitnn checkpoint"),
        (tmp_path / "gone.npz", "no such file"),
        (tmp_path, "is a folder, not a file"),
        ("a\0b.npz", "no such file"),
        ("a" * 300, "no such file"),
    ):
        refused(path, says)


def test_a_list_as_long_as_the_file(tmp_path):
    """A table of contents of 50 MB is not read."""
    entry = b"PK\1\2" + bytes(42)
    count = 50_000_000 // len(entry)
    end = b"PK\5\6" + bytes(8) + struct.pack("<IIH", count * len(entry), 0, 0)
    (tmp_path / "odd.npz").write_bytes(entry * count + end)
    refused(tmp_path / "odd.npz", "not a circuitnn checkpoint")


def test_what_a_header_may_be_long_is_known_when_it_is_written(tmp_path):
    with pytest.raises(CheckpointError, match="too long for a file"):
        save_tree(tmp_path / "long.npz", [np.zeros(3)], {"history": [0.5] * 200_000})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("count", [150, pytest.param(3000, marks=pytest.mark.slow)])
def test_mutated_files_are_the_same_model_or_refused(tmp_path, model, whole, count):
    random, path = Random(count), tmp_path / "model.npz"
    same, worst = 0, [0, 0.0]
    for number in range(count):
        path.write_bytes(mutated(random, whole))
        outcome, memory, seconds = cost(lambda: load(model, path))
        if isinstance(outcome, Exception):
            assert isinstance(outcome, CheckpointError), (number, outcome)
        else:
            assert numbers(outcome) == numbers(model), number
            same += 1
        worst = [max(worst[0], memory), max(worst[1], seconds)]
    assert same < count // 2
    assert worst[0] < MEMORY
    assert worst[1] < SECONDS


VALUES = (
    None,
    True,
    0,
    -1,
    2,
    1e308,
    1e-308,
    2**19,
    "",
    "x",
    "float64",
    [],
    [1],
    [[]],
    {},
    {"kind": "GRU"},
    {"x": 0.5},
)
KINDS = {
    "GRU": lambda: cn.recurrent.GRU(3, controls=("gain",), rngs=nnx.Rngs(0)),
    "chain": lambda: cn.chain(cn.recurrent.LSTM(2, rngs=nnx.Rngs(0)), cn.recurrent.STN(("C1",), rngs=nnx.Rngs(0))),
    "tone stack": lambda: cn.filters.NeuralToneStack({"a": 0.5}, hidden=(3,), order=3),
    "circuit": lambda: cn.nodal.NodalModel(cn.circuits.diode_clipper(), fs=48_000),
}


def changed(random, settings):
    """A copy of settings in which one value, somewhere, is another, is missing or has company."""
    copy = json.loads(json.dumps(settings))
    places = [copy]
    for place in places:
        inner = place.values() if isinstance(place, dict) else place
        places += [value for value in inner if isinstance(value, (dict, list)) and value]
    place = random.choice(places)
    key = random.choice(list(place) if isinstance(place, dict) else range(len(place)))
    match random.randrange(4):
        case 0:
            del place[key]
        case 1 if isinstance(place, dict):
            place[random.choice(("x", "kind", "hidden", "fs", "rngs", "self", "dtype"))] = random.choice(VALUES)
        case _:
            place[key] = random.choice(VALUES)
    return copy


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_changed_settings_make_the_same_numbers_or_an_error(tmp_path, kind):
    """250 of each kind."""
    model, random, path = KINDS[kind](), Random(0), tmp_path / "model.npz"
    save(model, path)
    restore(path)
    pairs, _ = jax.tree_util.tree_flatten_with_path(nnx.to_pure_dict(nnx.state(model)))
    leaves = {"/".join(str(key.key) for key in where): leaf for where, leaf in pairs}
    read = 0
    for number in range(250):
        settings = changed(random, model.settings)
        text = {"model": model.settings["kind"], "settings": settings, "arrays": list(leaves)}
        save_tree(path, list(leaves.values()), text)
        outcome, memory, _ = cost(lambda: restore(path))
        if isinstance(outcome, Exception):
            assert isinstance(outcome, CheckpointError), (number, settings, outcome)
            assert memory < MEMORY, settings
        else:
            assert numbers(outcome) == numbers(model), settings
            read += 1
    assert read < 200
