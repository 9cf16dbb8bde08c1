"""Recordings that stay on disk: the same training as in memory, in bounded memory."""

import dataclasses
import os

import jax
import numpy as np
import optax
import pytest
import soundfile
from flax import nnx

from circuitnn import audio
from circuitnn.model import run
from circuitnn.recurrent import Scaling
from circuitnn.train import (
    CheckpointError,
    Dataset,
    GrowingHorizon,
    TruncatedBPTT,
    fit,
    on_disk,
    recordings,
)
from tests.models import Gain, Leaky

FS, REGIME = 48_000, TruncatedBPTT(64, warmup=16, blocks=2)
OPTIONS = {"optimizer": optax.adam(1e-2), "batch": 4, "epochs": 2, "progress": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two channels of 2000 samples through a low-pass, as sounds and as arrays."""
    path = tmp_path_factory.mktemp("sounds")
    rng = np.random.default_rng(4)
    x = (0.2 * rng.standard_normal((2000, 2))).astype(np.float32) * np.linspace(0.1, 1, 2000)[:, None]
    y = np.stack([np.asarray(run(Leaky(0.8), x[:, [channel]])[1])[:, 0] for channel in (0, 1)], axis=-1)
    for name, signal in (("x", x), ("y", y)):
        soundfile.write(path / f"{name}.wav", signal, FS, subtype="FLOAT")
        soundfile.write(path / f"{name}.flac", signal, FS, subtype="PCM_24")
        np.save(path / f"{name}.npy", signal.astype(np.float32))
    return path


def both(folder, kind="wav", **options):
    on_files = recordings(folder / f"x.{kind}", folder / f"y.{kind}", **({"channel": "each"} | options))
    return on_files, in_memory(on_files)


def in_memory(data):
    return dataclasses.replace(data, x=np.asarray(data.x), y=np.asarray(data.y))


def weights(models):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(nnx.state(models))]


def test_what_is_read_is_what_is_in_the_files(folder):
    x = np.load(folder / "x.npy")
    for kind, within in (("wav", 0), ("npy", 0), ("flac", 2**-23)):
        data, memory = both(folder, kind, fs=FS)
        np.testing.assert_allclose(memory.x[..., 0], x.T, atol=within)
        for length, warmup in ((300, 40), (64, 0)):
            read, there = (d.windows(length, warmup=warmup) for d in (data, memory))
            np.testing.assert_array_equal(read.x, there.x)
            np.testing.assert_array_equal(read.y, there.y)
        np.testing.assert_array_equal(data.x[1, 5:50:7], memory.x[1, 5:50:7])
        np.testing.assert_array_equal(data.x[:, 1200, 0], memory.x[:, 1200, 0])
        part, there = (d.split(0.3, 0.6)[1] for d in (data, memory))
        np.testing.assert_array_equal(part.y[-1], there.y[-1])
        assert part.x.shape == there.x.shape
    wide = recordings(folder / "x.wav", folder / "y.wav")
    assert wide.x.shape == (1, 2000, 2)
    assert wide.fs == FS
    np.testing.assert_allclose(
        recordings(folder / "x.wav", folder / "y.wav", channel="mean").x[0, :, 0], x.mean(axis=1), atol=1e-7
    )
    assert recordings(folder / "x.wav", folder / "y.wav", channel=1).y[0, 7, 0] == wide.y[0, 7, 1]


@pytest.mark.parametrize(("order", "is_many"), [("shuffled", True), ("stratified", False)])
def test_trains_as_in_memory(folder, order, is_many):
    models = [Leaky(0.5), Leaky(0.6)] if is_many else Leaky(0.5)
    found = [
        fit(models, data, REGIME, order=order, validation=data.between(0, 900), **OPTIONS) for data in both(folder)
    ]
    (read, read_history), (there, history) = found
    for one, other in zip(weights(read), weights(there), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    np.testing.assert_allclose(read_history.loss, history.loss, rtol=1e-5)
    np.testing.assert_allclose(read_history.validation, history.validation, rtol=1e-5)
    assert np.all(np.abs(weights(read)[0] - weights(models)[0]) > 0.02)


def test_states_that_are_outputs_are_read_too(folder):
    """A regime that shows states, with random choices that depend on the progress."""
    regime = GrowingHorizon(64, warmup=16)
    data = [dataclasses.replace(data, states=data.y) for data in both(folder)]
    read, there = (fit(Leaky(0.5), each, regime, **OPTIONS) for each in data)
    np.testing.assert_allclose(weights(read[0])[0], weights(there[0])[0], rtol=1e-6)


def test_knobs_of_each_file(folder):
    pair = [[folder / f"{name}.wav"] * 2 for name in "xy"]
    data = recordings(*pair, channel=0, controls={"volume": [0.2, 0.9]})
    assert data.controls["volume"].shape == (2, 2000)
    read, there = (fit(Gain(1.0), each, REGIME, **OPTIONS)[0] for each in (data, in_memory(data)))
    np.testing.assert_allclose(weights(read)[0], weights(there)[0], rtol=1e-6)


def test_folders_and_recordings_of_different_lengths(tmp_path, monkeypatch):
    """In the order of the names; cut into pieces that leave little over."""
    monkeypatch.setattr("circuitnn.train.recorded.SHORT", 0.01)
    for name, length in (("a", 2160), ("b", 1488)):
        ramp = np.arange(length, dtype=np.float32) / 1e4 + (name == "b") / 2
        for side, sign in (("in", 1), ("out", -1)):
            audio.write(tmp_path / side / f"{name}.wav", sign * ramp, FS)
    data = recordings(tmp_path / "in", tmp_path / "out")
    assert data.x.shape == (7, 496, 1)
    np.testing.assert_array_equal(data.y[3], -data.x[3])
    np.testing.assert_allclose(data.x[:, 0, 0], [0, 0.0496, 0.0992, 0.1488, 0.5, 0.5496, 0.5992], rtol=1e-5)


def test_scaling_piece_by_piece(folder, monkeypatch):
    data, memory = both(folder)
    whole = Scaling.from_data(memory.x, memory.y)
    monkeypatch.setattr("circuitnn.networks.scaling.PIECE", 300)
    for one, other in zip(Scaling.from_data(data.x, data.y), whole, strict=True):
        if other is not None:
            np.testing.assert_allclose(one, other, rtol=1e-12)


def test_a_run_goes_on_from_its_checkpoint(folder, tmp_path):
    data, memory = both(folder)
    straight = fit(Leaky(0.5), data, REGIME, **OPTIONS)[0]
    fit(Leaky(0.5), data, REGIME, checkpoint=tmp_path / "run.npz", **(OPTIONS | {"epochs": 1}))
    again = fit(Leaky(0.5), both(folder)[0], REGIME, checkpoint=tmp_path / "run.npz", **OPTIONS)[0]
    np.testing.assert_array_equal(weights(again)[0], weights(straight)[0])
    for other, says in ((memory, "data: windows"), (dataclasses.replace(data, y=data.x), "different: data: y")):
        with pytest.raises(CheckpointError, match=says):
            fit(Leaky(0.5), other, REGIME, checkpoint=tmp_path / "run.npz", **OPTIONS)


def test_a_large_mapped_file_is_not_taken_into_memory(folder, monkeypatch):
    x, y = (np.load(folder / f"{name}.npy", mmap_mode="r").T[..., None] for name in "xy")
    data = Dataset(x, y, fs=FS)
    assert not data.is_on_disk
    there = fit(Leaky(0.5), both(folder)[0], REGIME, **OPTIONS)[0]
    monkeypatch.setattr(on_disk, "MAPPED", 1000)
    assert data.is_on_disk
    monkeypatch.setattr(Dataset, "windows", None)  # what would take them all
    np.testing.assert_allclose(weights(fit(Leaky(0.5), data, REGIME, **OPTIONS)[0])[0], weights(there)[0], rtol=1e-6)


def test_a_file_that_changes_meanwhile_ends_the_training(folder, tmp_path):
    for name in "xy":
        (tmp_path / f"{name}.wav").write_bytes((folder / f"{name}.wav").read_bytes())
    data = both(tmp_path)[0]

    def change(end):
        os.utime(tmp_path / "y.wav", (1, 1))

    with pytest.raises(audio.AudioError, match=r"y.wav: was changed while it was read"):
        fit(Leaky(0.5), data, REGIME, callback=change, **OPTIONS)


def test_bad_files_are_one_clear_error(folder, tmp_path):
    x = folder / "x.wav"
    soundfile.write(tmp_path / "short.wav", np.zeros((1999, 2)), FS)
    soundfile.write(tmp_path / "slow.wav", np.zeros((2000, 2)), 44_100)
    soundfile.write(tmp_path / "mono.wav", np.zeros(2000), FS)
    np.save(tmp_path / "integers.npy", np.zeros(2000, np.int16))
    np.save(tmp_path / "wide.npy", np.zeros((2, 2000)))
    np.save(tmp_path / "turned.npy", np.asfortranarray(np.zeros((2000, 2))))
    (tmp_path / "cut.npy").write_bytes((folder / "x.npy").read_bytes()[:-8])
    (tmp_path / "text.npy").write_text("no array")
    nan = np.load(folder / "x.npy")
    nan[1500, 1] = np.nan
    np.save(tmp_path / "nan.npy", nan)
    for arguments, options, says in [
        ((x, tmp_path / "short.wav"), {}, r"x.wav has 2000 samples, .*short.wav has 1999"),
        ((x, tmp_path / "slow.wav"), {}, r"slow.wav is at 44100 Hz, .*x.wav at 48000 Hz"),
        ((x, x), {"fs": 44_100}, r"x.wav is at 48000 Hz, fs=44100"),
        ((x, tmp_path / "mono.wav"), {"channel": "each"}, r"x.wav has 2 channel\(s\), .*mono.wav has 1"),
        ((x, x), {"channel": 2}, "has no channel 2"),
        (([x, x], x), {}, r"2 file\(s\) were played and 1 recorded"),
        ((x, tmp_path / "none.wav"), {}, "no such file"),
        ((x, tmp_path / "none.npy"), {}, "no such file"),
        (([], x), {}, "no files given"),
        ((x, tmp_path / "integers.npy"), {}, "divide by 32768"),
        ((x, tmp_path / "wide.npy"), {}, "time comes before the channels"),
        ((x, tmp_path / "turned.npy"), {}, "channels one after the other"),
        ((x, tmp_path / "cut.npy"), {}, "not of the length that it says"),
        ((x, tmp_path / "text.npy"), {}, "cannot be read as an array"),
        (([x, x], [x, x]), {"controls": {"volume": [0.1, 0.2, 0.3]}}, "one for each of 2 pairs of files"),
    ]:
        with pytest.raises(ValueError, match=says):
            recordings(*arguments, **options)
    with pytest.raises(audio.AudioError, match=r"nan.npy: sample 1500 is not a finite number"):
        fit(Leaky(0.5), recordings(x, tmp_path / "nan.npy", channel="each"), REGIME, **OPTIONS)
    with pytest.raises(ValueError, match="these stay on disk"):
        fit(Leaky(0.5), both(folder)[0], REGIME, starts="stored", **OPTIONS)
