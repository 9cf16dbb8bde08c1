"""All nonlinear devices of a circuit together: what they put into it at the voltages of its ports, and the slopes."""

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple, final

import jax
from jax import Array
from jax import numpy as jnp

from circuitnn.mna.elements import DeviceInstance
from circuitnn.mna.instances import Parameters, Values, currents, exponents_at_zero, exponents_per_volt, parameters_of
from circuitnn.mna.stamps import IMPEDANCE, shunt, two_axes
from circuitnn.mna.topology import Topology
from circuitnn.numerics.exponential import exponential

# Beyond this many thermal voltages the exponential goes on as its tangent: values and gradients stay finite, and no
# current that a circuit can carry is reached (e^50 = 5e21 saturation currents).
LARGEST_EXPONENT = 50.0


@final
class Devices(NamedTuple):
    """All devices, in the order of the topology, as functions of how far the ports are from a point; (..., batch or 1).

    Around the voltages at which a circuit rests rounding is relative to the signal, not to them.
    """

    parameters: tuple[Parameters, ...]
    per_volt: Array  # (..., n_exponents, batch or 1), signed as the ports are
    at: Array  # (..., n_ports, batch or 1), the point
    exponents: Array  # (..., n_exponents, batch or 1), there
    less: Array  # (..., n_drives, batch or 1), what they do there, which counts as nothing


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
    is_at_rest: bool = False  # no loop over time waits for the exponentials: XLA's own are sooner compiled

    @property
    def is_scalar(self) -> bool:
        """One unknown, one law."""
        return self.ports == 1 and self.drives == 1


@final
class Linearisation(NamedTuple):
    """What the drives do, (..., n_drives, batch), and its slopes, (..., len(slopes), batch)."""

    current: Array
    slopes: Array


def port_map_of(topology: Topology) -> PortMap:
    """Which device sits on which ports."""
    slopes = dict.fromkeys(
        (drive, port)
        for device in topology.devices
        for drive, _ in device.drives
        for port, _ in device.ports
        if drive >= 0
    )
    return PortMap(
        ports=len(topology.ports),
        drives=len(topology.drives),
        devices=topology.devices,
        scale=tuple(1.0 if port.branch < 0 else 1 / IMPEDANCE for port in topology.ports),
        junction=tuple(port.junction for port in topology.ports),
        shunt=shunt(topology),
        exponents=tuple(
            tuple(device.ports[place][0] for place in device.exponential_ports) for device in topology.devices
        ),
        slopes=tuple(slopes),
    )


def devices(topology: Topology, values: Values) -> Devices:
    """Parameters of all devices, from `Circuit.resolve`; values of shape () or (time or 1, batch or 1)."""
    parameters = tuple(parameters_of(device, values) for device in topology.devices)
    of_devices = tuple(zip(topology.devices, parameters, strict=True))
    rows = [row for device, of_device in of_devices for row in exponents_per_volt(device, of_device)]
    offsets = [row for device, of_device in of_devices for row in exponents_at_zero(device, of_device)]
    parameters = jax.tree.map(two_axes, parameters)
    dtype = jnp.result_type(*values.values())
    rows, offsets = ([two_axes(row) for row in listed] for listed in (rows, offsets))
    per_volt = jnp.stack(jnp.broadcast_arrays(*rows), 1) if rows else jnp.zeros((1, 0, 1), dtype)
    everything = absolute(parameters, per_volt, len(topology.ports), len(topology.drives))
    has_offsets = any(junction.offset for device in topology.devices for junction in device.law.junctions)
    if not (rows and has_offsets):
        return everything
    return everything._replace(exponents=jnp.stack(jnp.broadcast_arrays(*offsets), 1))


def absolute(parameters: tuple[Parameters, ...], per_volt: Array, ports: int, drives: int) -> Devices:
    """Devices as functions of the voltages themselves, whose junctions have no offsets."""
    nothing = (jnp.zeros((1, count, 1), per_volt.dtype) for count in (ports, per_volt.shape[-2], drives))
    return Devices(parameters, per_volt, *nothing)


def around(port_map: PortMap, all_devices: Devices, at: Array, dtype: Any) -> tuple[Devices, Array]:
    """Absolute devices as functions of the distance to a point, and what they and the shunts put in there.

    Args:
        port_map: the devices on the ports.
        all_devices: from `devices`, with a time axis in front.
        at: (1, n_ports, batch or 1), the point.
        dtype: in which the laws will be used: what counts as nothing is rounded as they are.
    """
    place = [port for ports in port_map.exponents for port in ports]
    exponents = all_devices.exponents + all_devices.per_volt * at[..., jnp.asarray(place, int), :]
    rounded = jax.tree.map(lambda leaf: leaf.astype(dtype), all_devices._replace(at=at, exponents=exponents))
    if not port_map.drives:
        return rounded, all_devices.less
    rest = unstacked(jnp.zeros_like(rounded.at))
    rows, _, _ = rows_of(port_map, rounded, rest, evaluate_laws(port_map, rounded, rest))
    rounded = rounded._replace(less=stacked(rows))
    current = without_shunts(port_map, unstacked(rounded.less.astype(at.dtype)), unstacked(at))
    return rounded, stacked(current)


Rows = list[Array]  # quantities of one row each, (..., batch)


def evaluate_laws(port_map: PortMap, all_devices: Devices, v: Rows) -> Rows:
    """What is dear to compute of the laws, at the port voltages v (one row each).

    The exponentials of the junctions; of costly laws all there is: current, slopes and, for one port alone, curvature.
    """
    exponents = _exponents(port_map, all_devices, v)
    v = _absolute(all_devices, v)
    power = jnp.exp if port_map.is_at_rest else exponential
    law_values: Rows = []
    for device, ports, parameters in zip(port_map.devices, port_map.exponents, all_devices.parameters, strict=True):
        if device.law.is_costly:
            volts, factors = _in_own_direction(port_map, device, v)
            law_values += currents(device, parameters, volts, [])
            for index, factor in enumerate(factors):
                slope, curvature = _slopes(device, parameters, volts, [], [], index, factor, {})
                law_values += slope + (curvature() if port_map.is_scalar else [])
        groups = _as_many_as(ports, exponents)
        law_values += [power(jnp.minimum(exponent, LARGEST_EXPONENT)) for exponent in groups]
    return law_values


def rows_of(port_map: PortMap, all_devices: Devices, v: Rows, law_values: Rows) -> tuple[Rows, Rows, Rows]:
    """Currents of the drives, their slopes and, for one port alone, the curvature.

    Everything is in rows, and no arrays are stacked: the compiler then makes loops over the batch of it that have no
    branches. The shunts are not in it.

    Args:
        port_map: the devices on the ports.
        all_devices: their parameters.
        v: of the ports.
        law_values: from `evaluate_laws`.
    """
    exponents = _exponents(port_map, all_devices, v)
    v = _absolute(all_devices, v)
    zero = jnp.zeros_like(v[0])
    total: list = [None] * port_map.drives
    slopes: dict = dict.fromkeys(port_map.slopes)
    curvature: Rows = [zero] if port_map.is_scalar else []
    following = iter(law_values)
    position = 0
    for device, exponent_ports, parameters in zip(
        port_map.devices, port_map.exponents, all_devices.parameters, strict=True
    ):
        volts, factors = _in_own_direction(port_map, device, v)
        rates = [all_devices.per_volt[..., k, :] for k in range(position, position + len(exponent_ports))]
        position += len(exponent_ports)
        if device.law.is_costly:
            current = [next(following)]
        else:
            capped = [row for group in _as_many_as(exponent_ports, following) for row in unstacked(group)]
            exponent = [row for group in _as_many_as(exponent_ports, exponents) for row in unstacked(group)]
            # Beyond the largest exponent the exponential goes on as its tangent.
            beyond = [jnp.maximum(row - LARGEST_EXPONENT, 0) for row in exponent]
            powers = [c * (1 + b) for c, b in zip(capped, beyond, strict=True)]
            current = currents(device, parameters, volts, powers)
        for index, (port, _) in enumerate(device.ports):
            if device.law.is_costly:
                slope = [next(following)]
                second = [next(following)] if port_map.is_scalar else []
            else:
                moving = {k: rate for k, rate in enumerate(rates) if device.exponential_ports[k] == index}
                slope, bend = _slopes(device, parameters, volts, powers, capped, index, factors[index], moving)
                second = bend() if port_map.is_scalar else []
            for (drive, direction), row in zip(device.drives, slope, strict=True):
                if drive >= 0:
                    slopes[drive, port] = _plus(slopes[drive, port], row, direction)
            if port_map.is_scalar:
                curvature = [_plus(curvature[0], second[0], device.drives[0][1])]
        for (drive, direction), row in zip(device.drives, current, strict=True):
            if drive >= 0:
                total[drive] = _plus(total[drive], row, direction)

    def filled(rows) -> Rows:
        return [zero if row is None else row for row in rows]

    excess = [row - all_devices.less[..., drive, :] for drive, row in enumerate(filled(total))]
    return excess, filled(slopes.values()), curvature


def _exponents(port_map: PortMap, all_devices: Devices, v: Rows) -> Iterator[Array]:
    """What is raised to the power of e, (..., n, batch) each: one multiplication and addition; `_absolute` is one more.

    Of one stream those of a device that follow each other on one port are one kernel; of several each is a vector.
    """
    position = 0
    for ports in port_map.exponents:
        for port, group in itertools.groupby(ports):
            count = len(tuple(group))
            size = count if v[port].shape[-1] == 1 else 1
            for place in range(position, position := position + count, size):
                per_volt = all_devices.per_volt[..., place : place + size, :]
                yield per_volt * v[port][..., None, :] + all_devices.exponents[..., place : place + size, :]


def _as_many_as(ports: tuple[int, ...], groups: Iterator[Array]) -> Iterator[Array]:
    """The next groups of rows, of as many rows in all as there are ports."""
    left = len(ports)
    while left:
        group = next(groups)
        left -= group.shape[-2]
        yield group


def _absolute(all_devices: Devices, v: Rows) -> Rows:
    return [all_devices.at[..., port, :] + row for port, row in enumerate(v)]


def _in_own_direction(port_map: PortMap, device: DeviceInstance, v: Rows) -> tuple[Rows, list[float]]:
    """The quantities of a device in its own direction and in SI units, and their factors."""
    factors = [sign * port_map.scale[port] for port, sign in device.ports]
    return [v[port] * factor for (port, _), factor in zip(device.ports, factors, strict=True)], factors


def _slopes(
    device: DeviceInstance, parameters: Parameters, ports: Rows, powers: Rows, capped: Rows, index, factor, rate
):
    """Derivatives of a device's currents along one of its ports, and a function that gives the second ones.

    What does not depend on that port is no argument of what is differentiated, so that no zeros are multiplied.
    """
    moved = list(rate)

    def law(v, e):
        volts = [v if k == index else port for k, port in enumerate(ports)]
        exponentials = [e[moved.index(k)] if k in rate else power for k, power in enumerate(powers)]
        return currents(device, parameters, volts, exponentials)

    def dots(c):
        return [jnp.broadcast_to(power * rate[k], power.shape) for power, k in zip(c, moved, strict=True)]

    def along(v, e, c):
        return jax.jvp(law, (v, e), (jnp.full_like(v, factor), dots(c)))[1]

    v, e, c = ports[index], [powers[k] for k in moved], [capped[k] for k in moved]

    def second():
        moving = dots(c)
        return jax.jvp(along, (v, e, c), (jnp.full_like(v, factor), moving, moving))[1]

    return along(v, e, c), second


def _plus(total: Array | None, row: Array, direction: int) -> Array:
    signed = row if direction > 0 else -row
    return signed if total is None else total + signed


def law(port_map: PortMap, all_devices: Devices, v: Array) -> Linearisation:
    """Currents of the drives at the port voltages v (..., n_ports, batch), and slopes, less those of the shunts."""
    if not port_map.drives:
        nothing = jnp.zeros((*v.shape[:-2], 0, v.shape[-1]), v.dtype)
        return Linearisation(nothing, nothing)
    rows = unstacked(v)
    total, slopes, _ = rows_of(port_map, all_devices, rows, evaluate_laws(port_map, all_devices, rows))
    shape = jnp.broadcast_shapes(*(row.shape for row in (*total, *slopes)))
    total = [jnp.broadcast_to(row, shape) for row in without_shunts(port_map, total, rows)]
    shunt = taken_away(port_map, v.dtype)
    slopes = [
        jnp.broadcast_to(row - shunt if shunt and port_map.junction[port] == drive else row, shape)
        for (drive, port), row in zip(port_map.slopes, slopes, strict=True)
    ]
    return Linearisation(jnp.stack(total, -2), jnp.stack(slopes, -2))


def without_shunts(port_map: PortMap, current: list[Array], v: list[Array]) -> list[Array]:
    """Currents of the drives less those of the shunts that the linear part has."""
    shunt = port_map.shunt
    if not shunt:
        return current
    current = list(current)
    for port, drive in enumerate(port_map.junction):
        if drive >= 0:
            current[drive] = current[drive] - shunt * v[port]
    return current


def jacobian(port_map: PortMap, slopes: Array) -> Array:
    """Slopes (..., len(slopes), batch) as a matrix (..., n_drives, n_ports, batch)."""
    place = {pair: k for k, pair in enumerate(port_map.slopes)}
    zero = jnp.zeros((*slopes.shape[:-2], slopes.shape[-1]), slopes.dtype)
    rows = [
        jnp.stack([slopes[..., place[d, p], :] if (d, p) in place else zero for p in range(port_map.ports)], axis=-2)
        for d in range(port_map.drives)
    ]
    return jnp.stack(rows, axis=-3)


def taken_away(port_map: PortMap, dtype) -> float:
    """The shunt, less a few units of rounding: in matrices that are rounded to it, what is left acts as GMIN where
    nothing else holds a node.
    """
    return port_map.shunt * (1 - 8 * float(jnp.finfo(dtype).eps))


def shunted(port_map: PortMap, jacobian: Array, dtype) -> Array:
    """A jacobian (n_drives, n_ports) from `law` with the shunts' conductance back in it."""
    shunt = taken_away(port_map, dtype)
    for port, drive in enumerate(port_map.junction):
        if drive >= 0 and shunt:
            jacobian = jacobian.at[drive, port].add(shunt)
    return jacobian


def unstacked(v: Array) -> Rows:
    """(..., n, batch) as n rows."""
    return [v[..., k, :] for k in range(v.shape[-2])]


def stacked(rows: Rows) -> Array:
    """Rows as (..., n, batch)."""
    return jnp.stack(jnp.broadcast_arrays(*rows), axis=-2)
