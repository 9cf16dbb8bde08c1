"""The operating point of a circuit in ngspice."""

from collections.abc import Mapping

import numpy as np
from jax.typing import ArrayLike

from circuitnn.circuit.circuit import Circuit, checked_circuit
from circuitnn.circuit.writer import netlist_text
from circuitnn.knobs import constants
from circuitnn.spice.outputs import probed, voltage, waveform
from circuitnn.spice.program import simulate
from circuitnn.spice.settings import Tolerances, settled


def operating_point(
    circuit: Circuit,
    *,
    controls: Mapping[str, ArrayLike] | None = None,
    tolerances: Tolerances | None = None,
    timeout: float = 600.0,
) -> dict[str, np.ndarray]:
    """Voltages of all nodes at rest in ngspice (``.op``), and the outputs that are none.

    Args:
        circuit: with concrete values.
        controls: knob positions: scalars, or (batch, 1) for one operating point each.
        tolerances: tight ones by default.
        timeout: seconds that each ngspice run may take.

    Returns:
        Volts by name of the node and volts or amperes by name of the output, float64 of shape () or (batch,).

    Raises:
        ValueError: when a shape or a number does not fit.
        SpiceError: when ngspice is missing or fails.
    """
    circuit = checked_circuit(circuit)
    batch = np.broadcast_shapes(*map(np.shape, constants(controls, circuit.controls).values()))
    volts = {name: np.empty(batch) for name in (*circuit.nodes, *circuit.outputs)}
    for index, turned in settled(circuit, controls, batch):
        ours, outputs, names = probed(turned)
        text = netlist_text(ours, tail=[(tolerances or Tolerances()).options(), ".op"])
        plot = simulate(text, {}, names, timeout=timeout)[0]
        for node in circuit.nodes:
            volts[node][index] = voltage(plot, names.nodes[node])[0]
        for output in outputs:
            volts[output.name][index] = waveform(plot, output)[0]
    return volts
