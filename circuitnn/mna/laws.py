"""The laws of all nonlinear devices of a circuit, written out: one row (..., batch) for each port and drive."""

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, final

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


@final
class _Placed(NamedTuple):
    """A device at the present voltages."""

    instance: DeviceInstance
    parameters: Parameters
    volts: Rows  # of its ports, in its own direction and in SI units
    factors: list[float]  # by what they are those of the ports
    exponents: Rows  # what is raised to the power of e, (..., n, batch) each
    rates: Rows  # per volt of the port, of each of them

    def capped(self, port_map: PortMap) -> Rows:
        """The exponentials up to the largest."""
        power = jnp.exp if port_map.is_at_rest else exponential
        return [power(jnp.minimum(exponent, LARGEST_EXPONENT)) for exponent in self.exponents]

    def evaluated(self, port_map: PortMap, capped: Rows) -> Iterator[Array]:
        """Currents, then port by port the slopes that there are and, for one port alone, the curvature."""
        capped, exponents = (
            [row for group in groups for row in unstacked(group)] for groups in (capped, self.exponents)
        )
        powers = [uncapped(*pair) for pair in zip(exponents, capped, strict=True)]
        instance, parameters, volts = self.instance, self.parameters, self.volts
        current, along = currents_and_slopes(instance, parameters, volts, powers)
        yield from current
        for index, ((port, _), factor) in enumerate(zip(instance.ports, self.factors, strict=True)):
            moving = {k: rate for k, rate in enumerate(self.rates) if instance.exponential_ports[k] == index}
            dots = {k: capped[k] * rate for k, rate in moving.items()}
            for (drive, _), row in zip(instance.drives, along(index, factor, dots), strict=True):
                if (drive, port) in port_map.slopes:
                    yield row
            if port_map.is_scalar:
                yield bends_along(instance, parameters, volts, powers, capped, index, factor, moving)[0]


def evaluate_rows(port_map: PortMap, all_devices: Devices, v: Rows) -> Rows:
    """What is dear to compute of the laws, at the port voltages v (one row each).

    The exponentials of the junctions; of costly laws all there is: currents, slopes and, for one port alone, curvature.
    """
    law_values: Rows = []
    for device in _placed(port_map, all_devices, v):
        capped = device.capped(port_map)
        law_values += device.evaluated(port_map, capped) if device.instance.law.is_costly else capped
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
    zero = jnp.zeros_like(all_devices.at[..., 0, :] + v[0])
    total: list = [None] * port_map.drives
    slopes: dict = dict.fromkeys(port_map.slopes)
    curvature: Rows = [zero] if port_map.is_scalar else []
    following = iter(law_values)
    for device in _placed(port_map, all_devices, v):
        instance = device.instance
        rows = following
        if not instance.law.is_costly:
            rows = device.evaluated(port_map, list(itertools.islice(following, len(device.exponents))))
        for drive, direction in instance.drives:
            row = next(rows)
            if drive >= 0:
                total[drive] = _plus(total[drive], row, direction)
        for port, _ in instance.ports:
            for drive, direction in instance.drives:
                if (drive, port) in slopes:
                    slopes[drive, port] = _plus(slopes[drive, port], next(rows), direction)
            if port_map.is_scalar:
                curvature = [_plus(curvature[0], next(rows), instance.drives[0][1])]

    def filled(rows) -> Rows:
        return [zero if row is None else row for row in rows]

    excess = [row - all_devices.less[..., drive, :] for drive, row in enumerate(filled(total))]
    return excess, filled(slopes.values()), curvature


def _placed(port_map: PortMap, all_devices: Devices, v: Rows) -> Iterator[_Placed]:
    """The devices in their order."""
    exponents, first = _exponents(port_map, all_devices, v), 0
    v = _absolute(all_devices, v)
    of_devices = zip(port_map.devices, port_map.exponents, all_devices.parameters, strict=True)
    for instance, on_ports, parameters in of_devices:
        factors = [sign * port_map.scale[port] for port, sign in instance.ports]
        volts = [v[port] * factor for (port, _), factor in zip(instance.ports, factors, strict=True)]
        rates = [all_devices.per_volt[..., k, :] for k in range(first, first + len(on_ports))]
        first += len(on_ports)
        yield _Placed(instance, parameters, volts, factors, list(_as_many_as(on_ports, exponents)), rates)


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


def uncapped(exponent: Array, capped: Array) -> Array:
    """The exponential, which beyond the largest exponent goes on as its tangent."""
    return capped * (1 + jnp.maximum(exponent - LARGEST_EXPONENT, 0))


def _absolute(all_devices: Devices, v: Rows) -> Rows:
    return [all_devices.at[..., port, :] + row for port, row in enumerate(v)]


def currents_and_slopes(
    device: DeviceInstance, parameters: Parameters, ports: Rows, powers: Rows
) -> tuple[Rows, Callable[[int, Any, Mapping[int, Array]], Rows]]:
    """A device's currents, and a function that gives their derivatives along one of its ports.

    What is dear in a law is computed once for all of them. The function takes the place of the port, by how much its
    quantity moves, and how the exponentials that go with it move. What does not depend on that port is no argument of
    what is differentiated, so that no zeros are multiplied.
    """
    current, tangent = jax.linearize(functools.partial(currents, device, parameters), ports, powers)
    still, at_rest = jax.tree.map(jnp.zeros_like, (ports, powers))

    def along(index: int, factor: Any, dots: Mapping[int, Array]) -> Rows:
        def moved(v: Array, e: Rows) -> Rows:
            following = iter(e)
            exponentials = [next(following) if k in dots else row for k, row in enumerate(at_rest)]
            return tangent([v if k == index else row for k, row in enumerate(still)], exponentials)

        v, e = still[index], [at_rest[k] for k in dots]
        moving = [jnp.broadcast_to(dot, row.shape) for dot, row in zip(dots.values(), e, strict=True)]
        return jax.jvp(moved, (v, e), (jnp.full_like(v, factor), moving))[1]

    return current, along


def bends_along(
    device: DeviceInstance, parameters: Parameters, ports: Rows, powers: Rows, capped: Rows, index, factor, rate
) -> Rows:
    """Second derivatives of a device's currents along one of its ports."""
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
    moving = dots(c)
    return jax.jvp(along, (v, e, c), (jnp.full_like(v, factor), moving, moving))[1]


def _plus(total: Array | None, row: Array, direction: int) -> Array:
    signed = row if direction > 0 else -row
    return signed if total is None else total + signed
