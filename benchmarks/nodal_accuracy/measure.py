"""What is measured of one circuit: frequency response, transients against ngspice, order of the rules.

Sample n of a signal lies at time (n + 1)/fs, and at time 0 the circuit is at rest, in both engines. Both get the same
samples at the same rate; ngspice joins them by straight lines, as the trapezoidal rule does.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from benchmarks.circuits import FS, loudest, with_all_inputs
from circuitnn import audio, circuits, spice
from circuitnn.circuit import Circuit
from circuitnn.model import run
from circuitnn.nodal import NodalModel, frequency_response

FREQS = np.geomspace(20, 20e3, 61)
SINE = 1000.0  # hertz
FADE = 2e-3  # seconds: both signals begin gently, so that none begins with a click between two samples
RULES = {"trapezoidal": 2.0, "bdf2": 2.0, "backward_euler": 1.0}
FACTORS = ((4, 8, 16), (16, 32, 64), (64, 128, 256))
ORDER_WITHIN = 0.2  # otherwise the steps are not yet short enough to show the order, and the next factors are tried
ORDER_SECONDS = 0.01


@dataclass(frozen=True)
class Transient:
    """Errors against ngspice at one oversampling factor, by signal."""

    esr: dict[str, float]
    failed: int
    trouble: str | None = None  # what ngspice said where there is no comparison


def signals(recording: NDArray, seconds: float) -> dict[str, NDArray]:
    """The loudest part of the recording at 48 kHz, faded in after silence; its peak is one. The sine is made later."""
    x = loudest(recording, round(seconds * FS))
    silence = np.zeros(round(1e-3 * FS))  # for the ringing of the resampling filter
    x = np.concatenate([silence, x * _fade(np.arange(len(x)) / FS)])
    return {"sine": np.zeros_like(x), "guitar": x}


def at_rate(kind: str, base: NDArray, factor: int) -> NDArray:
    """The signal at `factor` x 48 kHz, from the first sample after time 0."""
    fs = factor * FS
    if kind == "sine":
        t = np.arange(1, len(base) * factor) / fs
        return np.sin(2 * np.pi * SINE * t) * _fade(t)
    return audio.resample(base, FS, fs)[1:]


def response_error(circuit: Circuit, *, floor: float = 1e-7) -> float:
    """The largest relative error of the frequency response against ngspice, at three positions of the knobs.

    What is below `floor` times the circuit's largest response counts as that: there ngspice's own rounding is no
    reference (to the gate voltage of a phaser at rest the output is deaf).
    """
    positions = {name: np.array([[value], [0.35], [0.75]]) for name, value in circuit.controls.items()}
    found = np.asarray(frequency_response(circuit, FREQS, controls=positions))
    expected = spice.ac(circuit, FREQS, controls=positions)
    size = np.abs(expected)
    return float(np.max(np.abs(found - expected) / np.maximum(size, floor * np.max(size))))


def play(name: str, x: NDArray, factor: int, rule: str) -> tuple[NDArray, int]:
    """The model's output (time, outputs) to a signal of peak one, and how many samples failed."""
    circuit = circuits.CATALOGUE[name]()
    model = NodalModel(circuit, factor * FS, rule=rule, dtype=jnp.float64)
    carry, y = run(model, scaled(name, circuit, x, factor))
    return np.asarray(y), int(carry.report.failed)


def scaled(name: str, circuit: Circuit, x: NDArray, factor: int) -> NDArray:
    """(time, inputs) in volts."""
    return with_all_inputs(circuit, circuits.NOMINAL_PEAK[name] * x, factor * FS)


def esr(found: NDArray, expected: NDArray, rest: NDArray) -> float:
    """Energy of the error over the energy of the deviation from rest."""
    energy = float(np.sum(np.square(expected - rest)))
    error = float(np.sum(np.square(found - expected)))
    return error / energy if energy > 0 else math.inf


def transient(name: str, bases: Mapping[str, NDArray], factor: int, *, timeout: float) -> Transient:
    """The trapezoidal rule against ngspice, which takes at least four steps a sample."""
    circuit = circuits.CATALOGUE[name]()
    rest = at_rest(circuit)
    errors: dict[str, float] = {}
    failures, trouble = 0, None
    for kind, base in bases.items():
        x = at_rate(kind, base, factor)
        found, failed = play(name, x, factor, "trapezoidal")
        failures += failed
        try:
            volts = scaled(name, circuit, x, factor)
            expected = spice.transient(circuit, volts, factor * FS, timeout=timeout)
            errors[kind] = esr(found, expected, rest)
        except spice.SpiceError as error:
            errors[kind], trouble = math.nan, str(error).splitlines()[0]
    return Transient(errors, failures, trouble)


def at_rest(circuit: Circuit) -> NDArray:
    """(outputs,) at the operating point."""
    model = NodalModel(circuit, FS, dtype=jnp.float64)
    inputs = np.array([[float(circuit.values[name]) for name in circuit.inputs]])
    return np.asarray(run(model, inputs)[1])[0]


def order(name: str, base: NDArray, rule: str, factors: tuple[int, ...] = FACTORS[0]) -> dict[str, Any]:
    """The order that shows between three rates in the ratio 1:2:4, from the differences between them (sine).

    Successive differences need no reference: log2(|y1 - y2| / |y2 - y4|), at the instants of the 48 kHz samples.
    """
    outputs, failed = {}, 0
    base = base[: round(ORDER_SECONDS * FS)]
    for factor in factors:
        y, failures = play(name, at_rate("sine", base, factor), factor, rule)
        outputs[factor] = y[factor - 1 :: factor]
        failed += failures
    coarse, middle, fine = (outputs[factor] for factor in factors)
    first, second = np.linalg.norm(coarse - middle), np.linalg.norm(middle - fine)
    # Differences of the size of rounding have no order: a circuit without states is exact at any rate.
    is_exact = second <= 1e-11 * np.linalg.norm(fine)
    value = math.nan if is_exact else float(np.log2(first / second))
    return {"order": value, "factors": list(factors), "failed": failed, "is_exact": bool(is_exact)}


def order_where_it_shows(name: str, base: NDArray, rule: str) -> dict[str, Any]:
    """At 4, 8 and 16 x 48 kHz, or at higher rates where these steps are too long to show it."""
    found: dict[str, Any] = {}
    for factors in FACTORS:
        found = order(name, base, rule, factors)
        if found["is_exact"] or abs(found["order"] - RULES[rule]) <= ORDER_WITHIN:
            break
    return found


def _fade(t: NDArray) -> NDArray:
    """From 0 at time 0 to 1 at the end of the fade, with two continuous derivatives."""
    u = np.clip(t / FADE, 0, 1)
    return u**3 * (10 - 15 * u + 6 * u**2)
