"""The law of the diodes: currents of the nonlinear ports and their derivatives."""

from dataclasses import dataclass
from typing import NamedTuple, final

import jax
from jax import Array
from jax import numpy as jnp

from circuitnn.circuit.constants import THERMAL_VOLTAGE
from circuitnn.mna.stamps import Values, shunt
from circuitnn.mna.topology import Topology

# Beyond this many thermal voltages the exponential goes on as its tangent: values and gradients stay finite, and no
# current that a circuit can carry is reached (e^50 = 5e21 saturation currents).
LARGEST_EXPONENT = 50.0


@final
class PortMap(NamedTuple):
    """Which junction sits on which port, and the shunt that the linear part has across each; static."""

    ports: int
    of_junction: tuple[int, ...]
    has_forward: bool
    has_backward: bool
    shunt: float


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Junctions:
    """Diodes merged by port and model, each field (n_junctions,) or (..., n_junctions, batch).

    The current of one is ``forward (e^(v per_volt) - 1) - backward (e^(-v per_volt) - 1)``.
    """

    forward: Array  # saturation current, amperes
    backward: Array
    per_volt: Array  # one over N times the thermal voltage


class Law(NamedTuple):
    """Port currents and their derivatives, each (..., n_ports, batch)."""

    current: Array
    conductance: Array


def port_map(top: Topology) -> PortMap:
    """Which junction sits on which port."""
    return PortMap(
        ports=len(top.ports),
        of_junction=tuple(junction.port for junction in top.junctions),
        has_forward=any(junction.forward for junction in top.junctions),
        has_backward=any(junction.backward for junction in top.junctions),
        shunt=shunt(top),
    )


def junctions(top: Topology, values: Values) -> Junctions:
    """The merged diodes of a circuit, from `Circuit.resolve`."""
    if not top.junctions:
        nothing = jnp.zeros(0, jnp.result_type(*values.values()))
        return Junctions(nothing, nothing, nothing)

    def merged(model: str, diodes: tuple[str, ...]) -> Array:
        current = values[f"{model}.IS"]
        return current * sum(values[name] for name in diodes) if diodes else jnp.zeros_like(current)

    return Junctions(
        forward=jnp.stack([merged(junction.model, junction.forward) for junction in top.junctions]),
        backward=jnp.stack([merged(junction.model, junction.backward) for junction in top.junctions]),
        per_volt=jnp.stack([1 / (values[f"{junction.model}.N"] * THERMAL_VOLTAGE) for junction in top.junctions]),
    )


def law(where: PortMap, diodes: Junctions, v: Array) -> Law:
    """Currents of the ports at the voltages v (..., n_ports, batch), and their derivatives, less those of the shunt."""
    if not where.ports:
        return Law(v, v)
    taken = taken_away(where, v.dtype)
    exponents = signed_per_volt(where, diodes) * to_junctions(where, v)
    inside = jnp.minimum(exponents, LARGEST_EXPONENT)
    exponential = saturation(where, diodes) * jnp.exp(inside)
    current = exponential * (1 + (exponents - inside)) - saturation(where, diodes)
    return Law(
        current=to_ports(where, difference(where, current)) - taken * v,
        conductance=to_ports(where, total(exponential) * diodes.per_volt) - taken,
    )


def taken_away(where: PortMap, dtype) -> float:
    """The shunt, less a few units of rounding: what is left of it acts as GMIN where nothing else holds a node."""
    return where.shunt * (1 - 8 * float(jnp.finfo(dtype).eps))


def exponentials(v: Array, per_volt: Array, saturation: Array) -> Array:
    """``I_s e^x``, the part of the law that is dear; (..., directions, n_junctions, batch), v at the junctions."""
    return saturation * jnp.exp(jnp.minimum(per_volt * v, LARGEST_EXPONENT))


def signed_per_volt(where: PortMap, diodes: Junctions) -> Array:
    """Exponents per volt of the port, (..., directions, n_junctions, batch); negative for those that face backwards."""
    return jnp.stack([sign * diodes.per_volt for sign in _signs(where)], axis=-3)


def saturation(where: PortMap, diodes: Junctions) -> Array:
    """Saturation currents, (..., directions, n_junctions, batch)."""
    return jnp.stack([diodes.forward] * where.has_forward + [diodes.backward] * where.has_backward, axis=-3)


def difference(where: PortMap, each: Array) -> Array:
    """Forwards minus backwards."""
    return sum(sign * each[..., k, :, :] for k, sign in enumerate(_signs(where)))  # type: ignore[return-value]  # never empty


def total(each: Array) -> Array:
    """Forwards plus backwards."""
    return sum(each[..., k, :, :] for k in range(each.shape[-3]))  # type: ignore[return-value]  # never empty


def to_junctions(where: PortMap, v: Array) -> Array:
    """Voltages of the ports as (..., 1, n_junctions, batch)."""
    if where.of_junction != tuple(range(where.ports)):
        v = jnp.concatenate([v[..., port : port + 1, :] for port in where.of_junction], axis=-2)
    return v[..., None, :, :]


def to_ports(where: PortMap, each: Array) -> Array:
    """Sums over the junctions of each port: (..., n_junctions, batch) to (..., n_ports, batch)."""
    if where.of_junction == tuple(range(where.ports)):
        return each
    rows: list = [0] * where.ports
    for k, port in enumerate(where.of_junction):
        rows[port] = rows[port] + each[..., k : k + 1, :]
    return jnp.concatenate(rows, axis=-2)


def _signs(where: PortMap) -> list[float]:
    return [1.0] * where.has_forward + [-1.0] * where.has_backward
