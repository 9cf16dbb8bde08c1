"""Recordings of simulated devices: delayed, upside down, with noise, and not made by the model that is fitted."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.estimation.audio_problem import AudioProblem
from circuitnn.estimation.excerpts import REACH, cut, recordings
from circuitnn.estimation.recorder import Recorder
from circuitnn.estimation.unknowns import USUAL, Prior

FS = 48_000
GUITAR = Path(__file__).parents[3] / "shared" / "data" / "guitar-di" / "raid.flac"
CLIPPER = cn.circuits.diode_clipper()
TRUTH = CLIPPER.replace(C1=13e-9, **{"DCLIP.IS": 5e-9, "DCLIP.N": 1.6})
QUICK = {"excerpts": 6, "seconds": 0.05, "warmup": 0.02, "oversampling": 2, "starts": 4, "progress": False}


def late(y, delay):
    """By `delay` samples, with a phase in the frequency domain."""
    size = len(y) + 16_384
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(size) * delay)
    return np.fft.irfft(np.fft.rfft(y, size) * turn, size)[: len(y)]


def played(circuit, x):
    """At eight times the rate."""
    with jax.enable_x64(True):
        model = cn.nodal.NodalModel(circuit, FS, oversampling=8, dtype=jnp.float64)
        _, y = cn.run(model, np.pad(x, (0, model.latency)))
    return np.asarray(y)[model.latency :]


def recorded(circuit, x, *, delay=7.3, polarity=-1, noise_db=-40.0, seed=0):
    y = played(circuit, x)
    y = y + 10 ** (noise_db / 20) * y.std() * np.random.default_rng(seed).standard_normal(len(y))
    return polarity * late(y, delay)


def real_guitar(peak):
    """Volts."""
    if not GUITAR.exists():
        pytest.skip("the guitar recordings are not here")
    x, fs = cn.audio.read(GUITAR)
    assert fs == FS
    return peak * x.reshape(-1) / np.abs(x).max()


def off(values, truth, name):
    return values[name] / float(truth.values[name]) - 1


def small_box(circuit, x, y, names, *, positions=(), recorder=None, high_pass=60.0):
    """Half a dozen milliseconds, at the signal's own rate."""
    recorder = Recorder(free=("y_gain",)) if recorder is None else recorder
    box = Prior.of(circuit, dict.fromkeys(names), usual=USUAL, positions=positions).including(REACH, REACH)
    box = recorder.including(box)
    model = cn.nodal.NodalModel(circuit.astype(np.float64), FS, dtype=jnp.float64)
    pieces = cut(
        recordings(x, y, FS),
        3,
        -1,
        count=2,
        seconds=0.01,
        warmup=0.004,
        latency=0,
        high_pass=high_pass,
        hum=None,
        in_runs=high_pass is None,
    )
    problem = AudioProblem(
        model=model,
        excerpts=pieces,
        recorder=recorder,
        spread=box.spread,
        names=tuple(names),
        positions=tuple(positions),
    )
    return problem, box
