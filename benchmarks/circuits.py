"""What the benchmarks of circuit models share: circuits of the catalogue, signals, the head of the report."""

import argparse
import os
import platform
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuitnn import audio, circuits, spice
from circuitnn.circuit import Circuit
from circuitnn.study import signals

FS = 48_000
ALL = tuple(circuits.CATALOGUE)
QUICK = ("diode_clipper", "tube_screamer_clipping", "common_emitter", "triode_koren")
LFO_DEPTH, LFO_RATE = 0.05, 2.0  # volts, hertz: how the further inputs (the phasers' gates) swing around their DC value


def add_input(parser: argparse.ArgumentParser) -> None:
    """The option for a recording."""
    parser.add_argument("--input", metavar="FILE", help="a recording (wav, flac, aiff); default: built-in excitation")


def recording(path: str | None, seconds: float) -> NDArray[np.float64]:
    """At least `seconds` at 48 kHz: a recording, repeated where it is shorter, or the built-in excitation.

    Raises:
        audio.AudioError: for a file that cannot be used.
    """
    if path is None:
        return audio.excitation(max(seconds, 10.0), FS, seed=0)
    x, _ = audio.read(path, fs=FS)
    return np.resize(x, max(len(x), round(seconds * FS)))


def loudest(x: NDArray[np.float64], samples: int) -> NDArray[np.float64]:
    """The window of `samples` samples with the most energy, with a peak of one."""
    window = x[signals.loudest(x, samples)]
    return window / max(float(np.max(np.abs(window))), 1e-12)


def with_all_inputs(circuit: Circuit, x: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """x (..., time) in volts as (..., time, inputs): inputs after the first swing slowly around their DC values."""
    swing = LFO_DEPTH * np.sin(2 * np.pi * LFO_RATE * np.arange(1, x.shape[-1] + 1) / fs)
    rests = [float(circuit.values[name]) for name in circuit.inputs[1:]]
    return np.stack([x, *(np.broadcast_to(rest + swing, x.shape) for rest in rests)], axis=-1)


def header(**more: Any) -> dict[str, Any]:
    """Where and with what the figures were measured."""
    return {
        "machine": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in ("jax", "flax", "numpy")},
        "ngspice": spice.version(),
        **more,
    }


def source(path: str | None) -> str:
    """Of the signal, for the head of a report."""
    return "built-in excitation" if path is None else "a recording"
