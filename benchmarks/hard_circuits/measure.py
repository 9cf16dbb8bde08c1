"""Circuits that solvers lose, and what comes of 20 dB more than is sensible."""

import time
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from benchmarks.circuits import FS
from benchmarks.nodal_accuracy import measure as accuracy
from circuitnn import circuits, spice
from circuitnn.circuit import Circuit
from circuitnn.model import run
from circuitnn.nodal import NodalModel

LOUD = 10.0  # times the nominal peak
TURN = 0.7  # hertz, of the moving knobs
BLOCK = 1.0  # seconds
LOUDEST = 1.0  # seconds that are compared with ngspice
TIMEOUT = 1800.0  # seconds that it may take for them
CARRIER = 617.0  # hertz, of 2 V, for what has a second input

# What a solver has to get over.
HARD: dict[str, str] = {
    "rangemaster": "a germanium transistor deep in saturation",
    "fuzz_face_germanium": "feedback over two germanium transistors, bias that wanders off",
    "fuzz_face_silicon": "feedback over two transistors with a gain of thousands",
    "big_muff": "four stages in series, diodes in the feedback of two",
    "ds1": "a transistor of high gain before an op-amp that leaves its rails, hard clipping",
    "klon_gain_stage": "two op-amps that leave their rails, germanium diodes",
    "ms20_filter": "a feedback loop that oscillates, held by diodes",
    "moog_ladder": "ten transistors in a loop that oscillates",
    "ota_lowpass": "two integrators in a loop with Q = 50, stopped by the supplies",
    "twin_t": "oscillates by itself, over 5 s to settle",
    "astable": "jumps within a sample, slowed down by nothing but the charges of two transistors",
    "relaxation_oscillator": "jumps within a sample, an op-amp of gain 1e5 with positive feedback",
    "power_amplifier": "eight transistors in one loop, coupled directly, driven to its supplies",
    "tube_preamp": "two triodes whose grids draw current",
    "push_pull_amplifier": "two pentodes cut off and overdriven in turn, a transformer, feedback",
    "pultec": "two tubes and two transformers around a passive equalizer",
    "la2a": "a light that turns itself down",
    "cl1b": "the same with a rectifier and its time constants in the loop",
    "transformer_saturator": "a core that saturates",
    "bridged_t": "two percent short of oscillating, op-amps, a transistor as a switch",
    "ring_modulator": "four diodes that change over between two transformers",
    "precision_rectifier": "an op-amp without feedback while its diodes change over",
}


def loud(name: str, base: NDArray[np.float64], fs: float = FS) -> NDArray[np.float64]:
    """(time, inputs) in volts, from a signal (time,) with a peak of one."""
    circuit: Circuit = circuits.CATALOGUE[name]()
    x = LOUD * circuits.NOMINAL_PEAK[name] * base[:, None]
    rests = np.array([float(circuit.values[key]) for key in circuit.inputs[1:]])
    carrier = 2 * np.sin(2 * np.pi * CARRIER * np.arange(1, len(x) + 1) / fs)
    return np.concatenate([x, rests + carrier[:, None] * np.ones_like(rests)], axis=1)


def rows_of_knobs(circuit: Circuit, samples: int) -> dict[str, NDArray[np.float64]]:
    """Each knob, (3, samples): at 0, at 1, and moving, each knob a third of a second after the one before."""
    moving = 0.5 - 0.5 * np.cos(2 * np.pi * TURN * np.arange(samples) / FS)
    return {
        knob: np.stack([np.zeros(samples), np.ones(samples), np.roll(moving, n * FS // 3)])
        for n, knob in enumerate(circuit.controls)
    }


def played(name: str, base: NDArray[np.float64]) -> dict[str, Any]:
    """Failed samples at knobs 0, at 1, and moving, and what else there is to say of the output to (time,)."""
    circuit = circuits.CATALOGUE[name]()
    model = NodalModel(circuit, FS, dtype=jnp.float64)
    x, knobs = loud(name, base), rows_of_knobs(circuit, len(base))
    began, carry, peak, is_finite = time.perf_counter(), None, np.zeros(3), True
    rows = 3 if knobs else 1
    for start in range(0, len(x), round(BLOCK * FS)):
        part = slice(start, start + round(BLOCK * FS))
        turned = {knob: value[:, part] for knob, value in knobs.items()}
        carry, y = run(model, np.tile(x[part], (rows, 1, 1)), carry, controls=turned)
        peak = np.maximum(peak[:rows], np.abs(np.asarray(y)).max(axis=(1, 2)))
        is_finite &= bool(np.isfinite(y).all())
    return {
        "circuit": name,
        "why": HARD[name],
        "failed": np.asarray(carry.report.failed).tolist() if carry is not None else [],
        "is_finite": is_finite,
        "peak": peak.tolist(),
        "seconds": time.perf_counter() - began,
    }


def esr(name: str, base: NDArray[np.float64], factor: int) -> float:
    """Against ngspice at `factor` times 48 kHz, with the knobs as in the netlist; of the deviation from rest.

    Args:
        name: of the circuit.
        base: (time,) at 48 kHz with a peak of one; its loudest second is taken, and faded in.
        factor: oversampling of both.

    Raises:
        spice.SpiceError: where ngspice does not come to an end.
    """
    circuit = circuits.CATALOGUE[name]()
    faded = accuracy.signals(base, min(LOUDEST, len(base) / FS))["guitar"]
    x = loud(name, accuracy.at_rate("guitar", faded, factor), factor * FS)
    expected = spice.transient(circuit, x, factor * FS, timeout=TIMEOUT)
    _, y = run(NodalModel(circuit, factor * FS, dtype=jnp.float64), x)
    return accuracy.esr(np.asarray(y), expected, accuracy.at_rest(circuit))
