"""Modified nodal analysis: the linear part of a circuit, solved for what the rest of the library needs of it.

Unknowns are the node voltages and the currents of voltage sources, capacitors and inductors (Ho, Ruehli and Brennan
1975). The currents of capacitors are unknowns as well: their equation ``v - (h/2C) i = z`` has a limit for h = 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import jax
import numpy as np
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.mna.topology import REFERENCE, Branch, Topology

GMIN = 1e-15  # siemens parallel to each diode, as in cn.spice: a node between diodes alone still has a voltage
IMPEDANCE = 1e4  # ohms: currents are solved for in volts across this, so that the equations are of one magnitude

Values = Mapping[str, Any]  # NumPy arrays in checks, JAX arrays in models


@final
class Reactive(NamedTuple):
    """Equations of the capacitors and inductors: ``across v + through i = z``, each (n_states,)."""

    across: Any
    through: Any


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Affine:
    """``z z_n + u u_n + one + i i(v)``: rows of a quantity, in terms of companion states, inputs and port currents."""

    z: Array  # (rows, n_states)
    u: Array  # (rows, n_in)
    one: Array  # (rows,)
    i: Array  # (rows, n_ports)


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Network:
    """The linear part of a circuit, seen from its ports."""

    ports: Affine  # voltages of the ports; minus `i` is the resistance that they see
    across: Affine  # voltages of the capacitors and inductors
    through: Affine  # currents of the capacitors and inductors
    outputs: Affine  # voltages of the output nodes


def reactive_values(top: Topology, values: Values) -> Array:
    """Capacitances and inductances in the order of the states."""
    return jnp.stack([values[branch.name] for branch in top.reactive]) if top.reactive else _vector(values, 0)


def companion(top: Topology, values: Values, step: float) -> Reactive:
    """Discretised: ``v - (step/C) i = z`` and ``i - (step/L) v = z``, with step = h/2 (trapezoidal) or h."""
    ratio = -step / reactive_values(top, values)
    coils = np.asarray(top.is_inductor, bool)
    return Reactive(across=jnp.where(coils, ratio, 1), through=jnp.where(coils, 1, ratio))


def at_rest(top: Topology, values: Values) -> Reactive:
    """At zero frequency: no current through capacitors, no voltage across inductors."""
    coils = np.asarray(top.is_inductor, bool)
    ones = jnp.ones_like(reactive_values(top, values))
    return Reactive(across=jnp.where(coils, ones, 0), through=jnp.where(coils, 0, ones))


def imposed(top: Topology, values: Values, step: float) -> Reactive:
    """At given states: capacitors are voltage sources, inductors current sources.

    `step` in seconds is zero, or tiny where capacitors (or inductors) constrain each other and something has to say how
    a current divides.
    """
    return companion(top, values, step)


def harmonic(top: Topology, values: Values, s: Array) -> Reactive:
    """At the complex frequency s: ``s C v - i = 0`` and ``v - s L i = 0``."""
    product = s * reactive_values(top, values)
    coils = np.asarray(top.is_inductor, bool)
    return Reactive(across=jnp.where(coils, 1, product), through=jnp.where(coils, -product, -1))


def shunt(top: Topology) -> float:
    """Conductance that the linear part has in parallel to each port, siemens; the law of the diodes takes it away.

    Where several diodes share a node that little else holds, the resistance seen by the ports is enormous and almost
    singular, and rounding in it swamps the ordinary resistances around. Beside a shunt no port sees more than its
    inverse. One port alone has no such trouble.
    """
    return 1 / IMPEDANCE if len(top.ports) > 1 else 0.0


def system_matrix(
    top: Topology, values: Values, reactive: Reactive, *, port_conductance: Any = None, module: Any = jnp
) -> Array:
    """The square matrix of the equations, (size, size): currents into nodes first, then the branches.

    Args:
        top: shape of the circuit.
        values: from `Circuit.resolve`.
        reactive: equations of the capacitors and inductors.
        port_conductance: (n_ports,) of the diodes, for small signals.
        module: jax.numpy, or numpy for a check in double precision.
    """
    conductances = [1 / values[branch.name] for branch in top.resistors]
    conductances += [values[rs.diode] / values[f"{rs.model}.RS"] for rs in top.series]
    weights = [module.stack(conductances) * IMPEDANCE] if conductances else []
    stamps = [_conductance(top, branch.a, branch.b) for branch in top.resistors]
    stamps += [_conductance(top, rs.a, rs.b) for rs in top.series]
    if port_conductance is not None:
        weights.append(port_conductance * IMPEDANCE)
        stamps += [_conductance(top, port.a, port.b) for port in top.ports]
    weights += [reactive.across, reactive.through / IMPEDANCE]
    first = len(top.nodes) + len(top.voltage)
    stamps += [_row(top, first + k, branch) for k, branch in enumerate(top.reactive)]
    stamps += [_entry(top, first + k) for k in range(len(top.reactive))]
    weight = module.concatenate(weights)
    stack = np.stack(stamps) if stamps else np.zeros((0, top.size, top.size))
    return module.asarray(_fixed(top), weight.dtype) + module.tensordot(weight, module.asarray(stack, weight.dtype), 1)


def network(
    top: Topology, values: Values, reactive: Reactive, *, leak: float = 0, port_conductance: Array | None = None
) -> Network:
    """The equations solved for the ports, the states' voltages and currents, and the outputs; differentiable.

    Args:
        top: shape of the circuit.
        values: from `Circuit.resolve`.
        reactive: equations of the capacitors and inductors.
        leak: conductance from each node to ground, relative to the largest at that node. At rest a node may be held by
            GMIN alone, which rounding loses beside a resistor; a leak of a few units of rounding takes its place and is
            no larger than the error that is there anyway.
        port_conductance: (n_ports,) of the diodes, for small signals; else the `shunt` of the ports.
    """
    if port_conductance is None:
        port_conductance = jnp.full(len(top.ports), shunt(top), reactive.across.dtype)
    matrix = system_matrix(top, values, reactive, port_conductance=port_conductance)
    if leak:
        is_node = np.arange(top.size) < len(top.nodes)
        largest = lax.stop_gradient(jnp.max(jnp.abs(matrix[:, : len(top.nodes)]), axis=1, initial=0))
        matrix = matrix + jnp.diag(leak * jnp.where(is_node, largest, 0))
    states, inputs, ports = len(top.reactive), len(top.inputs), len(top.ports)
    excitation, constants = _excitation(top, matrix.dtype)
    # Rows of one magnitude: pivots are then chosen by what matters, which single precision needs.
    scale = 1 / lax.stop_gradient(jnp.max(jnp.abs(matrix), axis=1, keepdims=True))
    solved = jnp.linalg.solve(matrix * scale, jnp.asarray(excitation, matrix.dtype) * scale)

    def rows(selection: np.ndarray) -> Affine:
        found = jnp.asarray(selection, matrix.dtype) @ solved
        z, u, i, one = jnp.split(found, np.cumsum([states, inputs, ports]), axis=1)
        return Affine(z=z, u=u, i=i, one=one @ constants(values))

    first = len(top.nodes) + len(top.voltage)
    currents = np.eye(top.size)[first:] / IMPEDANCE
    unit = np.eye(top.size + 1)[:, :-1]  # the last row, index -1, is ground
    return Network(
        ports=rows(_differences(top, top.ports)),
        across=rows(_differences(top, top.reactive)),
        through=rows(currents),
        outputs=rows(unit[list(top.outputs)]),
    )


def _excitation(top: Topology, dtype):
    """Right-hand sides (size, n_states + n_in + n_ports + n_constants), and what multiplies the last ones."""
    first = len(top.nodes) + len(top.voltage)
    columns = [np.eye(top.size)[:, first + k] for k in range(len(top.reactive))]
    by_name = {source.name: np.eye(top.size)[:, len(top.nodes) + k] for k, source in enumerate(top.voltage)}
    by_name |= {source.name: _current(top, source) for source in top.current}
    columns += [by_name[name] for name in top.inputs]
    columns += [_current(top, port) for port in top.ports]
    columns += [by_name[name] for name in top.constants]

    def constants(values: Values) -> Array:
        return jnp.stack([values[name] for name in top.constants]) if top.constants else jnp.zeros(0, dtype)

    return np.stack(columns, axis=1), constants


def _fixed(top: Topology) -> np.ndarray:
    """What has no value: where the branch currents go, the sources' own equations, the conductance of GMIN."""
    matrix = np.zeros((top.size, top.size))
    for k, branch in enumerate((*top.voltage, *top.reactive)):
        matrix[: len(top.nodes), len(top.nodes) + k] += _difference(top, branch)[: len(top.nodes)]
    for k, branch in enumerate(top.voltage):
        matrix[len(top.nodes) + k] += _difference(top, branch)
    for junction in top.junctions:
        port = top.ports[junction.port]
        diodes = len(junction.forward) + len(junction.backward)
        matrix += GMIN * IMPEDANCE * diodes * _conductance(top, port.a, port.b)
    return matrix


def _differences(top: Topology, branches: tuple[Branch, ...]) -> np.ndarray:
    return np.stack([_difference(top, branch) for branch in branches]) if branches else np.zeros((0, top.size))


def _difference(top: Topology, branch: Branch) -> np.ndarray:
    """The row that takes the voltage from a to b."""
    row = np.zeros(top.size)
    if branch.a != REFERENCE:
        row[branch.a] += 1
    if branch.b != REFERENCE:
        row[branch.b] -= 1
    return row


def _current(top: Topology, branch: Branch) -> np.ndarray:
    """Right-hand side of one ampere that leaves node a and enters node b through the element."""
    return -IMPEDANCE * _difference(top, branch)


def _conductance(top: Topology, a: int, b: int) -> np.ndarray:
    row = _difference(top, Branch("", a, b))
    return np.outer(row, row)


def _row(top: Topology, row: int, branch: Branch) -> np.ndarray:
    return np.outer(np.eye(top.size)[row], _difference(top, branch))


def _entry(top: Topology, index: int) -> np.ndarray:
    unit = np.eye(top.size)[index]
    return np.outer(unit, unit)


def _vector(values: Values, length: int) -> Array:
    dtype = jnp.result_type(*values.values()) if values else jnp.zeros(()).dtype
    return jnp.zeros(length, dtype)
