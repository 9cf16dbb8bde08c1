"""Makes the golden data anew, with the ngspice that is installed: ``python -m tests.golden.regenerate``."""

import json
from pathlib import Path

import numpy as np

from circuitnn import spice
from circuitnn.circuit import Circuit, catalogue, read_netlist
from tests.golden.load import FOLDER, NAMES

FS = 8 * 48_000
SECONDS = 0.02
MAX_STEP = 1e-7
SIGNAL = (
    "x(t) = 4.5 sin(2 pi 220 t) + g(t) sum over k = 1..12 of 0.05 sin(2 pi f_k t + 2 pi frac(0.6180339887498949 k)), "
    "f_k = 300 * 10^((k - 1)/11) Hz, g = sin^2 rising from 0 at 10 ms to 1 at 12 ms; t = n/fs, volts"
)


def signal() -> np.ndarray:
    """The input, (time,): a loud sine, then partials up to 3 kHz on top of it; see `SIGNAL`."""
    t = np.arange(round(FS * SECONDS)) / FS
    k = np.arange(1, 13)[:, None]
    partials = np.sin(2 * np.pi * (300 * 10 ** ((k - 1) / 11) * t + (k * 0.6180339887498949) % 1))
    gain = np.sin(np.pi / 2 * np.clip((t - 0.010) / 0.002, 0, 1)) ** 2
    return 4.5 * np.sin(2 * np.pi * 220 * t) + gain * 0.05 * partials.sum(axis=0)


def simulate(circuit: Circuit, x: np.ndarray, max_step: float = MAX_STEP) -> tuple[np.ndarray, np.ndarray]:
    """y (time,) and the capacitors' voltages (time, n_states)."""
    whole = read_netlist(circuit.to_spice(), outputs=circuit.nodes)
    voltages = dict(zip(circuit.nodes, spice.transient(whole, x[:, None], FS, max_step=max_step).T, strict=True))
    voltages["0"] = np.zeros_like(x)
    ends = [circuit[name].nodes for name in circuit.state_names]
    return voltages[circuit.outputs[0]], np.stack([voltages[a] - voltages[b] for a, b in ends], axis=-1)


def main(folder: Path = FOLDER) -> None:
    """Write netlist, description and data of every circuit."""
    x = signal()
    for name in NAMES:
        circuit = getattr(catalogue, name)()
        y, states = simulate(circuit, x)
        (folder / f"{name}.cir").write_text(circuit.to_spice(), encoding="utf-8")
        np.savez_compressed(folder / f"{name}.npz", x=x, y=y, states=states)
        about = {
            "ngspice": spice.version(),
            "options": spice.Tolerances().options(),
            "max_step": MAX_STEP,
            "fs": FS,
            "signal": SIGNAL,
            "rest": "at rest with no input before the first sample, piecewise linear between samples",
            "states": list(circuit.state_names),
            # By the trapezoidal rule, at the rate itself and with every eighth sample.
            "esr_trapezoidal": {"48000": 1e-6, "384000": 1e-9},
            # Another ngspice, or the same one with twice the step.
            "esr_regenerated": 1e-11,
        }
        (folder / f"{name}.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
