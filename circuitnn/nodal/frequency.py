"""The frequency response of a circuit, straight from its equations: no filter and no time step in between."""

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp
from jax.typing import ArrayLike

from circuitnn.circuit.circuit import Circuit
from circuitnn.mna.small_signal import transfer
from circuitnn.mna.topology import Topology, topology
from circuitnn.model import Controls
from circuitnn.nodal.batches import constant_knobs, over_batch, warn_of_nan


def frequency_response(circuit: Circuit, freqs: ArrayLike, *, controls: Controls | None = None) -> Array:
    """Exact small-signal response at the operating point (AC analysis), differentiable in the circuit's values.

    Args:
        circuit: from `read_netlist` or the catalogue.
        freqs: (n,) frequencies, Hz.
        controls: knobs, scalars or (..., 1) for one response each; the defaults when None.

    Returns:
        Complex (..., n); with several inputs or outputs (..., n_out, n_in, n).

    Raises:
        ValueError: for an unknown control, a shape that does not fit, a negative frequency, a circuit without an input
            or an output.
        CircuitError: for values that the precision has no room for.

    Warns:
        SolveWarning: where the response is no number, because there is no operating point.
    """
    top = topology(circuit)
    known = jnp.asarray(freqs, circuit.dtype)
    if known.ndim != 1:
        raise ValueError(f"freqs must have the shape (n,), got {known.shape}")
    if not isinstance(known, jax.core.Tracer) and not np.all(np.asarray(known) >= 0):
        raise ValueError("freqs must not be negative or NaN")
    knobs = constant_knobs(controls, circuit)
    response = _response(top, circuit, known, knobs)
    warn_of_nan("the response", response)
    return response[..., 0, 0, :] if response.shape[-3:-1] == (1, 1) else response


@jax.jit(static_argnums=0)
def _response(top: Topology, circuit: Circuit, freqs: Array, knobs: dict[str, Array]) -> Array:
    def at(knobs):
        values = {name: value.astype(freqs.dtype) for name, value in circuit.resolve(knobs).items()}
        return transfer(top, values, 2j * jnp.pi * freqs)

    return over_batch(at, knobs)
