"""The operating point of a circuit, node by node."""

import dataclasses
import warnings

import jax
import numpy as np
from jax import Array

from circuitnn.circuit.circuit import Circuit
from circuitnn.mna.operating_point import operating_point as solve
from circuitnn.mna.topology import Topology, topology
from circuitnn.model import Controls
from circuitnn.nodal.knobs import constant_knobs, over_batch
from circuitnn.numerics.report import SolveWarning


def operating_point(circuit: Circuit, *, controls: Controls | None = None) -> dict[str, Array]:
    """Voltages of all nodes at rest: inputs at their DC values, capacitors open, inductors short.

    Found by Newton's iteration; where that fails by source stepping, and then by gmin stepping. Differentiable in the
    circuit's values and the knobs.

    Args:
        circuit: from `read_netlist` or the catalogue.
        controls: knobs, scalars or (..., 1) for one operating point each; the defaults when None.

    Returns:
        Volts by name of the node, of shape () or that of the batch.

    Raises:
        ValueError: for an unknown control, a shape that does not fit, a circuit without an input or an output.

    Warns:
        SolveWarning: where none was found; the voltages are those of the last iteration.
    """
    top = topology(circuit)
    knobs = constant_knobs(controls, circuit.dtype)
    voltages, is_found = _voltages(dataclasses.replace(top, outputs=tuple(range(len(top.nodes)))), circuit, knobs)
    if not isinstance(is_found, jax.core.Tracer) and not np.all(is_found):
        warnings.warn("no operating point was found: are the values in SI units?", SolveWarning, stacklevel=2)
    inner = len(circuit.nodes)  # the rest are inside of devices
    return {name: voltages[..., k] for k, name in enumerate(top.nodes[:inner])}


@jax.jit(static_argnums=0)
def _voltages(top: Topology, circuit: Circuit, knobs: dict[str, Array]) -> tuple[Array, Array]:
    def at(knobs):
        point = solve(top, circuit.resolve(knobs))
        return point.outputs, point.is_found

    return over_batch(at, knobs)
