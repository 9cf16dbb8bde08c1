"""What is said of recordings before training, and what is not said of good ones."""

import functools
import warnings
from pathlib import Path

import numpy as np
import optax
import pytest
from flax import nnx
from scipy.signal import butter, lfilter

import circuitnn as cn
from circuitnn.audio import read
from circuitnn.model import run
from circuitnn.recurrent import GRU
from circuitnn.train import Dataset, DataWarning, TruncatedBPTT, exposure_bias, fit
from circuitnn.train.suspicion import warn_of_data
from tests.models import Gain, Leaky

FS = 48_000
GUITAR = Path(__file__).parents[2] / "../shared/data/guitar-di"
CLIPPER = GUITAR.parent / "clipper-1n4148"
X = 0.5 * cn.audio.excitation(4, FS)
Y = lfilter(*butter(1, 3000 / (FS / 2)), np.tanh(3 * X))
TIME = np.arange(4 * FS) / FS
NOISE = np.random.default_rng(0).standard_normal(20_000)
SINE = np.sin(2 * np.pi * 100.3 * TIME)


def converted(signal, bits=16):
    """What a converter of full scale 1 makes of a signal."""
    steps = 2.0 ** (bits - 1)
    return np.clip(np.round(signal * steps), -steps, steps - 1) / steps


def low_pass(order, freq):
    return lfilter(*butter(order, freq / (FS / 2)), X)


def said(x, y, fs=FS, *, warmup=0, model=None):
    """What is said of a data set."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_data(model or Leaky(), Dataset(x, y, fs=fs), None, warmup)
    assert all(warning.category is DataWarning for warning in caught)
    return [str(warning.message) for warning in caught]


SUSPICIOUS = {
    "a silent target": (X, 0 * Y, "y is silent"),
    "a dead target": (X, 0 * Y + 0.1, "y is 0.1 V throughout"),
    "a dead recording": (
        np.stack([X, X])[..., None],
        np.stack([Y, 0 * Y])[..., None],
        "y does not move in recording 1",
    ),
    "clipped x": (np.clip(X, -0.3, 0.3), Y, "x is clipped: .* stuck at 0.3 V: record it lower$"),
    "clipped y": (X, np.clip(Y, -0.7, 2), "y is clipped: .* stuck at -0.7 V"),
    "x beyond a converter": (converted(4 * X), Y, "x is clipped"),
    "y beyond a converter": (X, converted(2 * Y), "y is clipped"),
    "an offset of x": (X + 0.02, Y, "x has an offset of 0.0[12]"),
    "an offset of y": (X, Y + 0.05, "y has an offset of 0.0[456]"),
    "y 5 ms late": (X, np.roll(Y, 240), "y is late by about 24[012] samples against x, 5.0"),
    "y 50 ms late": (X, np.roll(Y, 2400), "y is late by about 240[012] samples"),
    "y early": (X, np.roll(Y, -240), "y is early by about 2(39|40) samples"),
    "clipped noise": (np.clip(NOISE, -1, 1), lfilter([0.2], [1, -0.8], NOISE), "x is clipped"),
    "late noise": (NOISE, np.roll(NOISE, 240), "y is late by about 240 samples"),
}
FINE = {
    "a pedal": (X, Y),
    "a supply's half": (X, Y + 4.5),
    "a slow filter": (X, low_pass(1, 20)),
    "a very slow filter": (X, low_pass(1, 2)),
    "a steep filter": (X, low_pass(4, 80)),
    "a fuzz": (X, np.tanh(40 * X)),
    "a fuzz in single precision": (X.astype(np.float32), np.tanh(40 * X).astype(np.float32)),
    "a rectifier": (X, np.maximum(X, 0)),
    "an octave up": (X, np.abs(X)),
    "silence and a constant": (0 * X, 0 * Y - 4.0),
    "a sine": (SINE, np.roll(np.tanh(SINE), 240)),
    "a sine of eight bits": (converted(0.9 * SINE, 8), converted(0.5 * np.tanh(SINE), 8)),
    "a square wave": (np.sign(SINE), lfilter(*butter(1, 3000 / (FS / 2)), np.sign(SINE))),
    "a step": (1.0 * (TIME > 1), lfilter(*butter(1, 30 / (FS / 2)), 1.0 * (TIME > 1))),
    "two samples": (X[:2], Y[:2]),
}


@pytest.mark.parametrize("case", SUSPICIOUS)
def test_what_is_suspicious_is_said_once(case):
    x, y, says = SUSPICIOUS[case]
    findings = said(x, y)
    assert len(findings) == 1
    with pytest.warns(match=says):
        warnings.warn(findings[0], stacklevel=1)


@pytest.mark.parametrize("case", FINE)
def test_nothing_is_said_of_what_is_as_it_should_be(case):
    assert said(*FINE[case]) == []


@pytest.mark.skipif(not GUITAR.exists(), reason="no recordings beside the checkout")
@pytest.mark.parametrize("name", ["raid", "jazz-hop", "power"])
def test_real_guitar(name):
    x, fs = read(GUITAR / f"{name}.flac")
    y = np.tanh(5 * x)
    assert said(x, y, fs) == []
    assert "late by about 240" in said(x, np.roll(y, 240), fs)[0]


@pytest.mark.skipif(not CLIPPER.exists(), reason="no recordings beside the checkout")
def test_a_measured_clipper_has_its_known_offset_and_no_other_fault():
    (x, fs), (y, _) = (read(CLIPPER / f"{name}.flac") for name in ("input", "output"))
    assert [finding[:24] for finding in said(x, y, fs)] == ["the data: y has an offse"]


def test_hours_cost_no_more_than_a_minute():
    x = np.lib.stride_tricks.as_strided(X, (100, len(X)), (0, X.itemsize))[..., None]  # 400 s, in the memory of 4
    y = np.lib.stride_tricks.as_strided(np.roll(Y, 240), (100, len(X)), (0, X.itemsize))[..., None]
    assert "late" in said(x, y)[0]


def test_fit_says_it_of_both_data_sets_and_once_of_the_rate():
    x = np.random.default_rng(0).standard_normal((1, 64, 1))
    regime, quiet = TruncatedBPTT(length=64, warmup=0), {"epochs": 1, "progress": False, "optimizer": optax.sgd(0.0)}
    silent = Dataset(x, 0 * x, controls={"volume": 1.0})
    good = Dataset(x, x, controls={"volume": 1.0})
    with pytest.warns(DataWarning, match="the data: y is silent"):
        fit(Gain(), silent, regime, **quiet)
    dull = Dataset(x, 0 * x + 1.0, controls={"volume": 1.0})
    with pytest.warns(DataWarning, match="the validation data: y is 1 V throughout"):
        fit(Gain(), good, regime, validation=dull, **quiet)
    assert said(x, x, 44_100, model=GRU(2, rngs=nnx.Rngs(0))) == []
    with pytest.warns(DataWarning, match="do not say their sample rate: 48000 Hz are assumed"):
        warn_of_data(GRU(2, rngs=nnx.Rngs(0)), Dataset(x, x), None, 0)


def test_a_warm_up_that_hides_how_recordings_begin():
    x = np.random.default_rng(0).standard_normal((4, 200, 1))
    data = Dataset(x, x, states=x, fs=FS)
    with pytest.warns(DataWarning, match="4 of 4 recordings begin in mid-signal.* 20 samples hides 10 %"):
        warn_of_data(Gain(), data, None, 20)
    later = x.copy()
    later[:, :100] = 0
    for model, signals, warmup in ((Leaky(), data, 20), (Gain(), data, 5), (Gain(), Dataset(later, later, fs=FS), 20)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warn_of_data(model, signals, None, warmup)


def test_a_measurement_says_where_its_start_counts():
    """The true model, whose memory is longer than the warm-up, started at rest in the middle."""
    x = np.random.default_rng(0).standard_normal((1, 6000, 1)) + 1.0
    truth = cn.chain(Leaky(0.999), Gain(dtype=np.float32))
    y = np.asarray(run(truth, x)[1])
    cut = functools.partial(Dataset, x[:, 3000:], y[:, 3000:], controls={"volume": 1.0}, fs=FS)
    with pytest.warns(DataWarning, match="1 of 1 recordings begin in mid-signal.* warm-up of 10 samples"):
        exposure_bias(truth, cut(), warmup=10)
    whole = np.concatenate([np.zeros((1, 500, 1)), x], axis=1)
    data = Dataset(whole, np.asarray(run(truth, whole)[1]), controls={"volume": 1.0}, fs=FS)
    assert exposure_bias(truth, data, warmup=10).esr_free_running < 1e-12
