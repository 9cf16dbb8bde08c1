"""Errors speak in the command's own words, and what means nothing to a call is refused and not skipped."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from circuitnn.cli import app
from circuitnn.cli.wording import in_words_of
from tests.cli.conftest import FS


@pytest.fixture
def recordings(folder):
    x, _ = soundfile.read("in.wav")
    soundfile.write("other.wav", 0.5 * x**3, FS, subtype="DOUBLE")
    soundfile.write("one.wav", x[:1], FS)
    soundfile.write("silent.wav", np.zeros(100), FS)
    (folder / "text.wav").write_text("no sound")
    (folder / "m.npz").write_bytes(b"PK")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("identify", "held_out: 9 s leave nothing", "--held-out: 9 s leave nothing"),
        ("identify", "identify: no delay within max_delay=0.5 s", "no delay within --max-delay 0.5 s"),
        ("identify", 'input="ac" or x_offset="fit"', "--input-coupling ac or --x-offset fit"),
        ("identify", "excerpts has to be at least 1", "--excerpts has to be at least 1"),
        ("identify", "the excerpts of it, R1=5k, are few", "the excerpts of it, R1=5k, are few"),
        ("train", 'choose with channel=0, or channel="mean"', "choose with --channel 0, or --channel mean"),
        ("train", "test: has to be less", "--test: has to be less"),
        ("train", "what is left to test: nothing", "what is left to test: nothing"),
    ],
)
def test_arguments_of_python_are_told_as_options(name, text, words):
    assert in_words_of(app.commands[name], text) == words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("guitar out.wav --seconds nan", "'--seconds': 'nan' is not a finite number"),
        ("listen tone.cir bassman --volts inf", "'--volts': 'inf' is not a finite number"),
        ("train in.wav other.wav -o new.npz --latency nan", "'--latency': 'nan' is not a finite number"),
        ("identify tone.cir in.wav other.wav --held-out -1", "'--held-out': -1.0 is not in the range"),
        ("identify tone.cir in.wav other.wav --profile R9", "--profile: 'R9' is nothing of what is fitted: C1, R3"),
        ("run tone.cir in.wav out.wav --set R2=22q", "'22q': q is neither a suffix"),
        ("run tone.cir in.wav out.wav --set C1=22nn", "'22nn': nn is neither a suffix"),
        ("run tone.cir in.wav out.wav --set R2=1M", "M is milli in SPICE: write 1Meg or 1m"),
        ("response tone.cir@R2=22q", "tone.cir@R2=22q: '22q': q is neither"),
        ("run tone.cir in.wav out.wav --set tone=2", "knob tone: 2 is outside 0..1"),
        ("run tone.cir in.wav out.wav --cabinet text.wav", "text.wav: cannot be read as audio"),
        ("run tone.cir in.wav out.wav --cabinet silent.wav", "silent.wav: is silent"),
        ("run '' in.wav out.wav", "an empty name"),
        ("check m.npz", "m.npz: is a saved model"),
        ("train m.npz -o new.npz", "m.npz: is a saved model"),
        ("train in.wav one.wav -o new.npz", "one.wav: a second or more is needed, there is only 1 sample"),
        ("train in.wav other.wav -o new.npz --channel 3", "in.wav and other.wav have one channel each"),
        ("train in.wav other.wav -o new.npz --learn tone", "--learn is of netlists; in.wav other.wav are recordings"),
        ("train in.wav other.wav -o new.npz --knob tone=0.5", "a table says where knobs stood"),
        ("train tone.cir -o new.npz --latency 5", "--latency is of recordings; tone.cir is a netlist"),
        ("train tone.cir -o new.npz --learn tone --knob tone=0.5", "--learn tone: it stands at 0.5 already"),
        ("train tone.cir -o new.npz --learn tone --learn TONE", "--learn TONE: given twice"),
        ("train in.wav other.wav -o new.npz --model tone.cir --knob nope=0.5", "tone.cir: no knob 'nope'"),
    ],
)
def test_what_is_said(line, words, recordings, call):
    assert words in call(*shlex.split(line), fails=2).stderr


@pytest.mark.parametrize(
    "value", ["4.7k", "4.7kOhm", "22uF", "22\N{MICRO SIGN}", "10R", "1Meg", "1e-9", "100f", "1mil"]
)
def test_values_with_units_are_taken(value):
    from circuitnn.expressions.numbers import check_letters

    check_letters(value)


def test_an_output_that_cannot_be_leaves_no_folders(recordings, call, folder):
    call("train", "in.wav", "one.wav", "-o", "new/deep/m.npz", fails=2)
    assert not (folder / "new").exists()
    result = call("guitar", "in.wav/g.wav", fails=1)
    assert "in.wav is no folder" in result.stderr


@pytest.mark.skipif(os.name == "nt", reason="pipes of another kind")
def test_a_reader_that_goes_away_ends_nothing(folder):
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "circuitnn.cli", "guitar", "out.wav", "--seconds", "0.1"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "out.wav").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no device that is full")
def test_a_full_device_is_told(folder):
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "circuitnn.cli", "list"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == "error: what is said here cannot be written: No space left on device\n"


def test_outputs_are_no_pipes_and_none_of_the_inputs(recordings, call, folder):
    os.mkfifo("pipe.wav")
    assert "is a pipe" in call("run", "tone.cir", "in.wav", "pipe.wav", fails=2).stderr
    assert "is a pipe" in call("guitar", "pipe.wav", fails=2).stderr
    words = ("run", "tone.cir", "in.wav", "other.wav", "--cabinet", "other.wav")
    assert "is the impulse response that is read" in call(*words, fails=2).stderr
    words = ("identify", "tone.cir", "in.wav", "other.wav", "--save", "n.npz", "--complete", "n.npz")
    assert "two files at once" in call(*words, fails=2).stderr
