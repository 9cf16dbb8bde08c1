"""Line 2: halving the step divides the error of a rule by two to its order.

Three rates in the ratio 1:2:4 tell the order by themselves, ``log2(|y1 - y2| / |y2 - y4|)``: no solution has to be
known, and no order to be assumed.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np

from benchmarks.circuits import FS
from benchmarks.ledger.line import Line
from circuitnn import circuits
from circuitnn.model import run
from circuitnn.nodal import NodalModel, alpha_transform

SECONDS, SINE, FACTORS = 0.003, 400.0, (32, 64, 128)
RULES: dict[str, tuple[Any, float]] = {
    "trapezoidal": ("trapezoidal", 2.0),
    "bdf2": ("bdf2", 2.0),
    "backward_euler": ("backward_euler", 1.0),
    "alpha 0.5": (alpha_transform(0.5), 1.0),
    "alpha 1": (alpha_transform(1.0), 2.0),
}
CIRCUITS = ("diode_clipper", "diode_clipper_second_order", "common_emitter", "jfet_stage", "triode_koren")


def output(name: str, rule: Any, factor: int) -> np.ndarray:
    """The output to a sine that fades in with four continuous derivatives, at the instants of 48 kHz."""
    fs = factor * FS
    t = np.arange(1, round(SECONDS * FS) * factor + 1) / fs
    x = 0.5 * circuits.NOMINAL_PEAK[name] * np.sin(2 * np.pi * SINE * t) * np.sin(np.pi * t / (2 * SECONDS)) ** 4
    model = NodalModel(circuits.CATALOGUE[name](), fs, rule=rule, dtype=jnp.float64)
    return np.asarray(run(model, x)[1])[factor - 1 :: factor]


def slope(name: str, rule: Any) -> float:
    """The order that shows."""
    coarse, middle, fine = (output(name, rule, factor) for factor in FACTORS)
    return float(np.log2(np.linalg.norm(coarse - middle) / np.linalg.norm(middle - fine)))


def measure(subject: str) -> float:
    """How far the order of "circuit, rule" is from that of the rule."""
    name, _, word = subject.partition(", ")
    rule, order = RULES[word]
    return abs(slope(name, rule) - order)


def broken(subject: str) -> float:
    """The same of backward Euler where the rule's order is 2, of the trapezoidal rule where it is 1."""
    name, _, word = subject.partition(", ")
    _, order = RULES[word]
    return abs(slope(name, "backward_euler" if order > 1 else "trapezoidal") - order)


LINE = Line(
    name="order of the rules",
    law="halving the step divides the error by four; by two with backward Euler and alpha below 1",
    figure="distance of the slope from the rule's order",
    bound=0.05,
    subjects=tuple(f"{name}, {rule}" for name in CIRCUITS for rule in RULES),
    quick=("diode_clipper, bdf2", "diode_clipper, backward_euler"),
    measure=measure,
    controls=("diode_clipper, trapezoidal", "diode_clipper, backward_euler", "common_emitter, bdf2"),
    broken=broken,
    control="another rule than the one that is claimed",
)
