"""Integers of a sound file and channels before time are refused with one wording, wherever samples go in."""

import numpy as np
import pytest

import circuitnn as cn
from circuitnn.train import Dataset, record
from tests.models import Leaky

GOOD = np.sin(np.arange(6000.0))
CIRCUIT = cn.circuits.diode_clipper()
BORDERS = {
    "run": lambda x: cn.run(Leaky(), x),
    "trace": lambda x: cn.trace(Leaky(), x),
    "Dataset x": lambda x: Dataset(x, GOOD, fs=48e3),
    "Dataset y": lambda x: Dataset(GOOD, x, fs=48e3),
    "Dataset states": lambda x: Dataset(GOOD, GOOD, states=x[:, None] if x.ndim == 1 else x, fs=48e3),
    "align": lambda x: cn.audio.align(GOOD, x, fs=48e3),
    "identify": lambda x: cn.train.identify(CIRCUIT, x, GOOD, fs=48e3, progress=False),
    "resample": lambda x: cn.audio.resample(x, 48_000, 44_100),
    "write": lambda x: cn.audio.write("never.wav", x, 48_000),
}
# Where recordings lie side by side, (recordings, time), or any shape will do.
OF_NUMBERS = {
    **BORDERS,
    "record": lambda x: record(Leaky(), x, fs=48e3),
    "simulate_dataset": lambda x: cn.train.simulate_dataset(CIRCUIT, x, progress=False),
    "losses": lambda x: cn.losses.esr(GOOD, x),
    "metrics": lambda x: cn.metrics.esr(GOOD, x),
}


@pytest.mark.parametrize("border", OF_NUMBERS)
@pytest.mark.parametrize(("kind", "says"), [("int16", "divide by 32768"), ("uint8", "take 128 away and divide by 128")])
def test_integers_of_a_sound_file(border, kind, says):
    with pytest.raises(ValueError, match=f"must be real floating-point numbers, got {kind}; {says}"):
        OF_NUMBERS[border](np.ones(6000, kind))


@pytest.mark.parametrize("border", BORDERS)
def test_channels_before_time(border):
    with pytest.raises(ValueError, match=r"time comes before the channels.* \(2, 6000\) .*transpose it, \.T;"):
        BORDERS[border](np.stack([GOOD, GOOD]))


def test_int16_positions_are_no_knob():
    with pytest.raises(ValueError, match=r"knob tone must be .*int16; divide by 32768"):
        Dataset(GOOD, GOOD, controls={"tone": np.zeros(6000, np.int16)}, fs=48e3)
    assert Dataset(GOOD, GOOD, controls={"tone": 1}, fs=48e3).controls["tone"][0, 0] == 1


def test_few_samples_of_many_channels_are_what_they_say():
    assert Dataset(np.ones((5, 9)), np.ones((5, 9)), fs=10).x.shape == (1, 5, 9)
