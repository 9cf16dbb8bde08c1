"""Reading the golden data: circuits, and what ngspice made of a signal."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from circuitnn.circuit import Circuit, read_netlist

FOLDER = Path(__file__).parent
NAMES = ("diode_clipper", "diode_clipper_second_order")


@dataclass(frozen=True)
class Golden:
    """One circuit and one signal.

    Attributes:
        circuit: read from the netlist beside the data.
        about: the ``.json``: versions, tolerances, how the signal is made.
        fs: of `x`, `y` and `states`, in hertz.
        x, y: (time,) in volts; the circuit is at rest with no input before the first sample.
        states: (time, n_states) in volts, after each sample, in the order of ``circuit.state_names``.
    """

    circuit: Circuit
    about: dict
    fs: float
    x: np.ndarray
    y: np.ndarray
    states: np.ndarray

    def at(self, fs: float) -> "Golden":
        """The same at a lower rate, by leaving samples out: both engines then see the same signal at the same times."""
        every = round(self.fs / fs)
        assert every * fs == self.fs
        return Golden(self.circuit, self.about, fs, self.x[::every], self.y[::every], self.states[::every])

    def tolerance(self) -> float:
        """The ESR against ngspice that the trapezoidal rule must reach at this rate."""
        return self.about["esr_trapezoidal"][str(round(self.fs))]


def golden(name: str) -> Golden:
    """Golden data by the name of a circuit, one of `NAMES`."""
    about = json.loads((FOLDER / f"{name}.json").read_text())
    with np.load(FOLDER / f"{name}.npz") as data:
        return Golden(read_netlist(FOLDER / f"{name}.cir"), about, about["fs"], data["x"], data["y"], data["states"])
