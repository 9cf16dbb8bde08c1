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
from circuitnn.mna.instances import Parameters, currents
from circuitnn.mna.laws import LARGEST_EXPONENT, slopes_along
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
    exponents: slice  # among all

    def slopes(self, powers: Array, capped: Array, per_volt: Array) -> list[Array]:
        """In the order of `_slopes_of`."""
        device = self.device
        own, reached, rates = (self.rows(array) for array in (powers, capped, per_volt))
        rows = []
        for index, factor in enumerate(self.factors):
            moving = {k: rate for k, rate in enumerate(rates) if device.exponential_ports[k] == index}
            size = factor if np.any(factor != factor[0]) else float(factor[0, 0])
            slope, _ = slopes_along(device, self.parameters, self.volts, own, reached, index, size, moving)
            rows += [slope[drive] for drive, on_ports in enumerate(dependence(self.group.device)) if on_ports[index]]
        return rows

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
    kinds, first, junction = [], 0, 0
    of_kinds = zip(port_map.alike, port_map.devices, port_map.exponents, all_devices.parameters, strict=True)
    for group, device, exponents, parameters in of_kinds:
        count = len(group.instances)
        starts = [first + k * count for k in range(len(group.ports))]
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
        first, junction = first + len(group.ports) * count, junction + len(exponents)
    return kinds


def _exponents(port_map: PortMap, all_devices: Devices, v: Array) -> Array:
    ports = [port for of_kind in port_map.exponents for port in of_kind]
    return all_devices.per_volt * taken(v, ports) + all_devices.exponents


def evaluate_alike(port_map: PortMap, all_devices: Devices, v: Array) -> list[Array]:
    """As `evaluate_rows`: all exponentials as one array, then those rows of costly laws that there are."""
    exponents = _exponents(port_map, all_devices, v)
    power = jnp.exp if port_map.is_at_rest else exponential
    law_values = [power(jnp.minimum(exponents, LARGEST_EXPONENT))]
    for kind in _kinds(port_map, all_devices, v):
        if kind.device.law.is_costly:
            rows = currents(kind.device, kind.parameters, kind.volts, [])
            nothing = jnp.zeros_like(exponents[..., :0, :])
            law_values += _full([*rows, *kind.slopes(nothing, nothing, nothing)], kind.volts[0].shape)
    return law_values


def linearise_alike(port_map: PortMap, all_devices: Devices, v: Array, law_values: list[Array]) -> tuple[Array, Array]:
    """As `rows_of`: currents of the drives (..., drives, batch), and their slopes (..., len(slopes), batch)."""
    exponents = _exponents(port_map, all_devices, v)
    capped, *costly = law_values
    # Beyond the largest exponent the exponential goes on as its tangent.
    powers = capped * (1 + jnp.maximum(exponents - LARGEST_EXPONENT, 0))
    following = iter(costly)
    total: list[Array] = []
    slopes: list[Array] = []
    for kind in _kinds(port_map, all_devices, v):
        device = kind.device
        if device.law.is_costly:
            total += itertools.islice(following, len(device.drives))
            slopes += itertools.islice(following, sum(map(sum, dependence(kind.group.device))))
            continue
        shape = jnp.broadcast_shapes(*(volts.shape for volts in kind.volts))
        total += _full(currents(device, kind.parameters, kind.volts, kind.rows(powers)), shape)
        slopes += _full(kind.slopes(powers, capped, all_devices.per_volt), shape)
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
