"""The command `capture-signal`, and that `train` knows what it writes."""

import numpy as np
import soundfile

import circuitnn as cn
from tests.capture.sounds import recorded

FS = 8000


def test_what_is_written(call):
    result = call("capture-signal", "play.wav", "--seconds", "30", "--fs", FS, "--volts", "4.5", "--seed", "3")
    x, fs = cn.audio.read("play.wav")
    assert fs == FS
    np.testing.assert_allclose(x, cn.capture.signal(30.0, FS, seed=3), atol=2**-23)
    assert "3.18 V on a meter" in result.stdout
    assert "circuitnn train play.wav recorded.wav -o pedal.npz --volts 4.5" in result.stdout


def test_what_comes_back_is_known(call):
    call("capture-signal", "play.wav", "--seconds", "30", "--fs", FS)
    x, _ = cn.audio.read("play.wav")
    soundfile.write("recorded.wav", recorded(x, noise=1e-3), FS, subtype="DOUBLE")
    result = call("train", "play.wav", "recorded.wav", "-o", "m.npz", "--model", "gru-2", "--epochs", "1")
    for words in ("is a capture signal", "by its clicks", "dB below the music", "test 2.6 s"):
        assert words in result.output
    call("capture-signal", "play.txt", fails=2)
    call("capture-signal", "other.wav", "--seconds", "3", fails=2)
    call("capture-signal", "other.wav", "--volts", "-3", fails=2)
