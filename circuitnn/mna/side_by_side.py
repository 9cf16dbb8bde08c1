"""The laws of all nonlinear devices of a large circuit: those of one law stand side by side.

Ports and drives are arrays (..., ports, batch) and (..., drives, batch) here, and a program has as many operations as
there are laws, however many devices.
"""

import itertools
from typing import NamedTuple, final

import numpy as np
from jax import Array
from jax import numpy as jnp

from circuitnn.mna.alike import Alike
from circuitnn.mna.dependence import dependence
from circuitnn.mna.elements import DeviceInstance
from circuitnn.mna.instances import Parameters
from circuitnn.mna.laws import LARGEST_EXPONENT, currents_and_slopes, uncapped
from circuitnn.mna.port_map import Devices, PortMap
from circuitnn.numerics.exponential import exponential
from circuitnn.numerics.small import Sums, taken


@final
class _Kind(NamedTuple):
    """Devices of one law at the present voltages, all (..., devices, batch)."""

    group: Alike
    device: DeviceInstance  # with their law, or another function in it: that of a search or of small signals
    parameters: Parameters
    volts: list[Array]  # of each port of the law, in its own direction
    factors: list[np.ndarray]  # (devices, 1): by what volts are those of the ports
    exponents: slice  # among those of costly laws, or of the others

    def evaluated(self, powers: Array, capped: Array, per_volt: Array) -> tuple[list[Array], list[Array]]:
        """Currents, and slopes in the order of `_slopes_of`."""
        device = self.device
        shape = jnp.broadcast_shapes(*(volts.shape for volts in self.volts))
        own, reached, rates = (self.rows(array) for array in (powers, capped, per_volt))
        current, along = currents_and_slopes(device, self.parameters, self.volts, own)
        rows = []
        for index, factor in enumerate(self.factors):
            moving = [k for k, place in enumerate(device.exponential_ports) if place == index]
            size = factor if np.any(factor != factor[0]) else float(factor[0, 0])
            slope = along(index, size, {k: reached[k] * rates[k] for k in moving})
            rows += [slope[drive] for drive, on_ports in enumerate(dependence(self.group.device)) if on_ports[index]]
        return _full(current, shape), _full(rows, shape)

    def rows(self, exponentials: Array) -> list[Array]:
        """Those of its own junctions."""
        count = len(self.group.instances)
        first, last = self.exponents.start, self.exponents.stop
        return [exponentials[..., k : k + count, :] for k in range(first, last, count)]


def _kinds(port_map: PortMap, all_devices: Devices, v: Array) -> list[_Kind]:
    """The devices by their laws, at the voltages v (..., ports, batch) from the point."""
    places = [place for group in port_map.alike for row in group.ports for place in row]
    factors = np.array([[sign * port_map.scale[port]] for port, sign in places], v.dtype)
    volts = taken(all_devices.at + v, [port for port, _ in places])
    volts = volts * factors if np.any(factors != 1) else volts
    kinds, first, junctions = [], 0, {False: 0, True: 0}
    of_kinds = zip(port_map.alike, port_map.devices, port_map.exponents, all_devices.parameters, strict=True)
    for group, device, exponents, parameters in of_kinds:
        count = len(group.instances)
        starts, junction = [first + k * count for k in range(len(group.ports))], junctions[device.law.is_costly]
        kinds.append(
            _Kind(
                group,
                device,
                parameters,
                [volts[..., k : k + count, :] for k in starts],
                [factors[k : k + count] for k in starts],
                slice(junction, junction + len(exponents)),
            )
        )
        first += len(group.ports) * count
        junctions[device.law.is_costly] += len(exponents)
    return kinds


def _exponents(port_map: PortMap, all_devices: Devices, v: Array) -> Array:
    ports = [port for of_kind in port_map.exponents for port in of_kind]
    return all_devices.per_volt * taken(v, ports) + all_devices.exponents


def _places(port_map: PortMap, *, costly: bool) -> list[int]:
    """Among all exponents those of costly laws, or of the others."""
    of_kinds = zip(port_map.devices, port_map.exponents, strict=True)
    is_costly = [device.law.is_costly for device, ports in of_kinds for _ in ports]
    return [place for place, is_of_costly in enumerate(is_costly) if is_of_costly == costly]


def evaluate_alike(port_map: PortMap, all_devices: Devices, v: Array) -> list[Array]:
    """As `evaluate_rows`: the exponentials as one array, then those rows of costly laws that there are."""
    exponents = _exponents(port_map, all_devices, v)
    power = jnp.exp if port_map.is_at_rest else exponential
    capped = power(jnp.minimum(exponents, LARGEST_EXPONENT))
    law_values = [taken(capped, _places(port_map, costly=False))]
    exponents, capped, per_volt = (
        taken(rows, _places(port_map, costly=True)) for rows in (exponents, capped, all_devices.per_volt)
    )
    powers = uncapped(exponents, capped)
    for kind in _kinds(port_map, all_devices, v):
        if kind.device.law.is_costly:
            law_values += itertools.chain(*kind.evaluated(powers, capped, per_volt))
    return law_values


def linearise_alike(port_map: PortMap, all_devices: Devices, v: Array, law_values: list[Array]) -> tuple[Array, Array]:
    """As `rows_of`: currents of the drives (..., drives, batch), and their slopes (..., len(slopes), batch)."""
    capped, *costly = law_values
    exponents, per_volt = (
        taken(rows, _places(port_map, costly=False))
        for rows in (_exponents(port_map, all_devices, v), all_devices.per_volt)
    )
    powers, following = uncapped(exponents, capped), iter(costly)
    total: list[Array] = []
    slopes: list[Array] = []
    for kind in _kinds(port_map, all_devices, v):
        if kind.device.law.is_costly:
            total += itertools.islice(following, len(kind.device.drives))
            slopes += itertools.islice(following, sum(map(sum, dependence(kind.group.device))))
        else:
            own_total, own_slopes = kind.evaluated(powers, capped, per_volt)
            total, slopes = total + own_total, slopes + own_slopes
    current = _drives_of(port_map).of(jnp.concatenate(total, axis=-2)) - all_devices.less
    return current, _slopes_of(port_map).of(jnp.concatenate(slopes, axis=-2))


def _drives_of(port_map: PortMap) -> Sums:
    """Which drives of which devices add up to which of the circuit."""
    return Sums(tuple(place for group in port_map.alike for row in group.drives for place in row), port_map.drives)


def _slopes_of(port_map: PortMap) -> Sums:
    """The same of the slopes: law by law, port by port, drive by drive, device by device."""
    place = {pair: k for k, pair in enumerate(port_map.slopes)}
    terms = [
        (place.get((drive, port), -1), direction)
        for group in port_map.alike
        for index, on_ports in enumerate(group.ports)
        for drives, depends in zip(group.drives, dependence(group.device), strict=True)
        if depends[index]
        for (drive, direction), (port, _) in zip(drives, on_ports, strict=True)
    ]
    return Sums(tuple(terms), len(port_map.slopes))


def _full(rows: list[Array], shape: tuple[int, ...]) -> list[Array]:
    return [jnp.broadcast_to(row, jnp.broadcast_shapes(row.shape, shape)) for row in rows]
