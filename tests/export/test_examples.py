"""The example program: sound files through an exported header."""

import subprocess

import numpy as np
import pytest
import soundfile

from circuitnn import export, run
from tests.export.models import Swept
from tests.export.playing import CC, STRICT

FS = 48_000
X = 0.4 * np.random.default_rng(0).standard_normal((700, 2)).clip(-2, 2)


@pytest.fixture(scope="module")
def pedal(tmp_path_factory):
    if CC is None:
        pytest.skip("there is no C compiler")
    folder = tmp_path_factory.mktemp("pedal")
    export.c(Swept(), folder / "pedal.h", main=True)
    subprocess.run([CC, *STRICT, "-O1", "pedal_main.c", "-lm", "-o", "pedal"], cwd=folder, check=True)

    def call(*words, fails=0):
        done = subprocess.run(["./pedal", *map(str, words)], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == fails, done.stderr
        return done.stderr if fails else done.stdout

    call.folder = folder
    return call


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "FLOAT"])
def test_each_channel_goes_through_as_in_the_model(subtype, pedal):
    soundfile.write(pedal.folder / "in.wav", X, FS, subtype)
    x, _ = soundfile.read(pedal.folder / "in.wav")
    said = pedal("in.wav", "out.wav", "tone=0.8", "load=3", "--block", 17, "--volts", 2)
    assert "700 samples" in said
    y, fs = soundfile.read(pedal.folder / "out.wav")
    wanted = run(Swept(), 2 * x.T[..., None], controls={"tone": 0.8, "load": 3.0})[1][..., 0].T / 2
    assert fs == FS
    np.testing.assert_allclose(y, wanted, atol=1e-7)


def test_a_knob_is_turned_while_the_sound_plays(pedal):
    soundfile.write(pedal.folder / "in.wav", X[:, 0], FS, "FLOAT")
    pedal("in.wav", "out.wav", "tone=0.2:0.9", "--block", 1)
    y, _ = soundfile.read(pedal.folder / "out.wav")
    x, _ = soundfile.read(pedal.folder / "in.wav")
    wanted = run(Swept(), x, controls={"tone": np.interp(np.arange(700) - 31, [0, 700], [0.2, 0.9])})[1]
    assert np.abs(y - np.asarray(wanted)).max() < 0.01 * np.abs(wanted).max()  # in frames of 32, one of them late
    assert np.abs(y[-1] - run(Swept(), x)[1][-1]) > 0.05 * np.abs(wanted).max()


def test_blocks_of_any_size_give_the_same_file(pedal):
    soundfile.write(pedal.folder / "in.wav", X, FS, "PCM_24")
    files = []
    for block in (1, 64, 4096):
        pedal("in.wav", "out.wav", "--block", block)
        files.append((pedal.folder / "out.wav").read_bytes())
    assert files[0] == files[1] == files[2]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "usage"),
        (("nowhere.wav", "out.wav"), "cannot be read: nowhere.wav"),
        (("in.wav", "in.wav"), "is the sound that is read"),
        (("in.wav", "out.wav", "tune=1"), "there is the knob tone"),
        (("in.wav", "out.wav", "tone=high"), "no number: tone=high"),
        (("in.wav", "out.wav", "tone=0.1:"), "no number: tone=0.1:"),
        (("in.wav", "out.wav", "--block", 0), "--block"),
        (("in.wav", "out.wav", "--volts", 0), "--volts"),
        (("pedal.h", "out.wav"), "is no wav file"),
        (("8bit.wav", "out.wav"), "is not of 16, 24 or 32 bits"),
    ],
)
def test_bad_input_is_one_clear_error(words, says, pedal):
    soundfile.write(pedal.folder / "in.wav", X, FS, "PCM_16")
    soundfile.write(pedal.folder / "8bit.wav", X, FS, "PCM_U8")
    assert says in pedal(*words, fails=2)


def test_damaged_files_do_no_harm(pedal):
    soundfile.write(pedal.folder / "in.wav", X, FS, "PCM_16")
    whole = (pedal.folder / "in.wav").read_bytes()
    random = np.random.default_rng(0)
    for _ in range(30):
        damaged = bytearray(whole[: random.integers(1, len(whole))])
        for place in random.integers(0, min(len(damaged), 48), 3):
            damaged[place] = random.integers(256)
        (pedal.folder / "bad.wav").write_bytes(damaged)
        done = subprocess.run(["./pedal", "bad.wav", "out.wav"], cwd=pedal.folder, capture_output=True, check=False)
        assert done.returncode in (0, 1, 2)


def test_the_text_alone():
    text = export.example("My Pedal")
    assert '#include "my_pedal.h"' in text
    assert "my_pedal_play(" in text
    assert "$" not in text
