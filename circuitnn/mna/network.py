"""The linear part of a circuit solved for what the rest of the library needs of it: ports, states, outputs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import jax
import numpy as np
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.mna.stamps import IMPEDANCE, Reactive, Stamp, Values, excitations, fixed_part, selections, stamps
from circuitnn.mna.topology import Topology
from circuitnn.numerics.small import inverse, matmul

LEAK = 1e-12  # siemens at rest, from the nodes that B sources of current hold alone


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Affine:
    """``z z_n + u u_n + one + i i(v)``: rows of a quantity, in terms of companion states, inputs and device drives."""

    z: Array  # (rows, n_states)
    u: Array  # (rows, n_in)
    one: Array  # (rows,)
    i: Array  # (rows, n_drives)


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Network:
    """The linear part of a circuit, seen from its ports."""

    ports: Affine  # quantities of the ports; minus `i` is the resistance that they see
    across: Affine  # voltages of the capacitors and inductors
    through: Affine  # currents of the capacitors and inductors
    outputs: Affine  # voltages of the output nodes


def system_matrix(top: Topology, values: Values, reactive: Reactive, *, jacobian: Any = None, module: Any = jnp) -> Any:
    """The square matrix of the equations, (size, size): currents into nodes first, then the branches.

    Args:
        top: shape of the circuit.
        values: from `Circuit.resolve`, scalars.
        reactive: equations of the capacitors and inductors.
        jacobian: (n_drives, n_ports) of the devices, for small signals; without it they are left out, and the ports
            have their `shunt`.
        module: jax.numpy, or numpy for a check in double precision.
    """
    return _assemble(top, stamps(top, values, reactive), jacobian, module)


def _assemble(top: Topology, parts: list[Stamp], jacobian: Any, module: Any) -> Any:
    weight = _weights(parts, module)
    left, right = _vectors(top, parts)
    matrix = module.asarray(fixed_part(top, with_shunts=jacobian is None), weight.dtype)
    matrix = matrix + (module.asarray(left, weight.dtype) * weight) @ module.asarray(right, weight.dtype).T
    if jacobian is not None and len(top.drives):
        drives, ports = excitations(top)["drives"], selections(top)["ports"]
        linear = module.asarray(drives, weight.dtype) @ module.asarray(jacobian, weight.dtype)
        matrix = matrix - linear @ module.asarray(ports, weight.dtype)
    return matrix


def network(
    top: Topology, values: Values, reactive: Reactive, *, leak: float = 0, jacobian: Array | None = None
) -> Network:
    """The equations solved for the ports, the states' voltages and currents, and the outputs; differentiable.

    Args:
        top: shape of the circuit.
        values: from `Circuit.resolve`, scalars.
        reactive: equations of the capacitors and inductors.
        leak: conductance from each node to ground, relative to the largest at that node. At rest a node may be held by
            GMIN alone, which rounding loses beside a resistor; a leak of a few units of rounding takes its place and is
            no larger than the error that is there anyway. Nodes that only B sources hold get `LEAK`.
        jacobian: of the devices, for small signals; else the ports have their `shunt`.
    """
    matrix = system_matrix(top, values, reactive, jacobian=jacobian)
    if leak:
        is_node = np.arange(top.size) < len(top.nodes)
        largest = lax.stop_gradient(jnp.max(jnp.abs(matrix[:, : len(top.nodes)]), axis=1, initial=0))
        held = jnp.asarray(IMPEDANCE * LEAK * _held_by_sources(top), matrix.dtype)
        matrix = matrix + jnp.diag(leak * jnp.where(is_node, largest, 0) + held)
    right = excitations(top)
    solved = _solve(matrix, np.concatenate(list(right.values()), axis=1))
    rows = np.concatenate(list(selections(top).values()))
    found = jnp.asarray(rows, matrix.dtype) @ solved
    constants = _constants(top, values, matrix.dtype)
    return _cut(top, found, lambda one: one @ constants, axis=1)


def _held_by_sources(top: Topology) -> np.ndarray:
    """One at the nodes that at rest only B sources of current hold, by their slopes."""
    drives = [top.drives[drive] for device in top.devices if device.kind == "B" for drive, _ in device.drives]
    driven = {node for drive in drives if drive.branch < 0 for node in (drive.a, drive.b) if node >= 0}
    coils = [branch for branch, is_coil in zip(top.reactive, top.is_inductor, strict=True) if is_coil]
    junctions = [port for port in top.ports if port.junction >= 0]
    others: list[Any] = [*top.resistors, *top.pots, *top.series, *top.voltage, *coils, *junctions]
    held = {node for other in others for node in (other.a, other.b)}
    return np.isin(np.arange(top.size), sorted(driven - held)).astype(float)


def network_along(top: Topology, values: Values, reactive: Reactive) -> Network:
    """The same for values that vary along time, with one solve of the whole matrix and small ones for each sample.

    A change of weights is a change of low rank: ``(A + U D V^T)^-1 = A^-1 - A^-1 U (I + D V^T A^-1 U)^-1 D V^T A^-1``
    (Woodbury 1950), with one row and column for each stamp that moves.

    Args:
        top: shape of the circuit.
        values: each of shape (), or (time or 1, batch or 1).
        reactive: of (time or 1, batch or 1, n_states).

    Returns:
        With leaves (time, ..., batch).
    """
    parts = [part._replace(weight=_two_axes(part.weight)) for part in stamps(top, values, reactive)]
    moves = [part for part in parts if part.weight.shape[0] > 1]
    # The answer does not depend on the place that the changes are counted from, so no gradient goes through it.
    centre = [lax.stop_gradient(jnp.mean(part.weight, axis=0)) for part in moves]
    still = [part._replace(weight=part.weight[0]) for part in parts if part.weight.shape[0] == 1]
    middle = still + [part._replace(weight=weight) for part, weight in zip(moves, centre, strict=True)]
    batch = max((part.weight.shape[-1] for part in middle), default=1)
    weights = jnp.stack([jnp.broadcast_to(part.weight, (batch,)) for part in middle])
    right = np.concatenate(list(excitations(top).values()), axis=1)
    rows = np.concatenate(list(selections(top).values()))
    left, taken = _vectors(top, moves)

    def at_centre(weights):
        matrix = _assemble(top, [part._replace(weight=w) for part, w in zip(middle, weights, strict=True)], None, jnp)
        solved = _solve(matrix, np.concatenate([right, left], axis=1))
        return jnp.asarray(np.concatenate([rows, taken.T]), matrix.dtype) @ solved

    found = jax.vmap(at_centre, in_axes=1, out_axes=-1)(weights)
    n, m = rows.shape[0], right.shape[1]
    fixed, from_change, to_change, loop = found[:n, :m], found[:n, m:], found[n:, :m], found[n:, m:]
    change = jnp.stack([part.weight - w for part, w in zip(moves, centre, strict=True)], axis=1)[:, :, None]
    identity = jnp.eye(len(moves), dtype=found.dtype)[:, :, None]
    gain = inverse(identity + change * loop) * change[:, None, :, 0]
    moved = fixed - matmul(matmul(from_change, gain), to_change)
    constants = _constants(top, values, found.dtype)
    constants = constants[None, :, None] if constants.ndim == 1 else jnp.moveaxis(constants, -1, 1)
    return _cut(top, moved, lambda one: jnp.sum(one * constants[:, None], axis=2), axis=2)


def _cut(top: Topology, found: Array, of_constants: Callable[[Array], Array], *, axis: int) -> Network:
    """`found`, rows by columns with the columns along `axis`, cut to pieces."""
    widths = [len(top.reactive), len(top.inputs), len(top.drives)]
    parts = {}
    first = 0
    for name, selected in selections(top).items():
        rows = lax.slice_in_dim(found, first, first + len(selected), axis=axis - 1)
        first += len(selected)
        z, u, i, one = jnp.split(rows, np.cumsum(widths), axis=axis)
        parts[name] = Affine(z=z, u=u, i=i, one=of_constants(one))
    return Network(**parts)


def _solve(matrix: Array, right: np.ndarray) -> Array:
    # Rows of one magnitude: pivots are then chosen by what matters, which single precision needs.
    scale = 1 / lax.stop_gradient(jnp.max(jnp.abs(matrix), axis=1, keepdims=True))
    return jnp.linalg.solve(matrix * scale, jnp.asarray(right, matrix.dtype) * scale)


def _constants(top: Topology, values: Values, dtype: Any) -> Array:
    """The constant sources along the last axis: (n,), or (time or 1, batch or 1, n)."""
    shape = jnp.broadcast_shapes(*(values[name].shape for name in top.constants))
    each = [jnp.broadcast_to(values[name], shape) for name in top.constants]
    return jnp.stack(each, -1).astype(dtype) if each else jnp.zeros(0, dtype)


def _vectors(top: Topology, parts: list[Stamp]) -> tuple[np.ndarray, np.ndarray]:
    nothing = np.zeros((top.size, 0))
    left = np.stack([part.left for part in parts], 1) if parts else nothing
    right = np.stack([part.right for part in parts], 1) if parts else nothing
    return left, right


def _weights(parts: list[Stamp], module: Any) -> Any:
    if not parts:
        return module.zeros(0)
    return module.stack([module.asarray(part.weight) for part in parts])


def _two_axes(weight: Array) -> Array:
    return jnp.reshape(weight, (1, 1)) if weight.ndim == 0 else weight
