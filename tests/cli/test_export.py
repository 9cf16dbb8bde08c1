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
