"""All nonlinear devices of a circuit together: what they put into it at the voltages of its ports, and the slopes.

In loops the quantities of ports and drives are written out, a row (..., batch) each, or, where there are many, stand in
one array (..., n, batch): `laid_out` and `in_one`.
"""

from typing import Any

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp

from circuitnn.mna.laws import evaluate_rows, rows_of
from circuitnn.mna.port_map import Devices, Linearisation, PortMap, Rows, stacked, unstacked
from circuitnn.mna.side_by_side import evaluate_alike, linearise_alike
from circuitnn.numerics.small import taken

Layout = Rows | Array  # of ports or drives, as `laid_out` gives them


def laid_out(port_map: PortMap, v: Array) -> Layout:
    """Quantities (..., n, batch) as loops have them."""
    return v if port_map.alike else unstacked(v)


def in_one(v: Layout) -> Array:
    """The same as one array."""
    return stacked(v) if isinstance(v, list) else v


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
    rest = laid_out(port_map, jnp.zeros_like(rounded.at))
    current, _, _ = linearise(port_map, rounded, rest, evaluate_laws(port_map, rounded, rest))
    rounded = rounded._replace(less=in_one(current))
    less = laid_out(port_map, rounded.less.astype(at.dtype))
    return rounded, in_one(without_shunts(port_map, less, laid_out(port_map, at)))


def evaluate_laws(port_map: PortMap, all_devices: Devices, v: Layout) -> Rows:
    """What is dear to compute of the laws, at the port voltages v: arrays (..., batch) or (..., n, batch)."""
    if isinstance(v, list):
        return evaluate_rows(port_map, all_devices, v)
    return evaluate_alike(port_map, all_devices, v)


def linearise(port_map: PortMap, all_devices: Devices, v: Layout, law_values: Rows) -> tuple[Layout, Layout, Rows]:
    """Currents of the drives and their slopes, laid out as v, and for one port alone the curvature; without shunts."""
    if isinstance(v, list):
        return rows_of(port_map, all_devices, v, law_values)
    return *linearise_alike(port_map, all_devices, v, law_values), []


def law(port_map: PortMap, all_devices: Devices, v: Array) -> Linearisation:
    """Currents of the drives at the port voltages v (..., n_ports, batch), and slopes, less those of the shunts."""
    if not port_map.drives:
        nothing = jnp.zeros((*v.shape[:-2], 0, v.shape[-1]), v.dtype)
        return Linearisation(nothing, nothing)
    volts = laid_out(port_map, v)
    current, slopes, _ = linearise(port_map, all_devices, volts, evaluate_laws(port_map, all_devices, volts))
    current, slopes = in_one(without_shunts(port_map, current, volts)), in_one(slopes)
    shunts = [[port_map.junction[port] == drive] for drive, port in port_map.slopes]
    if port_map.shunt and any(is_across for (is_across,) in shunts):
        slopes = slopes - taken_away(port_map, v.dtype) * np.array(shunts, v.dtype)
    shape = np.broadcast_shapes((*current.shape[:-2], current.shape[-1]), (*slopes.shape[:-2], slopes.shape[-1]))
    return Linearisation(
        *(jnp.broadcast_to(rows, (*shape[:-1], rows.shape[-2], shape[-1])) for rows in (current, slopes))
    )


def without_shunts(port_map: PortMap, current: Layout, v: Layout) -> Layout:
    """Currents of the drives less those of the shunts that the linear part has."""
    shunt = port_map.shunt
    if not shunt:
        return current
    if isinstance(current, list):
        current = list(current)
        for port, drive in enumerate(port_map.junction):
            if drive >= 0:
                current[drive] = current[drive] - shunt * v[port]
        return current
    port_of = {drive: port for port, drive in enumerate(port_map.junction)}
    across = taken(in_one(v), [port_of.get(drive, 0) for drive in range(port_map.drives)])
    shunts = shunt * np.array([[drive in port_of] for drive in range(port_map.drives)], across.dtype)
    return current - shunts * across


def jacobian(port_map: PortMap, slopes: Array) -> Array:
    """Slopes (..., len(slopes), batch) as a matrix (..., n_drives, n_ports, batch)."""
    place = {pair: k for k, pair in enumerate(port_map.slopes)}
    shape = port_map.drives, port_map.ports
    zero = len(place)
    padded = jnp.concatenate([slopes, jnp.zeros_like(slopes[..., :1, :])], axis=-2)
    entries = taken(padded, [place.get(pair, zero) for pair in np.ndindex(shape)])
    return entries.reshape(*slopes.shape[:-2], *shape, slopes.shape[-1])


def taken_away(port_map: PortMap, dtype) -> float:
    """The shunt, less a few units of rounding: in matrices that are rounded to it, what is left acts as GMIN where
    nothing else holds a node.
    """
    return port_map.shunt * (1 - 8 * float(jnp.finfo(dtype).eps))


def shunted(port_map: PortMap, jacobian: Array, dtype) -> Array:
    """A jacobian (n_drives, n_ports) from `law` with the shunts' conductance back in it."""
    if not port_map.shunt:
        return jacobian
    is_across = [[junction == drive for junction in port_map.junction] for drive in range(port_map.drives)]
    return jacobian + taken_away(port_map, dtype) * np.array(is_across, dtype).reshape(jacobian.shape)
