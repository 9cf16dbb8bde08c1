"""The linear part of a circuit solved for what the rest of the library needs of it: ports, states, outputs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import jax
import numpy as np
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.mna.stamps import (
    IMPEDANCE,
    Reactive,
    Stamp,
    Values,
    excitations,
    fixed_part,
    selections,
    stamps,
    two_axes,
)
from circuitnn.mna.topology import REFERENCE, Topology
from circuitnn.numerics.double import in_double, product

COLUMNS = 512  # samples times batch that are updated at a time
LEAK = 1e-12  # siemens at rest, from the nodes that currents without a junction hold alone


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
    outputs: Affine  # voltages and currents that are heard


def system_matrix(
    topology: Topology, values: Values, reactive: Reactive, *, jacobian: Any = None, module: Any = jnp
) -> Any:
    """The square matrix of the equations, (size, size): currents into nodes first, then the branches.

    Args:
        topology: shape of the circuit.
        values: from `Circuit.resolve`, scalars.
        reactive: equations of the capacitors and inductors.
        jacobian: (n_drives, n_ports) of the devices, for small signals; without it they are left out, and the ports
            have their `shunt`.
        module: jax.numpy, or numpy for a check in double precision.
    """
    return _assemble(topology, stamps(topology, values, reactive), jacobian, module)


def _assemble(topology: Topology, parts: list[Stamp], jacobian: Any, module: Any) -> Any:
    weight = _weights(parts, module)
    if jacobian is not None:  # of charges it is complex at a frequency, even where no weight is
        weight = weight.astype(np.result_type(weight.dtype, jacobian.dtype))
    left, right = _vectors(topology, parts)
    times = np.matmul if module is np else product
    matrix = module.asarray(fixed_part(topology, with_shunts=jacobian is None), weight.dtype)
    matrix = matrix + times(module.asarray(left, weight.dtype) * weight, module.asarray(right, weight.dtype).T)
    if jacobian is not None and len(topology.drives):
        drives, ports = excitations(topology)["drives"], selections(topology)["ports"]
        linear = times(module.asarray(drives, weight.dtype), module.asarray(jacobian, weight.dtype))
        matrix = matrix - times(linear, module.asarray(ports, weight.dtype))
    return matrix


def network(
    topology: Topology, values: Values, reactive: Reactive, *, leak: float = 0, jacobian: Array | None = None
) -> Network:
    """The equations solved for the ports, the states' voltages and currents, and the outputs; differentiable.

    Args:
        topology: shape of the circuit.
        values: from `Circuit.resolve`, scalars.
        reactive: equations of the capacitors and inductors.
        leak: conductance to ground from each node that no linear element connects with it, relative to the largest at
            that node. At rest such a node may be held by GMIN alone, which rounding loses beside a resistor; a leak of
            a few units of rounding takes its place and is no larger than the error that is there anyway. Nodes that
            only laws without junctions hold get `LEAK`.
        jacobian: of the devices, for small signals; else the ports have their `shunt`.
    """
    matrix = system_matrix(topology, values, reactive, jacobian=jacobian)
    if leak:
        is_floating = np.isin(np.arange(topology.size), sorted(_floating(topology)))
        largest = lax.stop_gradient(jnp.max(jnp.abs(matrix[:, : len(topology.nodes)]), axis=1, initial=0))
        held = jnp.asarray(IMPEDANCE * LEAK * _held_by_slopes(topology), matrix.dtype)
        matrix = matrix + jnp.diag(leak * jnp.where(is_floating, largest, 0) + held)
    return network_of(topology, values, matrix)


def network_of(topology: Topology, values: Values, matrix: Array) -> Network:
    """The same with that matrix, (size, size)."""
    right = excitations(topology)
    solved = _solve(matrix, np.concatenate(list(right.values()), axis=1))
    rows = selections(topology)
    selected = product(jnp.asarray(np.concatenate(list(rows.values())), matrix.dtype), solved)
    constants = _constants(topology, values, matrix.dtype)
    return Network(**_cut(topology, rows, selected, lambda one: product(one, constants), axis=1))


def _floating(topology: Topology) -> set[int]:
    """Nodes that at rest neither resistors nor coils nor voltage sources connect with ground."""
    group = {node: {node} for node in range(REFERENCE, len(topology.nodes))}
    coils = [branch for branch, is_coil in zip(topology.reactive, topology.is_inductor, strict=True) if is_coil]
    joins: list[Any] = [*topology.resistors, *topology.pots, *topology.series, *topology.voltage, *coils]
    for join in joins:
        if group[join.a] is not group[join.b]:
            both = group[join.a] | group[join.b]
            group.update(dict.fromkeys(both, both))
    return set(range(len(topology.nodes))) - group[REFERENCE]


def _held_by_slopes(topology: Topology) -> np.ndarray:
    """One at the nodes that at rest only currents without a junction hold, by their slopes."""
    drives = [topology.drives[k] for k in topology.free_drives if topology.drives[k].branch < 0]
    driven = {node for drive in drives for node in (drive.a, drive.b) if node >= 0}
    coils = [branch for branch, is_coil in zip(topology.reactive, topology.is_inductor, strict=True) if is_coil]
    junctions = [port for port in topology.ports if port.junction >= 0]
    others: list[Any] = [*topology.resistors, *topology.pots, *topology.series, *topology.voltage, *coils, *junctions]
    held = {node for other in others for node in (other.a, other.b)}
    return np.isin(np.arange(topology.size), sorted(driven - held)).astype(float)


def network_along(topology: Topology, values: Values, reactive: Reactive) -> Network:
    """The same for values that vary along time, with one solve of the whole matrix and small ones for each sample.

    A change of weights is a change of low rank: ``(A + U D V^T)^-1 = A^-1 - A^-1 U (I + D V^T A^-1 U)^-1 D V^T A^-1``
    (Woodbury 1950), with one row and column for each stamp that moves.

    Args:
        topology: shape of the circuit.
        values: each of shape (), or (time or 1, batch or 1).
        reactive: of (time or 1, batch or 1, n_states).

    Returns:
        With leaves (time, ..., batch); of the states' voltages and currents those that belong to the dual.
    """
    parts = [part._replace(weight=two_axes(part.weight)) for part in stamps(topology, values, reactive)]
    if all(part.weight.shape[0] == 1 for part in parts):  # constant sources alone move
        time = max(value.shape[0] for value in values.values() if value.ndim)
        weight = jnp.broadcast_to(parts[0].weight, (time, parts[0].weight.shape[1]))
        parts[0] = parts[0]._replace(weight=weight)
    moves = [part for part in parts if part.weight.shape[0] > 1]
    # The answer does not depend on the place that the changes are counted from, so no gradient goes through it.
    centre = [lax.stop_gradient(jnp.mean(part.weight, axis=0)) for part in moves]
    still = [part._replace(weight=part.weight[0]) for part in parts if part.weight.shape[0] == 1]
    middle = still + [part._replace(weight=weight) for part, weight in zip(moves, centre, strict=True)]
    batch = max((part.weight.shape[-1] for part in middle), default=1)
    weights = jnp.stack([jnp.broadcast_to(part.weight, (batch,)) for part in middle])
    right = np.concatenate(list(excitations(topology).values()), axis=1)
    chosen = _chosen_rows(topology)
    rows = np.concatenate(list(chosen.values()))
    left, taken = _vectors(topology, moves)

    def at_centre(weights):
        matrix = _assemble(
            topology, [part._replace(weight=w) for part, w in zip(middle, weights, strict=True)], None, jnp
        )
        solved = _solve(matrix, np.concatenate([right, left], axis=1))
        return product(jnp.asarray(np.concatenate([rows, taken.T]), matrix.dtype), solved)

    selected = in_double(jax.vmap(at_centre, in_axes=1, out_axes=-1), weights)
    shape = max(part.weight.shape[0] for part in moves), batch
    change = [jnp.broadcast_to(part.weight - w, shape) for part, w in zip(moves, centre, strict=True)]
    moved = _updated(selected, jnp.stack(change, axis=1), len(rows), right.shape[1])
    constants = _constants(topology, values, selected.dtype)
    constants = constants[None, :, None] if constants.ndim == 1 else jnp.moveaxis(constants, -1, 1)
    linear = _cut(topology, chosen, moved, lambda one: jnp.sum(one * constants[:, None], axis=2), axis=2)
    return Network(ports=linear["ports"], across=linear["dual"], through=linear["dual"], outputs=linear["outputs"])


def _chosen_rows(topology: Topology) -> dict[str, np.ndarray]:
    """`selections`, with the voltages of the coils and the currents of the capacitors only."""
    rows = selections(topology)
    coils = np.asarray(topology.is_inductor, bool)[:, None]
    dual = np.where(coils, rows["across"], rows["through"]) if len(coils) else rows["across"]
    return {"ports": rows["ports"], "dual": dual, "outputs": rows["outputs"]}


def _updated(selected: Array, change: Array, n: int, m: int) -> Array:
    """The selected rows of the solution after a change of weights, (time, n, m, batch).

    Args:
        selected: (n + moves, m + moves, batch): the rows and those that the moving stamps take, for the right-hand
            sides and those that the moving stamps put.
        change: (time, moves, batch) of the weights.
        n: how many of the rows are wanted.
        m: how many right-hand sides there are.
    """
    fixed, from_change, to_change, loop = (
        block[:, :, None, :] for block in (selected[:n, :m], selected[:n, m:], selected[n:, :m], selected[n:, m:])
    )
    time, moves, batch = change.shape
    unit = jnp.eye(moves, dtype=selected.dtype)[:, :, None, None]

    def updated(change):  # (moves, samples, batch)
        by_row = change[:, None]
        both = jnp.concatenate(
            [unit + by_row * loop, jnp.broadcast_to(by_row * to_change, (moves, m, *change.shape[1:]))], 1
        )
        for i in range(moves):
            pivot_row = both[i : i + 1] / both[i : i + 1, i : i + 1]
            is_own = (jnp.arange(moves) == i)[:, None, None, None]
            both = jnp.where(is_own, pivot_row, both - both[:, i : i + 1] * pivot_row)
        moved = fixed
        for k in range(moves):
            moved = moved - from_change[:, k : k + 1] * both[k : k + 1, moves:]
        return jnp.broadcast_to(moved, (n, m, *change.shape[1:]))

    # A few hundred columns at a time stay in the cache.
    samples = min(time, max(1, COLUMNS // batch))
    pieces = -(-time // samples)
    padded = jnp.pad(change, ((0, pieces * samples - time), (0, 0), (0, 0)))
    columns = jnp.moveaxis(padded.reshape(pieces, samples, moves, batch), 2, 1)
    moved = lax.map(updated, columns)
    return jnp.moveaxis(moved, 3, 1).reshape(pieces * samples, n, m, batch)[:time]


def _cut(
    topology: Topology,
    rows: dict[str, np.ndarray],
    solution: Array,
    of_constants: Callable[[Array], Array],
    *,
    axis: int,
) -> dict[str, Affine]:
    """`solution`, rows by columns with the columns along `axis`, cut to pieces by name."""
    widths = [len(topology.reactive), len(topology.inputs), len(topology.drives)]
    parts = {}
    first = 0
    for name, selected in rows.items():
        rows_of_part = lax.slice_in_dim(solution, first, first + len(selected), axis=axis - 1)
        first += len(selected)
        z, u, i, one = jnp.split(rows_of_part, np.cumsum(widths), axis=axis)
        parts[name] = Affine(z=z, u=u, i=i, one=of_constants(one))
    return parts


def _solve(matrix: Array, right: np.ndarray) -> Array:
    # Rows of one magnitude: pivots are then chosen by what matters, which single precision needs.
    scale = 1 / lax.stop_gradient(jnp.max(jnp.abs(matrix), axis=1, keepdims=True))
    return jnp.linalg.solve(matrix * scale, jnp.asarray(right, matrix.dtype) * scale)


def _constants(topology: Topology, values: Values, dtype: Any) -> Array:
    """The constant sources along the last axis: (n,), or (time or 1, batch or 1, n)."""
    shape = jnp.broadcast_shapes(*(values[name].shape for name in topology.constants))
    sources = [jnp.broadcast_to(values[name], shape) for name in topology.constants]
    return jnp.stack(sources, -1).astype(dtype) if sources else jnp.zeros(0, dtype)


def _vectors(topology: Topology, parts: list[Stamp]) -> tuple[np.ndarray, np.ndarray]:
    nothing = np.zeros((topology.size, 0))
    left = np.stack([part.left for part in parts], 1) if parts else nothing
    right = np.stack([part.right for part in parts], 1) if parts else nothing
    return left, right


def _weights(parts: list[Stamp], module: Any) -> Any:
    if not parts:
        return module.zeros(0)
    return module.stack([module.asarray(part.weight) for part in parts])
