"""Headers of C from the command line."""

import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn import export


def saved(name="pedal.npz", **options):
    model = cn.recurrent.GRU(2, controls=("gain",), rngs=nnx.Rngs(0), **options)
    cn.train.save(model, name)
    return model


def test_a_saved_model(call, folder):
    model = saved(dtype=np.float32)
    said = call("export", "pedal.npz", "out/my.h", "--name", "My Pedal!", "--frame", 16, "--main").stdout
    assert "out/my.h: GRU at any rate; knobs: gain 0.5" in said
    assert "my_main.c" in said
    text = (folder / "out/my.h").read_text()
    assert text == export.c(model, folder / "again.h", name="my_pedal", frame=16).read_text()
    assert "typedef float my_pedal_sample;" in text
    assert '#include "my.h"' in (folder / "out/my_main.c").read_text()


def test_a_netlist(call, folder):
    call("export", "tone.cir", "tone.h", "--float", "--fs", 44_100)
    text = (folder / "tone.h").read_text()
    assert "typedef float tone_sample;" in text
    assert "#define TONE_FS 44100.0" in text
    assert "TONE_KNOB_TONE = 0, TONE_KNOB_LEVEL = 1" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["tone.cir", "tone.c"], "ends in .h"),
        (["nowhere.cir", "tone.h"], "nowhere.cir: no such file"),
        (["nowhere.npz", "tone.h"], "nowhere.npz"),
        (["in.wav", "tone.h"], "in.wav"),
        (["tone.cir", "tone.h", "--frame", 0], "--frame"),
        (["pedal.npz", "tone.h", "--oversample", 2], "--oversample is for netlists"),
        (["pedal.npz", "tone.h", "--fs", 48_000], "knows no sample rate"),
    ],
)
def test_bad_input(words, says, call):
    saved()
    assert says in call("export", *words, fails=2).stderr


def test_a_plug_in(call, folder):
    said = call("export", "tone.cir", "out/tone.lv2", "--volts", 2, "--rates", "8000,16000", "--name", 'a "b"').stdout
    assert "out/tone.lv2: NodalModel at 8000, 16000 Hz as a plug-in; knobs: tone 0.5, level 1" in said
    described = (folder / "out/tone.lv2/tone.ttl").read_text()
    assert described.count("a lv2:InputPort, lv2:ControlPort") == 2
    assert 'doap:name "a \\"b\\""' in described
    assert "const sample gain_in = 2.0, gain_out = 0.5;" in (folder / "out/tone.lv2/tone.c").read_text()
    call("export", "tone.cir", "out/tone.lv2", "--rates", 8000)  # once more, in the place of that


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["tone.cir", "tone.lv2", "--rates", "48k"], "is not a row of sample rates"),
        (["tone.cir", "tone.h", "--rates", "48000"], "--rates is for lv2"),
        (["tone.cir", "tone.lv2", "--main"], "--main is for c"),
        (["tone.cir", ".", "--format", "lv2"], "ends in .lv2"),
    ],
)
def test_a_plug_in_that_cannot_be(words, says, call):
    assert says in call("export", *words, fails=2).stderr
