"""What ngspice makes of each circuit of the catalogue: responses, and the output to a plucked string."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from circuitnn.circuit import Circuit, catalogue

FOLDER = Path(__file__).parent
FS = 8 * 48_000
SAMPLES = 1920  # 5 ms
EVERY = 4  # of the samples of y, one is kept
LFO_REST, LFO_DEPTH, LFO_RATE = -2.1, 0.05, 60.0  # volts, volts, hertz: the second input of the phasers
CARRIER_REST, CARRIER_PEAK, CARRIER = 0.5, 2.0, 617.0  # volts, volts, hertz: that of the ring modulator


@dataclass(frozen=True)
class Golden:
    """One circuit at one setting of its knobs.

    Attributes:
        freqs: (61,) in hertz, 20 Hz to 20 kHz.
        response: (inputs, 61), complex, from each input to the output.
        y: (SAMPLES / EVERY,) in volts: the output after samples 0, EVERY, 2 EVERY ... of `signal`, from rest.
    """

    freqs: np.ndarray
    response: np.ndarray
    y: np.ndarray


def golden(name: str, setting: int) -> Golden:
    """Golden data of a circuit, with the knobs as `settings` gives them."""
    with np.load(FOLDER / f"{name}.npz") as data:
        return Golden(data["freqs"], data[f"response_{setting}"], data[f"y_{setting}"])


def settings(circuit: Circuit) -> list[dict[str, float]]:
    """The positions of the knobs: those of the netlist, and another one where there are any."""
    rest = dict(circuit.controls)
    moved = {name: (0.85, 0.25, 0.65)[index % 3] for index, name in enumerate(rest)}
    return [rest, moved] if rest else [rest]


def signal(name: str, samples: int = SAMPLES, fs: float = FS, peaks: Mapping[str, float] | None = None) -> np.ndarray:
    """The input (samples, inputs): a plucked string of the circuit's `NOMINAL_PEAK`; a swinging gate or a carrier.

    x(t) = peak g(t)/1.6 sum over k = 1..10 of exp(-20 k t) sin(2 pi 196 k t)/k, g(t) = 1 - exp(-t/1 ms), t = n/fs.
    """
    t = np.arange(samples) / fs
    k = np.arange(1, 11)[:, None]
    string = np.sum(np.exp(-20 * k * t) * np.sin(2 * np.pi * 196 * k * t) / k, axis=0)
    x = (peaks or catalogue.NOMINAL_PEAK)[name] / 1.6 * (1 - np.exp(-t / 1e-3)) * string
    circuit = catalogue.CATALOGUE[name]()
    if "Vcarrier" in circuit.inputs:
        return np.stack([x, CARRIER_REST + CARRIER_PEAK * np.sin(2 * np.pi * CARRIER * t)], axis=-1)
    if "Vlfo" not in circuit.inputs:
        return x[:, None]
    return np.stack([x, LFO_REST + LFO_DEPTH * np.sin(2 * np.pi * LFO_RATE * t)], axis=-1)
