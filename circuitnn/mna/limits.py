"""How far the ports may go in one iteration: SPICE's junction limiting, with the circuit's own voltages."""

from typing import NamedTuple, final

import numpy as np
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.mna.instances import facing, junctions_of
from circuitnn.mna.nonlinear import Layout, in_one
from circuitnn.mna.port_map import Devices, PortMap
from circuitnn.numerics.small import Sums, taken

STEPS_UP = 2.0  # thermal voltages by which a conducting junction may go up in one iteration


@final
class Ports(NamedTuple):
    """What the iteration needs, prepared outside of the loop over time; (..., rows, batch)."""

    devices: Devices
    resistance: Array  # K
    held: Array  # I - K times the shunts
    upper: Array  # voltages at which the junctions take over from the resistance that they see
    lower: Array
    up: Array  # by how much the ports may go in one iteration where the junctions have taken over


def prepare_ports(port_map: PortMap, devices: Devices, resistance: Array, held: Array) -> Ports:
    """Prepare the iteration. No gradient goes through it: the solution is differentiated, not the way to it.

    A forward step from cold may go to where a junction conducts as much as the circuit around it does: going further
    only overshoots on the exponential. This is SPICE's junction limiting (Nagel 1975) with the circuit's own critical
    voltage.
    """
    places = [port * port_map.drives + max(drive, 0) for port, drive in enumerate(port_map.junction)]
    seen = taken(resistance.reshape(*resistance.shape[:-3], -1, resistance.shape[-1]), places)
    seen = jnp.maximum(seen, float(jnp.finfo(seen.dtype).tiny) ** 0.25)
    upper, lower, up = _bounds(port_map, devices, seen)
    prepared = Ports(devices=devices, resistance=resistance, held=held, upper=upper, lower=lower, up=up)
    return lax.stop_gradient(prepared)


def _bounds(port_map: PortMap, devices: Devices, seen: Array) -> tuple[Array, Array, Array]:
    """`upper`, `lower` and `up` of the ports from the resistances that they see."""
    faces: list[int] = []  # of each exponent which way its port conducts, 0 where no step has to be kept from it
    currents: list[Array] = []
    for place, (device, of_device) in enumerate(zip(port_map.devices, devices.parameters, strict=True)):
        on_ports = port_map.alike[place].ports if port_map.alike else [(port,) for port in device.ports]
        for junction, direction, parameters in junctions_of(device, of_device):
            current, signs = parameters[junction.current], [sign for _, sign in on_ports[junction.port]]
            current = current if port_map.alike else current[..., None, :]
            currents.append(jnp.broadcast_to(current, (*current.shape[:-2], len(signs), current.shape[-1])))
            faces += [facing(sign, junction, direction) if junction.limits else 0 for sign in signs]
    ports = [port for on_ports in port_map.exponents for port in on_ports]
    if not ports:
        return (jnp.full_like(seen, jnp.inf), jnp.full_like(seen, -jnp.inf), jnp.full_like(seen, jnp.inf))
    shape = np.broadcast_shapes(*(current.shape[:-2] + current.shape[-1:] for current in currents))
    saturation = jnp.concatenate(
        [jnp.broadcast_to(row, (*shape[:-1], row.shape[-2], shape[-1])) for row in currents], axis=-2
    )
    per_volt = jnp.abs(devices.per_volt)
    critical = -(jnp.log(taken(seen, ports) * per_volt * saturation) + devices.exponents) / per_volt
    upwards, downwards, any_way = (
        Sums(tuple((port if face in faced else -1, 1) for port, face in zip(ports, faces, strict=True)), port_map.ports)
        for faced in ((1,), (-1,), (1, -1))
    )
    return (
        upwards.reduced(critical, jnp.inf, jnp.min),
        -downwards.reduced(critical, jnp.inf, jnp.min),
        any_way.reduced(jnp.broadcast_to(STEPS_UP / per_volt, critical.shape), jnp.inf, jnp.min),
    )


def limited(port_map: PortMap, prepared: Ports, v: Layout, step: Layout) -> Layout:
    """Steps that overshoot no exponential."""
    if not (isinstance(v, list) and isinstance(step, list)):
        v, step = in_one(v), in_one(step)
        lower, upper = jnp.maximum(prepared.up, v - prepared.lower), jnp.maximum(prepared.up, prepared.upper - v)
        return jnp.clip(step, -lower, upper)
    short = []
    for port in range(port_map.ports):
        lower, upper, up = (rows[..., port, :] for rows in (prepared.lower, prepared.upper, prepared.up))
        short.append(jnp.clip(step[port], -jnp.maximum(up, v[port] - lower), jnp.maximum(up, upper - v[port])))
    return short
