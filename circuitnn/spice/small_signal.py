"""Frequency responses of a circuit in ngspice."""

from collections.abc import Mapping

import numpy as np
from jax.typing import ArrayLike

from circuitnn.circuit.circuit import Circuit, checked_circuit
from circuitnn.circuit.outputs import Probe
from circuitnn.circuit.writer import netlist_text
from circuitnn.knobs import constants
from circuitnn.spice.names import Names
from circuitnn.spice.outputs import probed, vectors, waveform
from circuitnn.spice.program import SpiceError, simulate
from circuitnn.spice.settings import Tolerances, settled


def ac(
    circuit: Circuit,
    freqs: ArrayLike,
    *,
    controls: Mapping[str, ArrayLike] | None = None,
    tolerances: Tolerances | None = None,
    timeout: float = 600.0,
) -> np.ndarray:
    """Small-signal frequency response of a circuit in ngspice, around its operating point.

    Args:
        circuit: with concrete values.
        freqs: (n,) in hertz, positive.
        controls: knob positions: scalars, or (batch, 1) for one response each.
        tolerances: tight ones by default.
        timeout: seconds that each ngspice run may take.

    Returns:
        Complex128 (n,), or (batch, n) with batched controls; with several inputs or outputs (..., outputs, inputs, n).

    Raises:
        ValueError: when a shape or a number does not fit.
        SpiceError: when ngspice is missing or fails.
    """
    circuit = checked_circuit(circuit)
    freqs = np.asarray(freqs, np.float64)
    if freqs.ndim != 1 or not freqs.size or not np.all(np.isfinite(freqs)) or not np.all(freqs > 0):
        raise ValueError(f"freqs must be a row of positive frequencies in hertz, got shape {freqs.shape}")
    batch = np.broadcast_shapes(*map(np.shape, constants(controls, circuit.controls).values()))
    h = np.empty((*batch, len(circuit.outputs), len(circuit.inputs), freqs.size), np.complex128)
    for index, turned in settled(circuit, controls, batch):
        ours, outputs, names = probed(turned)
        for column, source in enumerate(ours.inputs):
            h[index][:, column] = _respond(ours, outputs, names, source, freqs, tolerances or Tolerances(), timeout)
    return h[..., 0, 0, :] if h.shape[-3:-1] == (1, 1) else h


def _respond(
    circuit: Circuit,
    outputs: tuple[Probe, ...],
    names: Names,
    source: str,
    freqs: np.ndarray,
    tolerances: Tolerances,
    timeout: float,
) -> np.ndarray:
    """(outputs, n) from one input."""
    drive = {}
    for name in circuit.inputs:
        part = circuit[name]
        drive[name] = f"{name} {' '.join(part.nodes)} DC {float(np.asarray(part.value))!r} AC {int(name == source)}"
    # One analysis for each frequency, because ngspice's own sweeps are linear or logarithmic only.
    sweeps = [f"ac lin 1 {f!r} {f!r}\nwrite out.raw {vectors(outputs)}\ndestroy all" for f in freqs.tolist()]
    tail = [tolerances.options(), ".control", "set appendwrite", *sweeps, "quit 0", ".endc"]
    plots = simulate(netlist_text(circuit, drive=drive, tail=tail), {}, names, timeout=timeout, is_scripted=True)
    if len(plots) != freqs.size:
        raise SpiceError(f"ngspice gave {len(plots)} of {freqs.size} frequencies: {plots[0].words}")
    return np.array([[waveform(plot, output)[0] for plot in plots] for output in outputs])
