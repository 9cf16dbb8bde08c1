"""The state of a circuit at rest, and the currents that belong to given states."""

import dataclasses
from dataclasses import dataclass
from typing import final

import jax
import numpy as np
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.mna.elements import CHARGE_UNIT, with_laws
from circuitnn.mna.network import Affine, Network, network
from circuitnn.mna.nonlinear import jacobian, law, shunted
from circuitnn.mna.port_map import devices, port_map_of
from circuitnn.mna.ports import converged, solve_ports
from circuitnn.mna.stamps import IMPEDANCE, Values, at_rest
from circuitnn.mna.topology import Topology
from circuitnn.numerics.small import apply

TYPICAL = 0.1  # volts of a signal
LARGE_GAIN = 3000.0  # of an expression; no tube reaches it
# Where searches for operating points start: shares of the voltages without devices, of a large voltage at all ports,
# and of one that changes its sign from port to port, which pulls an amplifier with feedback to its rails.
STARTS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, -1]], np.float32)


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class OperatingPoint:
    """A circuit at rest: inputs at their DC values, capacitors open, inductors short."""

    inputs: Array  # (n_in,) volts and amperes
    states: Array  # (n_states,) volts and amperes
    ports: Array  # (n_ports,) volts
    jacobian: Array  # (n_drives, n_ports) of the devices
    outputs: Array  # (n_out,) volts and amperes
    is_found: Array  # whether the equations hold


def operating_point(topology: Topology, values: Values, start: Array | None = None) -> OperatingPoint:
    """The operating point, as ngspice's ``.op``; differentiable in `values` (from `Circuit.resolve`).

    Args:
        topology: of the circuit.
        values: its numbers.
        start: one of `STARTS`, from which another operating point may be found where there are several; None is zero.
    """
    port_map, all_devices = port_map_of(topology)._replace(is_at_rest=True), devices(topology, values)
    rest = at_rest(topology, values)
    linear = network(topology, values, rest, leak=4 * float(jnp.finfo(rest.across.dtype).eps))
    inputs = jnp.stack([values[name] for name in topology.inputs])
    all_devices = jax.tree.map(lambda leaf: leaf[0], all_devices)
    linear, u = jax.tree.map(lambda leaf: leaf[..., None], (linear, inputs))
    # At rest no charge moves: what the junctions hold has no part in the equations.
    moves = jnp.asarray(np.array([[drive.charge < 0] for drive in topology.drives], bool).reshape(-1, 1))
    parts = {name: getattr(linear, name) for name in ("ports", "across", "through", "outputs")}
    linear = Network(**{name: dataclasses.replace(part, i=jnp.where(moves, part.i, 0)) for name, part in parts.items()})
    w = linear.ports.one + apply(linear.ports.u, u)
    v = solve_ports(port_map, True, all_devices, -linear.ports.i, w, _guess(topology, values, w, start))
    linearised = law(port_map, all_devices, v)

    def rows(part: Affine) -> Array:
        return (part.one + apply(part.u, u) + apply(part.i, linearised.current))[..., 0]

    states = jnp.where(np.asarray(topology.is_inductor, bool), rows(linear.through), rows(linear.across))
    charges = [(drive.charge, k) for k, drive in enumerate(topology.drives) if drive.charge >= 0]
    if charges:
        places, drives = np.array(charges).T
        states = states.at[places].set(linearised.current[drives, 0])
    slopes = (
        jacobian(port_map, linearised.slopes)[..., 0] if port_map.drives else jnp.zeros((0, port_map.ports), v.dtype)
    )
    outputs = rows(linear.outputs)
    is_found = converged(-linear.ports.i, w, v, linearised.current)[0]
    return OperatingPoint(
        inputs=inputs,
        states=states,
        ports=v[..., 0],
        jacobian=shunted(port_map, slopes, v.dtype),
        outputs=outputs,
        is_found=is_found & jnp.all(jnp.isfinite(states)) & jnp.all(jnp.isfinite(outputs)),
    )


def _guess(topology: Topology, values: Values, w: Array, start: Array | None) -> Array:
    """Port voltages where a search starts."""
    if topology.guess is None:
        nearby = jnp.zeros_like(w)
    else:
        nearby = lax.stop_gradient(operating_point(topology.guess, values).ports)[:, None]
    if start is None or not w.size:
        return nearby
    size = 1 + jnp.max(jnp.abs(w))
    turns = jnp.asarray((-1.0) ** np.arange(len(w)), w.dtype)[:, None]
    of_open, of_all, of_turns = start.astype(w.dtype)
    return nearby + of_open * w + size * (of_all + of_turns * turns)


def rounding(topology: Topology, point: OperatingPoint) -> Array:
    """What a law without junctions makes of the rounding of its own voltages in single precision, volts; the largest.

    Such laws are expressions of voltages to ground: an op-amp written ``limit(1e5*(v(p)-v(m)),0,9)`` takes the
    difference of two roundings of its bias voltage a hundred thousand times. Junctions multiply no such differences.
    """
    volts = np.zeros((len(topology.drives), 1))
    for device in topology.devices:
        for drive, _ in device.drives if not device.law.junctions else ():
            if drive >= 0 and topology.drives[drive].charge < 0:
                volts[drive] = 1.0 if topology.drives[drive].branch >= 0 else IMPEDANCE
    if not volts.any():
        return jnp.zeros((), point.ports.dtype)
    size = jnp.max(jnp.abs(point.ports)) + TYPICAL
    volts = volts.reshape((1,) * (point.jacobian.ndim - 2) + volts.shape)
    gain = jnp.max(jnp.abs(point.jacobian) * jnp.asarray(volts, point.jacobian.dtype))
    noise = float(np.finfo(np.float32).eps) / 2 * gain * size
    return lax.stop_gradient(jnp.where(gain > LARGE_GAIN, noise, 0))


def slopes_at_rest(topology: Topology, values: Values) -> Array:
    """The devices' slopes at the operating point, (n_drives, n_ports); nothing is solved where no device has a port."""
    if not topology.ports:
        return jnp.zeros((len(topology.drives), 0), jnp.result_type(*values.values()))
    point = operating_point(topology, values)
    laws = [device.law.small_signal for device in topology.devices]
    if not any(laws):
        return point.jacobian
    changed_topology = dataclasses.replace(topology, devices=with_laws(topology.devices, laws))
    port_map = port_map_of(changed_topology)._replace(is_at_rest=True)
    all_devices = jax.tree.map(lambda leaf: leaf[0], devices(changed_topology, values))
    slopes = jacobian(port_map, law(port_map, all_devices, point.ports[..., None]).slopes)[..., 0]
    return shunted(port_map, slopes, slopes.dtype)


def small_signal(topology: Topology, values: Values) -> tuple[Array, Values]:
    """The devices' slopes at the operating point, (n_drives, n_ports), and the values with the junctions' capacitances.

    A junction's charge is a capacitor of the value dq/dv to small signals; as a drive it has no slope then.
    """
    slopes = slopes_at_rest(topology, values)
    with_capacitances = dict(values)
    for k, drive in enumerate(topology.drives):
        if drive.charge >= 0:
            port = next(p for p, port in enumerate(topology.ports) if (port.a, port.b) == (drive.a, drive.b))
            with_capacitances[topology.reactive[drive.charge].name] = CHARGE_UNIT * slopes[k, port]
    moves = np.array([[drive.charge < 0] for drive in topology.drives], bool).reshape(-1, 1)
    return jnp.where(moves, slopes, 0), with_capacitances


def evaluate(part: Affine, z: Array, u: Array, current: Array) -> Array:
    """A quantity of the network, (..., rows, batch), with companion states, inputs and drives along time."""
    return open_circuit(part, z, u) + apply(part.i, current)


def open_circuit(part: Affine, z: Array, u: Array) -> Array:
    """The same without the drives."""
    return apply(part.z, z) + apply(part.u, u) + part.one
