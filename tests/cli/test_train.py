"""The command `train`: a model from two recordings, gone on with, stopped; and what it refuses."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest
import soundfile

import circuitnn as cn
from circuitnn.cli import watching
from tests.capture.sounds import FS, device, played, recorded

WORDS = ("train", "played.wav", "recorded.wav", "-o", "m.npz", "--model", "gru-4", "--no-report")


@pytest.fixture
def pair(folder):
    x = played(2.0)
    soundfile.write("played.wav", x, FS, subtype="DOUBLE")
    soundfile.write("recorded.wav", recorded(x), FS, subtype="DOUBLE")
    return folder


def test_from_two_recordings_to_a_model(call, pair):
    result = call(*WORDS[:-1], "--epochs", "120", "--volts", "3.1", "--output-volts", "1.2")
    for words in ("late", "upside down", "gru-4: 89 weights", "ESR", "held out", "circuitnn run m.npz"):
        assert words in result.output
    model = cn.train.restore("m.npz")
    assert (model.fs, model.volts) == (FS, (3.1, 1.2))
    assert "GRU at 8000 Hz" in call("info", "m.npz").stdout
    call("run", "m.npz", "played.wav", "out.wav")
    y, _ = cn.audio.read("out.wav")
    assert cn.metrics.esr(y[FS:], device(played(2.0))[FS:]) < 0.1
    page = Path("m.html").read_text()
    for words in ("m: a model of a device", "only 1.6 s", "120 of 120 epochs", "audio/wav", "music does not tell it"):
        assert words in page
    heard, _ = cn.audio.read("m.training/recorded.wav")
    given, _ = cn.audio.read("m.training/predicted.wav")
    assert cn.metrics.esr(given, heard) < 0.1
    shown, _ = cn.audio.read("m.training/preview.wav")
    assert len(shown) == 2 * round(0.1 * 2 * FS)
    assert Path("m.training/preview.png").read_bytes().startswith(b"\x89PNG")
    log = Path("m.training/log.txt").read_text()
    assert log.count("epoch ") == 120
    for words in ("validation ESR", "rate ", "left"):
        assert words in log


def test_a_training_goes_on(call, pair):
    first = call(*WORDS, "--epochs", "3").stdout
    kept = cn.train.restore("m.npz")
    result = call("train", "played.wav", "recorded.wav", "-o", "m.npz", "--no-report", "--resume", "--epochs", "+2")
    assert "gru-4: 89 weights" in result.stdout
    assert "2 epochs" in result.stdout
    assert "2 epochs" not in first
    call(*WORDS, "--resume", "--epochs", "7", "--until", "0.9")
    plan = json.loads(Path("m.training/plan.json").read_text())
    assert [leg["epochs"] for leg in plan["legs"]] == [3, 2, 2]
    x = played(2.0)
    better, before = (cn.metrics.esr(cn.run(m, x)[1][FS:], device(x)[FS:]) for m in (cn.train.restore("m.npz"), kept))
    assert better < before * 1.05
    call(*WORDS, fails=2)
    call(*WORDS, "--resume", "--loss", "mse", fails=2)
    assert "has 7 epochs already" in call(*WORDS, "--resume", "--epochs", "5", fails=2).stderr
    call(*WORDS, "--epochs", "2", "--overwrite")
    assert len(json.loads(Path("m.training/plan.json").read_text())["legs"]) == 1


def test_ctrl_c_keeps_the_best(call, pair, monkeypatch):
    """And what goes on from there ends where it would have ended."""
    call(*WORDS, "--epochs", "4")
    whole = cn.train.restore("m.npz").rec.weight_hh[...]
    own = watching.Watch.__call__

    def stopping(watch, end):
        own(watch, end)
        if end.epoch == 2:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(watching.Watch, "__call__", stopping)
        from click.testing import CliRunner

        from circuitnn.cli import app

        result = CliRunner().invoke(app, [*WORDS, "--epochs", "4", "--overwrite"])
    assert result.exit_code == 130
    assert "stopped after epoch 2 of 4" in result.stdout
    assert "nothing was written" not in result.stderr
    assert cn.train.restore("m.npz").hidden == 4
    call(*WORDS, "--resume")
    np.testing.assert_array_equal(cn.train.restore("m.npz").rec.weight_hh[...], whole)


def test_a_device_that_remembers_for_long_is_seen(call, pair):
    """An offset that wanders, which nothing played explains to a network of short memory."""
    x = played(4.0)
    wander = 0.3 * np.sin(2 * np.pi * 3 * np.arange(len(x)) / FS)
    soundfile.write("played.wav", x, FS, subtype="DOUBLE")
    soundfile.write("recorded.wav", device(x) + wander, FS, subtype="DOUBLE")
    result = call(*WORDS, "--epochs", "2")
    assert "% of the error lies below 20 Hz" in result.stdout
    assert "--model gru-4-slow" in result.stdout


def test_minutes_are_planned(call, pair, monkeypatch):
    monkeypatch.setattr(cn.capture.Trainer, "epochs_in", lambda trainer, seconds: int(seconds))
    assert "3 epochs" in call(*WORDS, "--minutes", "0.05").stdout


BAD = {
    "no such file": ("train", "nosuch.wav", "recorded.wav", "-o", "m.npz"),
    "needed": ("train", "played.wav", "-o", "m.npz"),
    "two sound files": ("train", "played.wav", "recorded.wav", "x.wav", "-o", "m.npz"),
    "Missing option": ("train", "played.wav", "recorded.wav"),
    "ends in .npz": ("train", "played.wav", "recorded.wav", "-o", "m.wav"),
    "cannot be read as audio": ("train", "played.wav", "tone.cir", "-o", "m.npz"),
    "is silent": ("train", "played.wav", "silent.wav", "-o", "m.npz"),
    "has no samples": ("train", "played.wav", "empty.wav", "-o", "m.npz"),
    "is given twice": ("train", "played.wav", "played.wav", "-o", "m.npz"),
    "times 0.5": ("train", "played.wav", "half.wav", "-o", "m.npz"),
    "wrong order": ("train", "recorded.wav", "played.wav", "-o", "m.npz"),
    "does not look like": ("train", "played.wav", "other.wav", "-o", "m.npz"),
    "2 channels": ("train", "played.wav", "stereo.wav", "-o", "m.npz"),
    "--channel 5": ("train", "played.wav", "stereo.wav", "-o", "m.npz", "--channel", "5"),
    "look like a recording": ("train", "played.wav", "faster.wav", "-o", "m.npz"),
    "are NaN or infinite": ("train", "played.wav", "nan.wav", "-o", "m.npz"),
    "too short": ("train", "played.wav", "short.wav", "-o", "m.npz"),
    "truncated": ("train", "played.wav", "cut.wav", "-o", "m.npz"),
    "a folder": ("train", "played.wav", "sub", "-o", "m.npz"),
    "there is no model": (*WORDS[:5], "--model", "gru16x"),
    "did you mean gru-16": (*WORDS[:5], "--model", "gru16"),
    "from 1 to 1024": (*WORDS[:5], "--model", "gru-0"),
    "there is no loss": (*WORDS, "--loss", "loudness"),
    "neither a number of epochs": (*WORDS, "--epochs", "many"),
    "--epochs +5": (*WORDS, "--epochs", "+5"),
    "not a positive number": (*WORDS, "--minutes", "0"),
    "give one of them": (*WORDS, "--minutes", "1", "--epochs", "3"),
    "go on with": (*WORDS, "--resume"),
    "--test: has to be": (*WORDS, "--test", "100"),
    "samples in common": (*WORDS, "--latency", "40000"),
    "is not a valid float": (*WORDS, "--latency", "few"),
    "--resume goes on": (*WORDS, "--resume", "--overwrite"),
    "No such option": (*WORDS, "--learning", "1"),
    "is there already": ("train", "played.wav", "recorded.wav", "-o", "there.npz"),
    "ends in .html": (*WORDS[:5], "--report", "m.txt"),
    "not in the range": (*WORDS, "--seed", "-1"),
}


@pytest.fixture
def bad_sounds(pair):
    x = played(2.0)
    write = lambda name, y, fs=FS: soundfile.write(name, y, fs, subtype="DOUBLE")  # noqa: E731
    write("silent.wav", 0 * x)
    write("empty.wav", x[:0])
    write("half.wav", 0.5 * x)
    write("other.wav", played(2.0, seed=9))
    write("stereo.wav", np.stack([recorded(x), played(2.0, seed=3)[: len(x)].tolist() + [0.0] * 37], -1))
    write("faster.wav", recorded(x), 2 * FS)
    write("nan.wav", np.where(np.arange(len(x)) == 100, np.nan, x))
    write("short.wav", recorded(x)[:1000])
    Path("cut.wav").write_bytes(Path("recorded.wav").read_bytes()[:9000])
    Path("sub").mkdir()
    Path("there.npz").write_bytes(b"")


@pytest.mark.parametrize("words", BAD)
def test_bad_calls_are_one_line(call, bad_sounds, words):
    result = call(*BAD[words], fails=2)
    assert words in result.stderr


def test_a_folder_that_cannot_be_written(call, bad_sounds):
    result = call(*WORDS[:3], "-o", "played.wav/m.npz", fails=1)
    assert "cannot be written" in result.stderr


@pytest.fixture
def table(folder):
    """Five positions of a knob, each recorded at a latency of its own."""
    Path("takes").mkdir()
    x = played(2.0)
    soundfile.write("takes/in.wav", x, FS, subtype="DOUBLE")
    lines = ["input,output,drive"]
    for number, drive in enumerate((0, 0.25, 0.5, 0.75, 1)):
        y = recorded(x, late=30 + number, drive=1 + 9 * drive)
        soundfile.write(f"takes/out{number}.wav", y, FS, subtype="DOUBLE")
        lines.append(f"in.wav,out{number}.wav,{drive}")
    Path("takes/table.csv").write_text("\n".join(lines))
    return Path("takes/table.csv")


@pytest.mark.slow
def test_a_folder_of_knob_positions(call, table):
    result = call("train", "takes", "-o", "m.npz", "--model", "gru-6", "--epochs", "80", "--no-report")
    assert "5 recordings, each" in result.stdout
    assert "out3.wav: drive 0.75" in result.stdout
    assert "  drive 0.75: ESR" in result.stdout
    model = cn.train.restore("m.npz")
    assert list(model.controls) == ["drive"]
    x = played(2.0)
    errors = [
        cn.metrics.esr(cn.run(model, x, controls={"drive": drive})[1][FS:], device(x, 1 + 9 * other)[FS:])
        for drive, other in ((0.1, 0.1), (0.9, 0.9), (0.1, 0.9))
    ]
    assert max(errors[:2]) < 0.2 < errors[2]
    result = call(
        "train", "takes/table.csv", "-o", "m.npz", "--model", "gru-6", "--resume", "--epochs", "+1", "--no-report"
    )
    assert "takes/out0.wav" in result.stdout


BAD_TABLES = {
    "no rows below its head": "input,output,drive",
    "wanted are the columns": "played,output,drive\nin.wav,out0.wav,0.1",
    "has 2 cells": "input,output,drive\nin.wav,out0.wav",
    "outside 0..1": "input,output,drive\nin.wav,out0.wav,2",
    "'full' is no number": "input,output,drive\nin.wav,out0.wav,full",
    "no such file beside": "input,output,drive\nin.wav,out9.wav,0.1",
    "in two rows": "input,output,drive\nin.wav,out0.wav,0.1\nin.wav,out0.wav,0.2",
    "not a text file": "\udcff",
}


@pytest.mark.parametrize("words", BAD_TABLES)
def test_bad_tables_are_one_line(call, table, words):
    table.write_bytes(BAD_TABLES[words].encode("utf-8", "surrogateescape"))
    result = call("train", "takes", "-o", "m.npz", fails=2)
    assert words in result.stderr


def test_a_folder_without_a_table(call, table):
    table.unlink()
    assert "table.csv with the columns" in call("train", "takes", "-o", "m.npz", fails=2).stderr


@pytest.mark.slow
def test_a_netlist_is_simulated(call, folder):
    words = ("-o", "m.npz", "--epochs", "2", "--fs", FS, "--seconds", "2", "--no-report", "--model")
    first = [word for word in words if word != "--no-report"]
    result = call("train", "diode_clipper", *first, "state-matched-4", "--volts", "4")
    assert "full scale 4 V" in result.stdout
    assert " in the device and " in Path("m.html").read_text()
    model = cn.train.restore("m.npz")
    assert list(model.state_names) == ["C1"]
    call("train", "tone.cir@C1=20n", *words, "gru-2", "--overwrite", "--learn", "tone", "--knob", "level=0.5")
    assert list(cn.train.restore("m.npz").controls) == ["tone"]
    call("train", "tone.cir", "-o", "n.npz", "--learn", "treble", fails=2)
    call("train", "nosuch.cir", "-o", "n.npz", fails=2)
    assert "no value named 'R99'" in call("train", "tone.cir@R99=1k", "-o", "n.npz", fails=2).stderr
    soundfile.write("played.wav", played(2.0), FS)
    call("train", "played.wav", "in.wav", "-o", "n.npz", "--model", "state-matched", fails=2)
