"""Gaps, lost samples and hum: found where they are, and not where a device does what devices do."""

import numpy as np
import pytest

from circuitnn.audio import guitar
from circuitnn.capture.faults import gaps, hum, slip
from circuitnn.capture.take import TakeError, prepare

FS = 16_000
X = 0.5 * guitar(8.0, FS, seed=0)
NOISE = 1e-4 * np.random.default_rng(0).standard_normal(len(X))
Y = np.tanh(6 * X) + NOISE
TIME = np.arange(len(X)) / FS


def said(x, y):
    return [str(each) for look in (gaps, slip, hum) for each in look(x, y, "y", FS)]


def test_a_gap():
    y = Y.copy()
    y[3 * FS : 3 * FS + 800] = 0
    (text,) = said(X, y)
    assert "1 gap where something is played, the first at 3.000 s, the longest of 50" in text


@pytest.mark.parametrize(("samples", "what"), [(400, "earlier: the recorder has lost them"), (-400, "later")])
def test_lost_and_added_samples(samples, what):
    at = 3 * FS
    y = np.concatenate([Y[:at], Y[at + samples :]])[: len(X)]
    (text,) = said(X[: len(y)], y)
    assert f"400 samples (25 ms) {what}" in text
    assert abs(float(text.split("about ")[1].split(" s")[0]) - 3.0) <= 0.5


@pytest.mark.parametrize("freq", [50, 60])
def test_hum(freq):
    (text,) = said(X, Y + 0.05 * np.sin(2 * np.pi * freq * TIME))
    assert f"hums ({freq} Hz)" in text
    assert not said(X + 0.05 * np.sin(2 * np.pi * freq * TIME), Y + 0.05 * np.sin(2 * np.pi * freq * TIME))


@pytest.mark.parametrize(
    "y",
    [
        Y,
        np.maximum(X, 0.02) + NOISE,
        X * (0.5 + 0.5 * np.sin(2 * np.pi * 5 * TIME)) + NOISE,
        0.5 * X + 0.5 * np.interp(TIME - 0.005 * (1 + 0.8 * np.sin(2 * np.pi * 0.7 * TIME)), TIME, X),
        0.3 * X + np.concatenate([np.zeros(800), X[:-800]]) + NOISE,
    ],
    ids=["overdrive", "rectifier", "tremolo", "chorus", "echo"],
)
def test_devices_are_no_faults(y):
    assert not said(X, y)


def test_levels_that_no_sound_has():
    for scale in (1e-13, 1e13):
        with pytest.raises(TakeError, match="of full scale, which is no sound"):
            prepare(X, scale * Y, fs=FS)
    assert any("are these volts" in str(each) for each in prepare(X, 1e4 * Y, fs=FS, latency=0).findings)
