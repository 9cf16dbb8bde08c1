"""The state of a circuit at rest, and the currents that belong to given states."""

from dataclasses import dataclass
from typing import final

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp

from circuitnn.mna.law import devices, jacobian, law, port_map, shunted
from circuitnn.mna.network import Affine, network
from circuitnn.mna.ports import converged, solve_ports
from circuitnn.mna.stamps import Values, at_rest
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
    jacobian: Array  # (n_drives, n_ports) of the devices
    outputs: Array  # (n_out,) volts
    is_found: Array  # whether the equations hold


def operating_point(top: Topology, values: Values) -> OperatingPoint:
    """The operating point, as ngspice's ``.op``; differentiable in `values` (from `Circuit.resolve`)."""
    where, given = port_map(top), devices(top, values)
    rest = at_rest(top, values)
    linear = network(top, values, rest, leak=4 * float(jnp.finfo(rest.across.dtype).eps))
    inputs = jnp.stack([values[name] for name in top.inputs])
    given = jax.tree.map(lambda leaf: leaf[0], given)
    linear, u = jax.tree.map(lambda leaf: leaf[..., None], (linear, inputs))
    w = linear.ports.one + apply(linear.ports.u, u)
    v = solve_ports(where, True, given, -linear.ports.i, w, jnp.zeros_like(w))
    at = law(where, given, v)

    def rows(part: Affine) -> Array:
        return (part.one + apply(part.u, u) + apply(part.i, at.current))[..., 0]

    coils = np.asarray(top.is_inductor, bool)
    slopes = jacobian(where, at.slopes)[..., 0] if where.drives else jnp.zeros((0, where.ports), v.dtype)
    return OperatingPoint(
        inputs=inputs,
        states=jnp.where(coils, rows(linear.through), rows(linear.across)),
        ports=v[..., 0],
        jacobian=shunted(where, slopes, v.dtype),
        outputs=rows(linear.outputs),
        is_found=converged(-linear.ports.i, w, v, at.current)[0],
    )


def linearised(top: Topology, values: Values) -> Array:
    """The devices' slopes at the operating point, (n_drives, n_ports)."""
    if not top.ports:
        return jnp.zeros((len(top.drives), 0), jnp.result_type(*values.values()))
    return operating_point(top, values).jacobian


def evaluate(part: Affine, z: Array, u: Array, current: Array) -> Array:
    """A quantity of the network, (..., rows, batch), with companion states, inputs and drives along time."""
    return open_circuit(part, z, u) + apply(part.i, current)


def open_circuit(part: Affine, z: Array, u: Array) -> Array:
    """The same without the drives."""
    return apply(part.z, z) + apply(part.u, u) + part.one
