"""The operating point of a circuit, node by node."""

import dataclasses
import warnings

import jax
import numpy as np
from jax import Array

from circuitnn.circuit.circuit import Circuit
from circuitnn.mna.elements import Output
from circuitnn.mna.operating_point import operating_point as solve
from circuitnn.mna.topology import REFERENCE, Topology, topology
from circuitnn.model import Controls
from circuitnn.nodal.batches import constant_knobs, over_batch
from circuitnn.numerics.report import SolveWarning


def operating_point(circuit: Circuit, *, controls: Controls | None = None) -> dict[str, Array]:
    """Voltages of all nodes at rest, and the outputs that are none: inputs at their DC values, no state changes.

    Capacitors are open, inductors short. Found by Newton's iteration; where that fails by source stepping, and then by
    gmin stepping. Differentiable in the circuit's values and the knobs.

    Args:
        circuit: from `read_netlist` or the catalogue.
        controls: knobs, scalars or (..., 1) for one operating point each; the defaults when None.

    Returns:
        Volts by name of the node and volts or amperes by name of the output, of shape () or that of the batch.

    Raises:
        ValueError: for an unknown control, a shape that does not fit, a circuit without an input or an output.

    Warns:
        SolveWarning: where none was found; the voltages are those of the last iteration.
    """
    top = topology(circuit)
    knobs = constant_knobs(controls, circuit)
    nodes = tuple(Output(k, REFERENCE) for k in range(len(top.nodes)))
    values, is_found = _outputs(dataclasses.replace(top, outputs=nodes + top.outputs), circuit, knobs)
    if not isinstance(is_found, jax.core.Tracer) and not np.all(is_found):
        warnings.warn("no operating point was found: are the values in SI units?", SolveWarning, stacklevel=2)
    inner = len(circuit.nodes)  # the rest are inside of devices
    found = {name: values[..., k] for k, name in enumerate(top.nodes[:inner])}
    return found | {name: values[..., len(nodes) + k] for k, name in enumerate(circuit.outputs)}


@jax.jit(static_argnums=0)
def _outputs(top: Topology, circuit: Circuit, knobs: dict[str, Array]) -> tuple[Array, Array]:
    def at(knobs):
        point = solve(top, circuit.resolve(knobs))
        return point.outputs, point.is_found

    return over_batch(at, knobs)
