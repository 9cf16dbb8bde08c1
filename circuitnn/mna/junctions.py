"""The law of the diodes: currents of the nonlinear ports and their derivatives."""

from dataclasses import dataclass
from typing import NamedTuple, final

import jax
from jax import Array
from jax import numpy as jnp

from circuitnn.circuit.constants import THERMAL_VOLTAGE
from circuitnn.mna.stamps import Values
from circuitnn.mna.topology import Topology

# Beyond this many thermal voltages the exponential goes on as its tangent: values and gradients stay finite, and no
# current that a circuit can carry is reached (e^50 = 5e21 saturation currents).
LARGEST_EXPONENT = 50.0


@final
class PortMap(NamedTuple):
    """Which junction sits on which port; static."""

    ports: int
    of_junction: tuple[int, ...]
    has_forward: bool
    has_backward: bool


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Junctions:
    """Diodes merged by port and model, each field (n_junctions,) or (..., n_junctions, batch).

    The current of one is ``forward (e^(v/slope) - 1) - backward (e^(-v/slope) - 1)``.
    """

    forward: Array  # saturation current, amperes
    backward: Array
    slope: Array  # N times the thermal voltage, volts


class Law(NamedTuple):
    """Port currents and their first and second derivatives, each (..., n_ports, batch)."""

    current: Array
    conductance: Array
    curvature: Array


def port_map(top: Topology) -> PortMap:
    """Which junction sits on which port."""
    return PortMap(
        ports=len(top.ports),
        of_junction=tuple(junction.port for junction in top.junctions),
        has_forward=any(junction.forward for junction in top.junctions),
        has_backward=any(junction.backward for junction in top.junctions),
    )


def junctions(top: Topology, values: Values) -> Junctions:
    """The merged diodes of a circuit, from `Circuit.resolve`."""
    if not top.junctions:
        nothing = jnp.zeros(0, jnp.result_type(*values.values()))
        return Junctions(nothing, nothing, nothing)

    def saturation(model: str, diodes: tuple[str, ...]) -> Array:
        current = values[f"{model}.IS"]
        return current * sum(values[name] for name in diodes) if diodes else jnp.zeros_like(current)

    return Junctions(
        forward=jnp.stack([saturation(junction.model, junction.forward) for junction in top.junctions]),
        backward=jnp.stack([saturation(junction.model, junction.backward) for junction in top.junctions]),
        slope=jnp.stack([values[f"{junction.model}.N"] * THERMAL_VOLTAGE for junction in top.junctions]),
    )


def law(where: PortMap, diodes: Junctions, v: Array) -> Law:
    """Currents of the ports at the voltages v (..., n_ports, batch), and their derivatives."""
    x = _to_junctions(where, v) / diodes.slope
    current = conductance = curvature = jnp.zeros((), v.dtype)
    for saturation, sign, is_present in (
        (diodes.forward, 1, where.has_forward),
        (diodes.backward, -1, where.has_backward),
    ):
        if not is_present:
            continue
        argument = sign * x
        inside = jnp.minimum(argument, LARGEST_EXPONENT)
        exponential = saturation * jnp.exp(inside)
        slope = exponential / diodes.slope
        current = current + sign * (exponential * (1 + (argument - inside)) - saturation)
        conductance = conductance + slope
        curvature = curvature + sign * slope / diodes.slope
    return Law(*(_to_ports(where, each) for each in (current, conductance, curvature)))


def _to_junctions(where: PortMap, v: Array) -> Array:
    if where.of_junction == tuple(range(where.ports)):
        return v
    return jnp.concatenate([v[..., port : port + 1, :] for port in where.of_junction], axis=-2)


def _to_ports(where: PortMap, each: Array) -> Array:
    """Sums over the junctions of each port."""
    if where.of_junction == tuple(range(where.ports)):
        return each
    rows: list = [0] * where.ports
    for k, port in enumerate(where.of_junction):
        rows[port] = rows[port] + each[..., k : k + 1, :]
    return jnp.concatenate(rows, axis=-2)
