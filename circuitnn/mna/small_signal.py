"""Small signals around the operating point: exact AC analysis."""

import jax
from jax import Array

from circuitnn.mna.network import network
from circuitnn.mna.operating_point import linearised
from circuitnn.mna.stamps import Values, harmonic
from circuitnn.mna.topology import Topology


def transfer(top: Topology, values: Values, s: Array) -> Array:
    """Outputs over inputs at the complex frequencies s (n,): (n_out, n_in, n); differentiable in `values` and s."""
    jacobian = linearised(top, values)

    def at(s):
        return network(top, values, harmonic(top, values, s), jacobian=jacobian).outputs.u

    return jax.vmap(at, out_axes=-1)(s)
