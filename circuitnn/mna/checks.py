"""Refuse circuits whose equations have no solution, before any signal is run through them."""

import jax
import numpy as np

from circuitnn.mna.stamps import IMPEDANCE, Reactive, Values, system_matrix
from circuitnn.mna.topology import Topology

SINGULAR = 1e-13  # smallest singular value of the balanced matrix, relative to the largest


def check_solvable(top: Topology, values: Values, step: float) -> None:
    """Check the equations at rest and along time, with concrete values; traced ones are not known yet and pass.

    Raises:
        ValueError: naming what has no unique voltage or current.
    """
    if any(isinstance(value, jax.core.Tracer) for value in values.values()):
        return
    known = {name: np.asarray(value, np.float64) for name, value in values.items()}
    reactive = np.array([known[branch.name] for branch in top.reactive])
    coils, ones = np.asarray(top.is_inductor, bool), np.ones(len(top.reactive))
    ratio = -step / reactive
    _check(
        top,
        _matrix(top, known, Reactive(np.where(coils, ratio, ones), np.where(coils, ones, ratio))),
        "a loop of ideal voltage sources, or a node that nothing holds?",
    )
    _check(
        top,
        _matrix(top, known, Reactive(np.where(coils, ones, 0), np.where(coils, 0, ones))),
        "at rest, capacitors are open and inductors short: a node without a path for direct current, or a loop of "
        "inductors and voltage sources? A large resistor (1e9) to ground, or a small one (1e-3) in the loop, helps",
    )


def states_are_independent(top: Topology, values: Values) -> bool:
    """Whether all states can be imposed at once: no loop of capacitors and voltage sources, no cut of inductors."""
    if any(isinstance(value, jax.core.Tracer) for value in values.values()):
        return True
    known = {name: np.asarray(value, np.float64) for name, value in values.items()}
    coils = np.asarray(top.is_inductor, bool)
    across, through = np.where(coils, 0.0, 1.0), np.where(coils, 1.0, 0.0)
    return _weakest(_matrix(top, known, Reactive(across, through)))[0] > SINGULAR


def _matrix(top: Topology, known: Values, reactive: Reactive) -> np.ndarray:
    diodes = np.full(len(top.ports), 1 / IMPEDANCE)  # a diode is a path for direct current, whatever it conducts now
    return np.asarray(system_matrix(top, known, reactive, port_conductance=diodes, module=np), np.float64)


def _check(top: Topology, matrix: np.ndarray, hint: str) -> None:
    smallest, direction = _weakest(matrix)
    if smallest <= SINGULAR:
        names = [top.unknowns[k] for k in np.flatnonzero(np.abs(direction) > 0.3 * np.abs(direction).max())]
        raise ValueError(f"the circuit's equations have no unique solution: {', '.join(names)} undetermined; {hint}")


def _weakest(matrix: np.ndarray) -> tuple[float, np.ndarray]:
    """The smallest singular value of the matrix with rows and columns of one magnitude, and its direction."""
    if not matrix.size:
        return 1.0, np.zeros(0)
    matrix = matrix / np.maximum(np.abs(matrix).max(axis=1, keepdims=True), 1e-300)
    matrix = matrix / np.maximum(np.abs(matrix).max(axis=0, keepdims=True), 1e-300)
    _, values, right = np.linalg.svd(matrix)
    return float(values[-1] / values[0]), right[-1]
