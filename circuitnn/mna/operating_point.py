"""The state of a circuit at rest, and the currents that belong to given states."""

from dataclasses import dataclass
from typing import final

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp

from circuitnn.mna.junctions import junctions, law, port_map, taken_away
from circuitnn.mna.ports import solve_ports
from circuitnn.mna.stamps import Affine, Values, at_rest, network
from circuitnn.mna.topology import Topology
from circuitnn.numerics.small import apply


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class OperatingPoint:
    """A circuit at rest: inputs at their DC values, capacitors open, inductors short."""

    inputs: Array  # (n_in,) volts and amperes

    states: Array  # (n_states,) volts and amperes
    ports: Array  # (n_ports,) volts
    conductance: Array  # (n_ports,) siemens, of the diodes
    outputs: Array  # (n_out,) volts


def operating_point(top: Topology, values: Values) -> OperatingPoint:
    """The operating point, as ngspice's ``.op``; differentiable in `values` (from `Circuit.resolve`)."""
    where, diodes = port_map(top), junctions(top, values)
    rest = at_rest(top, values)
    linear = network(top, values, rest, leak=4 * float(jnp.finfo(rest.across.dtype).eps))
    inputs = jnp.stack([values[name] for name in top.inputs])
    diodes, linear, u = jax.tree.map(lambda leaf: leaf[..., None], (diodes, linear, inputs))
    w = linear.ports.one + apply(linear.ports.u, u)
    v = solve_ports(where, True, diodes, -linear.ports.i, w, jnp.zeros_like(w))
    at = law(where, diodes, v)

    def rows(part: Affine) -> Array:
        return (part.one + apply(part.u, u) + apply(part.i, at.current))[..., 0]

    coils = np.asarray(top.is_inductor, bool)
    return OperatingPoint(
        inputs=inputs,
        states=jnp.where(coils, rows(linear.through), rows(linear.across)),
        ports=v[..., 0],
        conductance=jnp.broadcast_to(at.conductance, v.shape)[..., 0] + taken_away(where, v.dtype),
        outputs=rows(linear.outputs),
    )


def evaluate(part: Affine, z: Array, u: Array, current: Array) -> Array:
    """A quantity of the network, (..., rows, batch), with companion states, inputs and port currents along time."""
    return open_circuit(part, z, u) + apply(part.i, current)


def open_circuit(part: Affine, z: Array, u: Array) -> Array:
    """The same without port currents."""
    return apply(part.z, z) + apply(part.u, u) + part.one
