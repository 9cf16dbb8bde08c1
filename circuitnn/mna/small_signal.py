"""Small signals around the operating point: exact AC analysis."""

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp

from circuitnn.mna.elements import CHARGE_UNIT
from circuitnn.mna.network import network_of, system_matrix
from circuitnn.mna.operating_point import slopes_at_rest
from circuitnn.mna.stamps import Values, harmonic
from circuitnn.mna.topology import Topology


def transfer(topology: Topology, values: Values, s: Array) -> Array:
    """Outputs over inputs at the complex frequencies s (n,): (n_out, n_in, n); differentiable in `values` and s."""
    slopes = slopes_at_rest(topology, values)
    is_charge = np.array([[drive.charge >= 0] for drive in topology.drives], bool).reshape(-1, 1)

    def matrix_at(s):
        jacobian = jnp.where(is_charge, s * CHARGE_UNIT, 1) * slopes  # of a charge the current is wanted
        return system_matrix(topology, values, harmonic(topology, values, s), jacobian=jacobian)

    # The equations are linear in s: they are assembled once, and only solved at each frequency.
    at_rest, rate = jax.jvp(matrix_at, (jnp.zeros((), slopes.dtype),), (jnp.ones((), slopes.dtype),))

    def at_frequency(s):
        return network_of(topology, values, at_rest + s * rate).outputs.u

    return jax.vmap(at_frequency, out_axes=-1)(s)
