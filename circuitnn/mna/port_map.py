"""Nonlinear devices on the ports of a circuit: which sits where, and their numbers."""

import functools
from typing import NamedTuple, final

import jax
from jax import Array
from jax import numpy as jnp

from circuitnn.mna.alike import Alike, exponents_of_alike, groups_of, parameters_of_alike
from circuitnn.mna.dependence import dependence
from circuitnn.mna.elements import DeviceInstance
from circuitnn.mna.instances import Parameters, Values, exponents_at_zero, exponents_per_volt, parameters_of
from circuitnn.mna.stamps import IMPEDANCE, shunt, two_axes
from circuitnn.mna.topology import Topology

MAX_APART = 8  # ports up to which each device is written out by itself

Rows = list[Array]  # quantities of one row each, (..., batch)


@final
class Devices(NamedTuple):
    """All devices, in the order of a `PortMap`, as functions of how far the ports are from a point; (..., batch or 1).

    Those that are `alike` have their parameters in arrays (..., devices or 1, batch or 1), and their exponents follow
    each other, junction by junction.
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
    devices: tuple[DeviceInstance, ...]  # one of each kind where there are many, which are `alike`
    scale: tuple[float, ...]  # of each port: 1, or from volts across IMPEDANCE to amperes
    junction: tuple[int, ...]  # of each port: the drive across the same nodes, or -1
    shunt: float  # that the linear part has across each junction
    exponents: tuple[tuple[int, ...], ...]  # of each of them, the ports of its exponents
    slopes: tuple[tuple[int, int], ...]  # (drive, port) where a slope is not zero for all voltages
    is_explicit: bool = False  # no port depends on what the devices do: nothing is to be solved
    is_at_rest: bool = False  # no loop over time waits for the exponentials: XLA's own are sooner compiled
    alike: tuple[Alike, ...] = ()  # of each of `devices` all that have its law; none where each is written out

    @property
    def is_scalar(self) -> bool:
        """One unknown, one law."""
        return self.ports == 1 and self.drives == 1


@final
class Linearisation(NamedTuple):
    """What the drives do, (..., n_drives, batch), and its slopes, (..., len(slopes), batch)."""

    current: Array
    slopes: Array


@functools.lru_cache(maxsize=256)
def port_map_of(topology: Topology) -> PortMap:
    """Which device sits on which ports."""
    depends = [
        (drive, port)
        for device in topology.devices
        for (drive, _), on_ports in zip(device.drives, dependence(device), strict=True)
        for (port, _), is_dependent in zip(device.ports, on_ports, strict=True)
        if drive >= 0 and is_dependent
    ]
    # A shunt is taken away from where it is, be it that the law does not look at that voltage.
    depends += [(port.junction, k) for k, port in enumerate(topology.ports) if port.junction >= 0]
    alike = groups_of(topology.devices) if len(topology.ports) > MAX_APART else ()
    sorts = [(group.device, group.ports) for group in alike]
    sorts = sorts or [(device, tuple((port,) for port in device.ports)) for device in topology.devices]
    return PortMap(
        ports=len(topology.ports),
        drives=len(topology.drives),
        devices=tuple(device for device, _ in sorts),
        scale=tuple(1.0 if port.branch < 0 else 1 / IMPEDANCE for port in topology.ports),
        junction=tuple(port.junction for port in topology.ports),
        shunt=shunt(topology),
        exponents=tuple(
            tuple(port for place in device.exponential_ports for port, _ in ports[place]) for device, ports in sorts
        ),
        slopes=tuple(dict.fromkeys(depends)),
        alike=alike,
    )


def devices(topology: Topology, values: Values) -> Devices:
    """Parameters of all devices, from `Circuit.resolve`; values of shape () or (time or 1, batch or 1)."""
    port_map, dtype = port_map_of(topology), jnp.result_type(*values.values())
    if port_map.alike:
        parameters = tuple(parameters_of_alike(group, values) for group in port_map.alike)
        both = [exponents_of_alike(*pair) for pair in zip(port_map.alike, parameters, strict=True)]
        rows, offsets = ([row for pair in both for row in pair[which]] for which in (0, 1))
    else:
        parameters = tuple(parameters_of(device, values) for device in topology.devices)
        of_devices = tuple(zip(topology.devices, parameters, strict=True))
        listed = [row for device, of_device in of_devices for row in exponents_per_volt(device, of_device)]
        at_zero = [row for device, of_device in of_devices for row in exponents_at_zero(device, of_device)]
        parameters = jax.tree.map(two_axes, parameters)
        rows, offsets = ([two_axes(row)[:, None] for row in each] for each in (listed, at_zero))
    per_volt = _joined(rows) if rows else jnp.zeros((1, 0, 1), dtype)
    everything = absolute(parameters, per_volt, len(topology.ports), len(topology.drives))
    has_offsets = any(junction.offset for device in topology.devices for junction in device.law.junctions)
    return everything._replace(exponents=_joined(offsets)) if rows and has_offsets else everything


def _joined(rows: list[Array]) -> Array:
    """Rows (time or 1, n, batch or 1) as one array."""
    time, batch = (max(row.shape[axis] for row in rows) for axis in (0, 2))
    return jnp.concatenate([jnp.broadcast_to(row, (time, row.shape[1], batch)) for row in rows], axis=1)


def absolute(parameters: tuple[Parameters, ...], per_volt: Array, ports: int, drives: int) -> Devices:
    """Devices as functions of the voltages themselves, whose junctions have no offsets."""
    nothing = (jnp.zeros((1, count, 1), per_volt.dtype) for count in (ports, per_volt.shape[-2], drives))
    return Devices(parameters, per_volt, *nothing)


def unstacked(v: Array) -> Rows:
    """(..., n, batch) as n rows."""
    return [v[..., k, :] for k in range(v.shape[-2])]


def stacked(rows: Rows) -> Array:
    """Rows as (..., n, batch)."""
    return jnp.stack(jnp.broadcast_arrays(*rows), axis=-2)
