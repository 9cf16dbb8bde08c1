"""Circuits that may rest at more than one point: tunnel diodes, latches, amplifiers that feed back to their inputs."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax import Array

from circuitnn.mna.operating_point import STARTS
from circuitnn.mna.topology import Topology
from circuitnn.numerics.report import SolveWarning
from circuitnn.transient.carry import CircuitCarry

MOST_KEPT = 256  # circuits, each with its knobs, of which it is known whether they have another point
_searched: dict[tuple[Any, ...], str] = {}
FARTHEST = 1e3  # times the rest's largest value, or a volt: beyond it laws go on as tangents, and nothing rests there
SMALLEST, SHARE = 0.01, 0.01  # volts (or amperes), and of the larger value: two points that are further apart are two


def may_have_several(topology: Topology) -> bool:
    """Whether a search for a second point is worth its time: one junction alone, or two back to back, have one."""
    return len(topology.ports) > 1 or any(not device.law.junctions for device in topology.devices)


def warn_of_others(
    rest_from: Callable[[np.ndarray], tuple[CircuitCarry, Array, Any]],
    carry: CircuitCarry,
    y: Array,
    names: Sequence[str],
    circuit: Any,
) -> None:
    """Warn where searches from elsewhere end at another point; not within transformations, where none is known.

    Args:
        rest_from: the rest that is found from one of `STARTS`: carry, outputs, and what does not matter.
        carry: the rest that was found.
        y: its outputs.
        names: of the states, then of the outputs.
        circuit: all that the rests depend on, a pytree: the same one is searched once.
    """
    leaves, structure = jax.tree.flatten(circuit)
    if any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves((carry, y, leaves))):
        return
    if np.any(carry.report.failed):
        return
    key = (structure, *(np.asarray(leaf).tobytes() for leaf in leaves))
    if key not in _searched:
        if len(_searched) >= MOST_KEPT:
            del _searched[next(iter(_searched))]
        _searched[key] = _another(rest_from, _row(carry.states, y), names)
    if _searched[key]:
        warnings.warn(_searched[key], SolveWarning, stacklevel=5)


def _another(
    rest_from: Callable[[np.ndarray], tuple[CircuitCarry, Array, Any]], here: np.ndarray, names: Sequence[str]
) -> str:
    """What is to be said of another point; "" where none is found."""
    for start in STARTS[1:]:
        other, y_other, _ = rest_from(start)
        if np.any(other.report.failed):
            continue
        there = _row(other.states, y_other)
        if np.max(np.abs(there), initial=0) > FARTHEST * max(1.0, np.max(np.abs(here), initial=0)):
            continue
        far = np.abs(here - there) - np.maximum(SMALLEST, SHARE * np.maximum(np.abs(here), np.abs(there)))
        if np.any(far > 0):
            place = int(np.argmax(far))
            return (
                f"this circuit rests at several points: {names[place]} at {here[place]:.4g} or at {there[place]:.4g}, "
                "for example. It begins at the first; model.force(carry, states) begins elsewhere"
            )
    return ""


def _row(states: Array, y: Array) -> np.ndarray:
    """States and outputs of the first entry of a batch."""
    return np.concatenate([np.asarray(part)[(0,) * (np.ndim(part) - 1)] for part in (states, y)])
