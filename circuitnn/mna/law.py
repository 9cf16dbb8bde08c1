"""The laws of all devices of a circuit together: what they put into it at the voltages of its ports, and the slopes."""

from typing import NamedTuple, final

import jax
from jax import Array
from jax import numpy as jnp

from circuitnn.mna.devices import Parameters, Values, currents, exponent_places, exponents, parameters_of
from circuitnn.mna.elements import Device
from circuitnn.mna.stamps import IMPEDANCE, shunt
from circuitnn.mna.topology import Topology

# Beyond this many thermal voltages the exponential goes on as its tangent: values and gradients stay finite, and no
# current that a circuit can carry is reached (e^50 = 5e21 saturation currents).
LARGEST_EXPONENT = 50.0


@final
class Devices(NamedTuple):
    """Parameters of all devices, in the order of the topology; (..., batch or 1)."""

    parameters: tuple[Parameters, ...]
    per_volt: Array  # (..., n_exponents, batch or 1), signed as the ports are


@final
class PortMap(NamedTuple):
    """Which device sits on which ports; static."""

    ports: int
    drives: int
    devices: tuple[Device, ...]
    scale: tuple[float, ...]  # of each port: 1, or from volts across IMPEDANCE to amperes
    junction: tuple[int, ...]  # of each port: the drive across the same nodes, or -1
    shunt: float  # that the linear part has across each junction
    exponents: tuple[tuple[int, ...], ...]  # of each device, the port of each of its exponents
    slopes: tuple[tuple[int, int], ...]  # (drive, port) where a slope is not zero for all voltages

    @property
    def is_scalar(self) -> bool:
        """One unknown, one law."""
        return self.ports == 1 and self.drives == 1


@final
class Law(NamedTuple):
    """What the drives do, (..., n_drives, batch), and its slopes, (..., len(slopes), batch)."""

    current: Array
    slopes: Array


def port_map(top: Topology) -> PortMap:
    """Which device sits on which ports."""
    slopes = dict.fromkeys(
        (drive, port) for device in top.devices for drive, _ in device.drives for port, _ in device.ports if drive >= 0
    )
    return PortMap(
        ports=len(top.ports),
        drives=len(top.drives),
        devices=top.devices,
        scale=tuple(1.0 if port.branch < 0 else 1 / IMPEDANCE for port in top.ports),
        junction=tuple(port.junction for port in top.ports),
        shunt=shunt(top),
        exponents=tuple(tuple(device.ports[place][0] for place in exponent_places(device)) for device in top.devices),
        slopes=tuple(slopes),
    )


def devices(top: Topology, values: Values) -> Devices:
    """Parameters of all devices, from `Circuit.resolve`; values of shape () or (time or 1, batch or 1)."""
    parameters = tuple(parameters_of(device, values) for device in top.devices)
    rows = []
    for device, given in zip(top.devices, parameters, strict=True):
        rows += [
            per_volt * (direction * device.ports[place][1]) for place, direction, per_volt in exponents(device, given)
        ]
    parameters = jax.tree.map(_two_axes, parameters)
    dtype = jnp.result_type(*values.values())
    rows = [_two_axes(row) for row in rows]
    return Devices(parameters, jnp.stack(jnp.broadcast_arrays(*rows), 1) if rows else jnp.zeros((1, 0, 1), dtype))


def _two_axes(value: Array) -> Array:
    return jnp.reshape(value, (1, 1)) if value.ndim == 0 else value


def exponentials(where: PortMap, given: Devices, v: Array) -> Array:
    """Of all devices, (..., n_exponents, batch): what is dear to compute of their laws."""
    return jnp.exp(jnp.minimum(given.per_volt * _to_exponents(where, v), LARGEST_EXPONENT))


def rows_of(where: PortMap, given: Devices, v: Array, inside: Array) -> tuple[list[Array], list[Array], list[Array]]:
    """Currents of the drives, their slopes and, for one port alone, the curvature; each a list of (..., batch).

    The shunts are not in it.

    Args:
        where: the devices on the ports.
        given: their parameters.
        v: (..., n_ports, batch).
        inside: the `exponentials` there.
    """
    rows = [v[..., port, :] for port in range(where.ports)]
    zero = jnp.zeros_like(rows[0])
    total, slopes = [zero] * where.drives, dict.fromkeys(where.slopes, zero)
    curvature = [zero] if where.is_scalar else []
    x = given.per_volt * _to_exponents(where, v)
    powers = inside * (1 + jnp.maximum(x - LARGEST_EXPONENT, 0))
    position = 0
    for device, own, parameters in zip(where.devices, where.exponents, given.parameters, strict=True):
        factors = [sign * where.scale[port] for port, sign in device.ports]
        ports = [rows[port] * factor for (port, _), factor in zip(device.ports, factors, strict=True)]
        span = range(position, position + len(own))
        position += len(own)
        e, capped = [powers[..., k, :] for k in span], [inside[..., k, :] for k in span]
        rate = [given.per_volt[..., k, :] for k in span]

        def law(v, e, device=device, parameters=parameters):
            return currents(device, parameters, v, e)

        current = law(ports, e)
        for index, (port, _) in enumerate(device.ports):
            along = [jnp.full_like(each, factors[index] if k == index else 0) for k, each in enumerate(ports)]
            towards = [r if k == port else jnp.zeros_like(r) for k, r in zip(own, rate, strict=True)]

            def slope(v, e, capped, law=law, along=along, towards=towards):
                powers_dot = [jnp.broadcast_to(i * t, i.shape) for i, t in zip(capped, towards, strict=True)]
                return jax.jvp(law, (v, e), (along, powers_dot))[1]

            dot = slope(ports, e, capped)
            for (drive, direction), each in zip(device.drives, dot, strict=True):
                if drive >= 0:
                    slopes[drive, port] = slopes[drive, port] + each * direction
            if where.is_scalar:
                capped_dot = [jnp.broadcast_to(i * t, i.shape) for i, t in zip(capped, towards, strict=True)]
                second = jax.jvp(slope, (ports, e, capped), (along, capped_dot, capped_dot))[1][0]
                curvature = [curvature[0] + second * device.drives[0][1]]
        for (drive, direction), each in zip(device.drives, current, strict=True):
            if drive >= 0:
                total[drive] = total[drive] + each * direction
    return total, list(slopes.values()), curvature


def _to_exponents(where: PortMap, v: Array) -> Array:
    """The voltage that each exponent belongs to, (..., n_exponents, batch)."""
    ports = [port for own in where.exponents for port in own]
    if where.ports == 1 or ports == list(range(where.ports)):
        return v[..., : len(ports), :]
    return jnp.concatenate([v[..., port : port + 1, :] for port in ports], axis=-2) if ports else v[..., :0, :]


def law(where: PortMap, given: Devices, v: Array) -> Law:
    """Currents of the drives at the port voltages v (..., n_ports, batch), and slopes, less those of the shunts."""
    if not where.drives:
        nothing = jnp.zeros((*v.shape[:-2], 0, v.shape[-1]), v.dtype)
        return Law(nothing, nothing)
    rows = [v[..., port, :] for port in range(where.ports)]
    total, slopes, _ = rows_of(where, given, v, exponentials(where, given, v))
    shape = jnp.broadcast_shapes(*(each.shape for each in (*total, *slopes)))
    total = [jnp.broadcast_to(each, shape) for each in without_shunts(where, total, rows)]
    taken = taken_away(where, v.dtype)
    slopes = [
        jnp.broadcast_to(each - taken if taken and where.junction[port] == drive else each, shape)
        for (drive, port), each in zip(where.slopes, slopes, strict=True)
    ]
    return Law(jnp.stack(total, -2), jnp.stack(slopes, -2))


def without_shunts(where: PortMap, current: list[Array], v: list[Array]) -> list[Array]:
    """Currents of the drives less those of the shunts that the linear part has."""
    taken = taken_away(where, v[0].dtype)
    if not taken:
        return current
    current = list(current)
    for port, drive in enumerate(where.junction):
        if drive >= 0:
            current[drive] = current[drive] - taken * v[port]
    return current


def jacobian(where: PortMap, slopes: Array) -> Array:
    """Slopes (..., len(slopes), batch) as a matrix (..., n_drives, n_ports, batch)."""
    place = {pair: k for k, pair in enumerate(where.slopes)}
    zero = jnp.zeros((*slopes.shape[:-2], slopes.shape[-1]), slopes.dtype)
    rows = [
        jnp.stack([slopes[..., place[d, p], :] if (d, p) in place else zero for p in range(where.ports)], axis=-2)
        for d in range(where.drives)
    ]
    return jnp.stack(rows, axis=-3)


def taken_away(where: PortMap, dtype) -> float:
    """The shunt, less a few units of rounding: what is left of it acts as GMIN where nothing else holds a node."""
    return where.shunt * (1 - 8 * float(jnp.finfo(dtype).eps))


def shunted(where: PortMap, jacobian: Array, dtype) -> Array:
    """A jacobian (n_drives, n_ports) from `law` with the shunts' conductance back in it."""
    taken = taken_away(where, dtype)
    for port, drive in enumerate(where.junction):
        if drive >= 0 and taken:
            jacobian = jacobian.at[drive, port].add(taken)
    return jacobian
