"""The laws of all nonlinear devices of a circuit, written out: one row (..., batch) for each port and drive."""

import itertools
from collections.abc import Iterator

import jax
from jax import Array
from jax import numpy as jnp

from circuitnn.mna.elements import DeviceInstance
from circuitnn.mna.instances import Parameters, currents
from circuitnn.mna.port_map import Devices, PortMap, Rows, unstacked
from circuitnn.numerics.exponential import exponential

# Beyond this many thermal voltages the exponential goes on as its tangent: values and gradients stay finite, and no
# current that a circuit can carry is reached (e^50 = 5e21 saturation currents).
LARGEST_EXPONENT = 50.0


def evaluate_rows(port_map: PortMap, all_devices: Devices, v: Rows) -> Rows:
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
                slope, curvature = slopes_along(device, parameters, volts, [], [], index, factor, {})
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
        law_values: from `evaluate_rows`.
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
                slope, bend = slopes_along(device, parameters, volts, powers, capped, index, factors[index], moving)
                second = bend() if port_map.is_scalar else []
            for (drive, direction), row in zip(device.drives, slope, strict=True):
                if (drive, port) in slopes:
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


def slopes_along(
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
