"""What a circuit is heard by, in ngspice's words: voltages of nodes, and sources of 0 V that measure currents."""

import dataclasses

import numpy as np
from jax import numpy as jnp

from circuitnn.circuit import Circuit
from circuitnn.circuit.components import GROUND, Component
from circuitnn.circuit.outputs import Probe, probe
from circuitnn.expressions.tree import Current, Voltage
from circuitnn.spice.names import Names, renamed
from circuitnn.spice.program import SpiceError
from circuitnn.spice.raw import Plot

_PROBE = "circuitnn_current"  # with a number, the node between a component and its meter; with a V before it, the meter


def probed(circuit: Circuit) -> tuple[Circuit, tuple[Probe, ...], Names]:
    """The circuit as ngspice gets to see it, and what to listen to.

    It has a source of 0 V in series with each component whose current is heard, and all names are ours.

    ngspice knows the currents of voltage sources in every analysis, in the direction that outputs have; those of other
    parts (``@r1[i]``) it knows in some only. Nothing else in the circuit changes.
    """
    components, values, outputs = list(circuit.components), dict(circuit.values), []
    for k, name in enumerate(circuit.outputs):
        output = probe(circuit.components, name)
        if isinstance(output.quantity, Current):
            place = next(i for i, part in enumerate(components) if part.name == output.quantity.source)
            plus, minus, *sensed = components[place].nodes
            node, meter = f"{_PROBE}_{k}", f"V{_PROBE}_{k}"
            components[place] = dataclasses.replace(components[place], nodes=(plus, node, *sensed))
            components.append(Component(meter, "V", (node, minus)))
            values[meter] = jnp.zeros(())
            output = output._replace(quantity=Current(meter))
        outputs.append(output)
    changed, names = renamed(dataclasses.replace(circuit, components=tuple(components), values=values))
    return changed, tuple(output._replace(quantity=names.quantity(output.quantity)) for output in outputs), names


def vectors(outputs: tuple[Probe, ...]) -> str:
    """What ngspice has to save."""
    names = []
    for output in outputs:
        match output.quantity:
            case Current(source):
                names.append(f"i({source})")
            case Voltage(plus, minus):
                names += [f"v({node})" for node in (plus, minus) if node != GROUND]
    return " ".join(dict.fromkeys(names))


def waveform(plot: Plot, output: Probe) -> np.ndarray:
    """An output in a plot, in volts or amperes."""
    match output.quantity:
        case Current(source):
            return _found(plot, f"i({source.lower()})", f"current for {output.name}")
        case between:
            plus, minus = (0 if node == GROUND else voltage(plot, node) for node in (between.plus, between.minus))
            return np.asarray(plus - minus)


def voltage(plot: Plot, node: str) -> np.ndarray:
    """The voltage of a node in a plot."""
    name = node.lower()
    return _found(plot, f"v({name})" if f"v({name})" in plot.columns else name, f"voltage of node {node}")


def _found(plot: Plot, name: str, what: str) -> np.ndarray:
    if name not in plot.columns:
        raise SpiceError(f"ngspice gave no {what}; it gave {', '.join(plot.columns)}")
    return plot.columns[name]
