"""A cache is trusted only as far as its hashes agree; whatever else stands in its place is made anew, with a word."""

import json
import os
import threading
import time
import warnings

import numpy as np
import pytest

from circuitnn.train import StoreError, store

NAME = "0123456789abcdef" * 2
X = np.random.default_rng(0).standard_normal((2, 50, 3)).astype(np.float32)


def write(writer):
    for start in range(0, 50, 20):
        writer.append(x=X[:, start : start + 20], none=np.zeros((2, len(X[0, start : start + 20]), 0)))
    writer.finish({"fs": 48_000})


def never(writer):
    raise AssertionError("made although it is there")


@pytest.fixture
def entry(tmp_path):
    """A whole one."""
    store.kept(tmp_path / "cache" / NAME, np.float32, write)
    return tmp_path / "cache" / NAME


def is_good(arrays):
    return arrays["x"].tobytes() == X.tobytes() and arrays["none"].shape == (2, 50, 0)


def test_what_was_written_is_read_and_not_loaded(entry):
    arrays = store.kept(entry, np.float32, never)
    assert is_good(arrays)
    assert isinstance(arrays["x"].base, np.memmap)
    np.testing.assert_array_equal(np.load(entry / "x.npy"), X.swapaxes(0, 1))  # for other programs
    assert sorted(path.name for path in entry.iterdir()) == ["header.json", "none.npy", "x.npy"]
    assert (entry.stat().st_mode & 0o777, len(list(entry.parent.iterdir()))) == (0o755, 1)


def forged(entry, **changes):
    """A header whose own hash is right."""
    header = json.loads((entry / "header.json").read_text())
    header["arrays"]["x"] |= changes
    del header["sha256"]
    (entry / "header.json").write_text(json.dumps(header | {"sha256": store._digest(header)}))


def pipe(entry):
    (entry / "x.npy").unlink()
    os.mkfifo(entry / "x.npy")


def endless(entry):
    (entry / "header.json").unlink()
    (entry / "header.json").symlink_to("/dev/zero")


def elsewhere(entry):
    entry.rename(entry.parent.parent / "elsewhere")
    (entry.parent.parent / "elsewhere" / "header.json").write_text("{}")
    entry.symlink_to(entry.parent.parent / "elsewhere")


def a_file(entry):
    entry.rename(entry.parent.parent / "old")
    entry.write_text("no folder")


def longer(entry):
    with (entry / "x.npy").open("ab") as file:
        file.write(b"0")


DAMAGES = {
    "no header": lambda entry: (entry / "header.json").unlink(),
    "no array": lambda entry: (entry / "x.npy").unlink(),
    "a half array": lambda entry: os.truncate(entry / "x.npy", 200),
    "a longer array": longer,
    "an array of nothing": lambda entry: os.truncate(entry / "x.npy", 0),
    "a huge array": lambda entry: os.truncate(entry / "x.npy", 2**40),
    "a header of an older version": lambda entry: (entry / "header.json").write_text('{"arrays": ["x"], "fs": 1}'),
    "a header that is no text": lambda entry: (entry / "header.json").write_bytes(b"\xff\xfe\x00"),
    "a deep header": lambda entry: (entry / "header.json").write_text("[" * 100_000),
    "another white space": lambda entry: (entry / "header.json").write_bytes(
        (entry / "header.json").read_bytes().replace(b" ", b"\t", 1)
    ),
    "a list": lambda entry: (entry / "header.json").write_text("[]"),
    "other shapes": lambda entry: forged(entry, shape=[25, 2, 6]),
    "negative shapes": lambda entry: forged(entry, shape=[-50, -2, 3]),
    "a huge shape": lambda entry: forged(entry, shape=[10**30, 2, 3]),
    "no shape": lambda entry: forged(entry, shape=None),
    "objects": lambda entry: forged(entry, dtype="O"),
    "another byte order": lambda entry: forged(entry, dtype=">f4"),
    "a pipe": pipe,
    "an endless header": endless,
    "a link to elsewhere": elsewhere,
    "a file": a_file,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_made_anew_once(entry, damage):
    DAMAGES[damage](entry)
    there = entry.parent.parent / "elsewhere" / "header.json"
    with pytest.warns(UserWarning, match=f"{NAME}: damaged .*: it is made anew"):
        assert is_good(store.kept(entry, np.float32, write))
    assert is_good(store.kept(entry, np.float32, never))
    assert [path.name for path in entry.parent.iterdir()] == [NAME]
    assert not there.exists() or there.read_text() == "{}"  # what a link leads to is nobody's business here


def test_a_name_does_not_lead_out_of_the_folder(entry):
    header = {"arrays": {"../secret": {"shape": [1, 1, 1], "dtype": "<f4", "sha256": ""}}}
    (entry / "header.json").write_text(json.dumps(header | {"sha256": store._digest(header)}))
    with pytest.warns(UserWarning, match="a name that is none"):
        store.kept(entry, np.float32, write)


def test_two_at_once_end_well(tmp_path):
    """Both find nothing, both write, one gives its folder the name; and the same where both find it broken."""
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "x.npy").write_bytes(b"half of")
    both, good = threading.Barrier(2), []

    def write_together(writer):
        both.wait(timeout=20)
        write(writer)

    def work():
        good.append(is_good(store.kept(tmp_path / NAME, np.float32, write_together)))

    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        workers = [threading.Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(timeout=30)
    assert good == [True, True]
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert is_good(store.kept(tmp_path / NAME, np.float32, never))


def test_left_overs_of_killed_processes_are_swept_and_those_of_living_ones_are_not(tmp_path):
    for name, age in ((f".{NAME}.abcdefgh", 2 * 24 * 3600), (f".{NAME}.12345678", 60), ("mine", 10**7)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.npy").touch()
        for path in (tmp_path / name / "x.npy", tmp_path / name):
            os.utime(path, (time.time() - age,) * 2)
    store.kept(tmp_path / NAME, np.float32, write)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f".{NAME}.12345678", NAME, "mine"]


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=f"{NAME}: cannot be written: No space left on device"):
        store.kept(tmp_path / NAME, np.float32, write)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("count", [40, pytest.param(1500, marks=pytest.mark.slow)])
def test_no_change_of_a_byte_gives_other_data(entry, count):
    random = np.random.default_rng(count)
    files = {path: path.read_bytes() for path in sorted(entry.iterdir())}
    noticed = 0
    for _ in range(count):
        path = list(files)[random.integers(len(files))]
        data = bytearray(files[path])
        at, value = random.integers(len(data)), random.integers(256)
        is_same, data[at] = data[at] == value, value
        path.write_bytes(data)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            assert is_good(store.kept(entry, np.float32, write))
        assert len(said) == (0 if is_same else 1)
        noticed += len(said)
    assert noticed > 0.9 * count
