"""Signals played through a circuit in ngspice."""

import functools
from collections.abc import Callable, Mapping

import numpy as np
from jax.typing import ArrayLike

from circuitnn.arguments import checked_rate
from circuitnn.circuit import Circuit, Part
from circuitnn.circuit.circuit import checked_circuit
from circuitnn.circuit.outputs import Probe
from circuitnn.circuit.writer import netlist_text
from circuitnn.devices.sources import CURRENT_SOURCE
from circuitnn.samples import check_axes, check_finite, check_kind
from circuitnn.spice.names import Names
from circuitnn.spice.outputs import probed, vectors, waveform
from circuitnn.spice.program import SpiceError, simulate
from circuitnn.spice.settings import Tolerances, settled

_SIGNAL = "circuitnn_signal"  # node names of the played signal
_CLOCK = "circuitnn_clock"
# Through a capacitor from a supply to a high impedance flows what rounding makes of it, more the shorter the steps are:
# ngspice halves them until it gives up.
#
# The second is for tubes that are driven so hard that their plates ring: Newton's steps end above 1e-6 there. What the
# solution is the length of the steps decides: the push-pull amplifier, 20 dB too loud, comes out the same to 1e-9.
_LESS_TIGHT = (Tolerances(abstol=1e-12), Tolerances(reltol=1e-5, abstol=1e-12, vntol=1e-7))


def transient(
    circuit: Circuit,
    x: ArrayLike,
    fs: float,
    *,
    controls: Mapping[str, ArrayLike] | None = None,
    max_step: float | None = None,
    tolerances: Tolerances | None = None,
    timeout: float = 600.0,
) -> np.ndarray:
    """Play a signal through a circuit in ngspice.

    The inputs are piecewise linear between samples. Before the first sample the circuit rests with its inputs at their
    DC values; they reach the first sample one sample period later. ngspice takes a time step exactly at every sample,
    so that nothing is interpolated. With the default steps the first-order diode clipper (220 Hz, 4.5 V, 48 kHz) comes
    out with an ESR of 2e-12 against an implicit Runge-Kutta integration of fifth order. An output that is a derivative
    of an input has the slope of the line before the sample: it comes half a sample late.

    Args:
        circuit: with concrete values.
        x: (time,), (time, inputs) or (..., time, inputs), in volts (amperes for a current source).
        fs: sample rate in hertz.
        controls: knob positions, constant in time: scalars, or (batch, 1) for one value in each entry of the batch.
        max_step: longest time step in seconds; 1 us or a quarter of a sample by default, whichever is shorter. About 7
            s of computing for 1 s of audio at 48 kHz.
        tolerances: tight ones by default; where ngspice can not go on with them its own `abstol` of 1e-12, and then
            also 1e-5 relative and 0.1 uV.
        timeout: seconds that each ngspice run may take.

    Returns:
        y in volts (amperes for a current), float64, of x's rank: (time,) for a one-dimensional x and one output, else
        (..., time, outputs).

    Raises:
        ValueError: when a shape or a number does not fit.
        SpiceError: when ngspice is missing or fails.
    """
    block, is_mono = _signal(checked_circuit(circuit), x)
    fs, step = _rates(fs, max_step)
    y = np.empty((*block.shape[:-1], len(circuit.outputs)))
    for index, turned in settled(circuit, controls, block.shape[:-2]):
        playing = functools.partial(_play, *probed(turned), block[index], fs, step, timeout=timeout)
        y[index] = _first_to_end(playing, (Tolerances(), *_LESS_TIGHT) if tolerances is None else (tolerances,))
    return y[..., 0] if is_mono and y.shape[-1] == 1 else y


def _first_to_end(playing: Callable[..., np.ndarray], tolerances: tuple[Tolerances, ...]) -> np.ndarray:
    """With the first tolerances that ngspice comes to an end with."""
    *others, last = tolerances
    for each in others:
        try:
            return playing(tolerances=each)
        except SpiceError as error:
            if "too small" not in str(error):
                raise
    return playing(tolerances=last)


def _signal(circuit: Circuit, x: ArrayLike) -> tuple[np.ndarray, bool]:
    """x as (..., time, inputs) in float64, and whether it came as one dimension."""
    check_kind("x", np.asarray(x).dtype)
    block = np.asarray(x, np.float64)
    is_mono = block.ndim == 1
    if is_mono:
        block = block[:, None]
    if block.ndim < 2 or block.shape[-1] != len(circuit.inputs):
        check_axes("x", block.shape)
        raise ValueError(f"x must have the shape (..., time, {len(circuit.inputs)}), got {np.shape(x)}")
    if block.shape[-2] == 0:
        raise ValueError(f"x has no samples: shape {np.shape(x)}")
    check_finite("x", block, ("sample", "input"))
    return block, is_mono


def _rates(fs: float, max_step: float | None) -> tuple[float, float]:
    fs = checked_rate(fs)
    step = min(1e-6, 0.25 / fs) if max_step is None else float(max_step)
    if not (np.isfinite(step) and step > 0):
        raise ValueError(f"max_step must be a positive time in seconds, got {max_step}")
    return fs, step


def _play(
    circuit: Circuit,
    outputs: tuple[Probe, ...],
    names: Names,
    x: np.ndarray,
    fs: float,
    max_step: float,
    *,
    tolerances: Tolerances,
    timeout: float,
) -> np.ndarray:
    """x (time, inputs) to y (time, outputs)."""
    samples, width = x.shape
    rest = np.array([[float(np.asarray(circuit[name].value)) for name in circuit.inputs]])
    # filesource goes astray on its last line, so the signal is held for two more samples than are played.
    played = np.concatenate([rest, x, x[-1:], x[-1:]])
    table = np.column_stack([np.arange(len(played)) / fs, played])
    signal = "\n".join(" ".join(map(repr, row)) for row in table.tolist()) + "\n"
    nodes = [f"{_SIGNAL}_{column}" for column in range(width)]
    drive = {name: _follower(circuit[name], node) for name, node in zip(circuit.inputs, nodes, strict=True)}
    times = np.arange(1, samples + 1) / fs
    tail = [
        # filesource interpolates but tells ngspice of no corners: the edges of a clock make it step onto every sample.
        # A PWL source would do both, in time that grows with the square of its length.
        f"A{_SIGNAL} %v([{' '.join(nodes)}]) {_SIGNAL}",
        f'.model {_SIGNAL} filesource(file="signal.txt" amploffset=[{" 0" * width}] amplscale=[{" 1" * width}] '
        "timeoffset=0 timescale=1 timerelative=false amplstep=false)",
        f"V{_CLOCK} {_CLOCK} 0 PULSE(0 1 0 {1 / fs!r} {1 / fs!r} {1 / fs!r} {4 / fs!r})",
        f"R{_CLOCK} {_CLOCK} 0 1",
        tolerances.options(),
        f".save {vectors(outputs)}",
        f".tran {1 / fs!r} {float(times[-1])!r} 0 {max_step!r}",
    ]
    netlist = netlist_text(circuit, drive=drive, tail=tail)
    plot = simulate(netlist, {"signal.txt": signal}, names, timeout=timeout)[0]
    time = plot.columns["time"]
    if time.size < 2 or time[-1] < times[-1] - 0.01 / fs:
        reached = time[-1] if time.size else 0.0
        raise SpiceError(f"ngspice stopped at {reached:.6g} s of {times[-1]:.6g} s: {plot.words}")
    return np.column_stack([np.interp(times, time, waveform(plot, output)) for output in outputs])


def _follower(part: Part, node: str) -> str:
    """A controlled source in place of an input source, with the polarity of V and I sources."""
    plus, minus = part.nodes
    if part.device is CURRENT_SOURCE:
        return f"G{part.name} {plus} {minus} {node} 0 1"
    # A source of 0 V under the old name: others may sense its current.
    return f"E{part.name} {plus} {node}_driven {node} 0 1\n{part.name} {node}_driven {minus} 0"
