"""Small signals around the operating point: exact AC analysis."""

from jax import Array

from circuitnn.mna.operating_point import operating_point
from circuitnn.mna.stamps import Values, harmonic, network
from circuitnn.mna.topology import Topology


def transfer(top: Topology, values: Values, s: Array) -> Array:
    """Outputs over inputs at one complex frequency s, (n_out, n_in); differentiable in `values` and s."""
    conductance = operating_point(top, values).conductance if top.ports else None
    return network(top, values, harmonic(top, values, s), port_conductance=conductance).outputs.u
