"""All nonlinear devices of a circuit together: what they put into it at the voltages of its ports, and the slopes."""

from typing import NamedTuple, final

import jax
from jax import Array
from jax import numpy as jnp

from circuitnn.mna.elements import DeviceInstance
from circuitnn.mna.instances import Parameters, Values, currents, exponents_per_volt, parameters_of
from circuitnn.mna.stamps import IMPEDANCE, shunt, two_axes
from circuitnn.mna.topology import Topology
from circuitnn.numerics.exponential import exponential

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
    devices: tuple[DeviceInstance, ...]
    scale: tuple[float, ...]  # of each port: 1, or from volts across IMPEDANCE to amperes
    junction: tuple[int, ...]  # of each port: the drive across the same nodes, or -1
    shunt: float  # that the linear part has across each junction
    exponents: tuple[tuple[int, ...], ...]  # of each device, the port of each of its exponents
    slopes: tuple[tuple[int, int], ...]  # (drive, port) where a slope is not zero for all voltages
    is_explicit: bool = False  # no port depends on what the devices do: nothing is to be solved

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
        exponents=tuple(tuple(device.ports[place][0] for place in device.exponential_ports) for device in top.devices),
        slopes=tuple(slopes),
    )


def devices(top: Topology, values: Values) -> Devices:
    """Parameters of all devices, from `Circuit.resolve`; values of shape () or (time or 1, batch or 1)."""
    parameters = tuple(parameters_of(device, values) for device in top.devices)
    rows = [
        per_volt
        for device, of_device in zip(top.devices, parameters, strict=True)
        for per_volt in exponents_per_volt(device, of_device)
    ]
    parameters = jax.tree.map(two_axes, parameters)
    dtype = jnp.result_type(*values.values())
    rows = [two_axes(row) for row in rows]
    return Devices(parameters, jnp.stack(jnp.broadcast_arrays(*rows), 1) if rows else jnp.zeros((1, 0, 1), dtype))


Rows = list[Array]  # quantities of one row each, (..., batch)


def evaluate_at(where: PortMap, given: Devices, v: Rows) -> Rows:
    """What is dear to compute of the laws, at the port voltages v (one row each).

    The exponentials of the junctions; of B sources all there is: current, slopes and, for one port alone, curvature.
    """
    found: Rows = []
    position = 0
    for device, own, parameters in zip(where.devices, where.exponents, given.parameters, strict=True):
        if device.law.is_costly:
            ports, factors = _own_ports(where, device, v)
            found += currents(device, parameters, ports, [])
            for index, factor in enumerate(factors):
                dot, dot_dot = _slopes(device, parameters, ports, [], [], index, factor, {})
                found += dot + (dot_dot() if where.is_scalar else [])
        for port in own:
            found.append(exponential(jnp.minimum(given.per_volt[..., position, :] * v[port], LARGEST_EXPONENT)))
            position += 1
    return found


def rows_of(where: PortMap, given: Devices, v: Rows, at: Rows) -> tuple[Rows, Rows, Rows]:
    """Currents of the drives, their slopes and, for one port alone, the curvature.

    Everything is in rows, and no arrays are stacked: the compiler then makes loops over the batch of it that have no
    branches. The shunts are not in it.

    Args:
        where: the devices on the ports.
        given: their parameters.
        v: of the ports.
        at: from `evaluate_at`.
    """
    zero = jnp.zeros_like(v[0])
    total: list = [None] * where.drives
    slopes: dict = dict.fromkeys(where.slopes)
    curvature: Rows = [zero] if where.is_scalar else []
    ready = iter(at)
    position = 0
    for device, own, parameters in zip(where.devices, where.exponents, given.parameters, strict=True):
        ports, factors = _own_ports(where, device, v)
        rates = [given.per_volt[..., k, :] for k in range(position, position + len(own))]
        position += len(own)
        if device.law.is_costly:
            current = [next(ready)]
        else:
            capped = [next(ready) for _ in own]
            # Beyond the largest exponent the exponential goes on as its tangent.
            beyond = [jnp.maximum(r * v[port] - LARGEST_EXPONENT, 0) for r, port in zip(rates, own, strict=True)]
            powers = [c * (1 + b) for c, b in zip(capped, beyond, strict=True)]
            current = currents(device, parameters, ports, powers)
        for index, (port, _) in enumerate(device.ports):
            if device.law.is_costly:
                dot = [next(ready)]
                second = [next(ready)] if where.is_scalar else []
            else:
                rate = {k: r for k, (r, each) in enumerate(zip(rates, own, strict=True)) if each == port}
                dot, dot_dot = _slopes(device, parameters, ports, powers, capped, index, factors[index], rate)
                second = dot_dot() if where.is_scalar else []
            for (drive, direction), each in zip(device.drives, dot, strict=True):
                if drive >= 0:
                    slopes[drive, port] = _plus(slopes[drive, port], each, direction)
            if where.is_scalar:
                curvature = [_plus(curvature[0], second[0], device.drives[0][1])]
        for (drive, direction), each in zip(device.drives, current, strict=True):
            if drive >= 0:
                total[drive] = _plus(total[drive], each, direction)

    def known(rows) -> Rows:
        return [zero if row is None else row for row in rows]

    return known(total), known(slopes.values()), curvature


def _own_ports(where: PortMap, device: DeviceInstance, v: Rows) -> tuple[Rows, list[float]]:
    """The quantities of a device in its own direction and in SI units, and their factors."""
    factors = [sign * where.scale[port] for port, sign in device.ports]
    return [v[port] * factor for (port, _), factor in zip(device.ports, factors, strict=True)], factors


def _slopes(
    device: DeviceInstance, parameters: Parameters, ports: Rows, powers: Rows, capped: Rows, index, factor, rate
):
    """Derivatives of a device's currents along one of its ports, and a function that gives the second ones.

    What does not depend on that port is no argument of what is differentiated, so that no zeros are multiplied.
    """
    moved = list(rate)

    def law(v, e):
        own = [v if k == index else each for k, each in enumerate(ports)]
        return currents(device, parameters, own, [e[moved.index(k)] if k in rate else p for k, p in enumerate(powers)])

    def along(v, e, c):
        powers_dot = [jnp.broadcast_to(each * rate[k], each.shape) for each, k in zip(c, moved, strict=True)]
        return jax.jvp(law, (v, e), (jnp.full_like(v, factor), powers_dot))[1]

    v, e, c = ports[index], [powers[k] for k in moved], [capped[k] for k in moved]

    def second():
        dot = [jnp.broadcast_to(each * rate[k], each.shape) for each, k in zip(c, moved, strict=True)]
        return jax.jvp(along, (v, e, c), (jnp.full_like(v, factor), dot, dot))[1]

    return along(v, e, c), second


def _plus(total: Array | None, each: Array, direction: int) -> Array:
    signed = each if direction > 0 else -each
    return signed if total is None else total + signed


def law(where: PortMap, given: Devices, v: Array) -> Law:
    """Currents of the drives at the port voltages v (..., n_ports, batch), and slopes, less those of the shunts."""
    if not where.drives:
        nothing = jnp.zeros((*v.shape[:-2], 0, v.shape[-1]), v.dtype)
        return Law(nothing, nothing)
    rows = unstacked(v)
    total, slopes, _ = rows_of(where, given, rows, evaluate_at(where, given, rows))
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


def unstacked(v: Array) -> Rows:
    """(..., n, batch) as n rows."""
    return [v[..., k, :] for k in range(v.shape[-2])]


def stacked(rows: Rows) -> Array:
    """Rows as (..., n, batch)."""
    return jnp.stack(jnp.broadcast_arrays(*rows), axis=-2)
