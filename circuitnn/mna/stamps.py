"""Modified nodal analysis: the matrix of a circuit as a sum of rank-one stamps, each a weight times two fixed vectors.

Unknowns are the node voltages and the currents of voltage sources, pots, capacitors and inductors (Ho, Ruehli and
Brennan 1975). The currents of capacitors are unknowns as well: their equation ``v - (h/2C) i = z`` has a limit for
h = 0; those of pots too, whose ``v - R i = 0`` has one for R = 0.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, final

import numpy as np
from jax import Array
from jax import numpy as jnp

from circuitnn.mna.elements import CHARGE_UNIT, Branch, Drive
from circuitnn.mna.topology import REFERENCE, Topology

GMIN = 1e-15  # siemens parallel to each pn junction, as in cn.spice: a node between diodes alone still has a voltage
IMPEDANCE = 1e4  # ohms: currents are solved for in volts across this, so that the equations are of one magnitude

SHUNT = 2.0**-13  # siemens, about 1 / IMPEDANCE; single precision has this number exactly
UNCHARGED = 1e-6  # radians per second

Values = Mapping[str, Any]  # NumPy arrays in checks, JAX arrays in models


@final
class Reactive(NamedTuple):
    """Equations of the capacitors and inductors: ``across v + through i = z``, (..., n_states) or so many arrays.

    The mutual ones, (..., 2 n_mutual), belong to pairs of coupled inductors, both ways round: what the voltage
    (current) of the other has to do with the equation of the one.
    """

    across: Any
    through: Any
    mutual_across: Any
    mutual_through: Any


@final
class Stamp(NamedTuple):
    """``weight left right^T`` in the matrix."""

    left: np.ndarray
    right: np.ndarray
    weight: Any


def reactive_values(topology: Topology, values: Values, module: Any = jnp) -> Any:
    """Capacitances and inductances in the order of the states, along a new last axis; of charges what they count in."""
    in_order = [values.get(b.name, CHARGE_UNIT) if charge else values[b.name] for b, charge in _states(topology)]
    return _stack(module, in_order, values)


def couplings(topology: Topology, values: Values, module: Any = jnp) -> tuple[list[Any], list[Any], list[Any]]:
    """What mutual inductance does to the coils.

    For each ordered pair (a, b), (b, a) of each K: the mutual inductance M, and the share ``L_a (L^-1)_ab`` that the
    voltage of the other has in ``L_a di_a/dt``; and for each state the share of its own voltage, 1 where nothing is
    coupled. L is the matrix of all inductances.
    """
    own_share: list[Any] = [1.0] * len(topology.reactive)
    if not topology.mutual:
        return [], [], own_share
    coils = sorted({k for pair in topology.mutual for k in (pair.a, pair.b)})
    value = {k: values[topology.reactive[k].name] for k in coils}
    mutual = {}
    for pair in topology.mutual:
        m = values[pair.name] * module.sqrt(value[pair.a] * value[pair.b])
        mutual[pair.a, pair.b] = mutual[pair.b, pair.a] = m
    zero = 0 * sum(value.values())
    rows = [
        module.stack([value[a] + zero if a == b else mutual.get((a, b), zero) + zero for b in coils], -1) for a in coils
    ]
    inverse = module.linalg.inv(module.stack(rows, -2))
    place = {k: i for i, k in enumerate(coils)}
    for k in coils:
        own_share[k] = value[k] * inverse[..., place[k], place[k]]
    # Through a chain of couplings each coil of a group feels every other one.
    pairs = ordered_pairs(topology)
    shares = [value[a] * inverse[..., place[a], place[b]] for a, b in pairs]
    return [mutual.get(pair, zero) for pair in pairs], shares, own_share


def shares(topology: Topology, values: Values) -> Array:
    """(..., n_states, n_states): how the voltages of coupled coils add up to ``L di/dt`` of each."""
    _, crossed, own_share = couplings(topology, values)
    pairs = dict(zip(ordered_pairs(topology), crossed, strict=True))
    n = len(topology.reactive)
    entries = [own_share[a] if a == b else pairs.get((a, b), 0.0) for a in range(n) for b in range(n)]
    flat = _stack(jnp, entries, values)
    return flat.reshape(*flat.shape[:-1], n, n)


def ordered_pairs(topology: Topology) -> list[tuple[int, int]]:
    """All ordered pairs of states among the coupled coils."""
    coils = sorted({k for pair in topology.mutual for k in (pair.a, pair.b)})
    return [(a, b) for a in coils for b in coils if a != b]


def companion(topology: Topology, values: Values, step: Any, module: Any = jnp) -> Reactive:
    """Discretised: ``v - (step/C) i = z`` and ``i - (step/L) v = z``, step = h/2 (trapezoidal) or h; or one each."""
    reactive = reactive_values(topology, values, module)
    ratio = -(np.asarray(step, reactive.dtype) if np.ndim(step) else step) / reactive
    coils = np.asarray(topology.is_inductor, bool)
    _, shares, own_share = couplings(topology, values, module)
    # A charge is what a drive says it is, unless it is a capacitor to small signals (and has a value then).
    one = module.where(_driven(topology, values), 0, module.ones_like(ratio))
    mutual = [ratio[..., a] * share for (a, _), share in zip(ordered_pairs(topology), shares, strict=True)]
    across = ratio * _stack(module, own_share, values) if topology.mutual else ratio
    crossed = _stack(module, mutual, values)
    return Reactive(
        across=module.where(coils, across, one),
        through=module.where(coils, 1, ratio),
        mutual_across=crossed,
        mutual_through=module.zeros_like(crossed),
    )


def at_rest(topology: Topology, values: Values, module: Any = jnp) -> Reactive:
    """At zero frequency: no current through capacitors, no voltage across inductors.

    An uncharged circuit is looked at after two weeks: nearly the same, but charges and currents that nothing else
    determines are divided as capacitors in series and coils in parallel divide them.
    """
    if topology.uncharged:
        return harmonic(topology, values, UNCHARGED, module)
    coils = np.asarray(topology.is_inductor, bool)
    ones = module.ones_like(reactive_values(topology, values, module))
    nothing = _nothing(topology, ones, module)
    return Reactive(module.where(coils, ones, 0), module.where(coils, 0, ones), nothing, nothing)


def imposed(topology: Topology, values: Values, step: float, module: Any = jnp) -> Reactive:
    """At given states: capacitors are voltage sources, inductors current sources.

    `step` in seconds is zero, or tiny where capacitors (or inductors) constrain each other and something has to say how
    a current divides.
    """
    return companion(topology, values, step, module)


def harmonic(topology: Topology, values: Values, s: Any, module: Any = jnp) -> Reactive:
    """At the complex frequency s: ``s C v - i = 0`` and ``v - s L i = 0``."""
    product = s * reactive_values(topology, values, module)
    coils = np.asarray(topology.is_inductor, bool)
    mutual, _, _ = couplings(topology, values, module)
    crossed = -s * _stack(module, mutual, values)
    # The charge of a junction is a drive also here: it may depend on more than the voltage across it.
    product = module.where(_driven(topology, values), 0, product)
    return Reactive(
        across=module.where(coils, 1, product),
        through=module.where(coils, -product, -1),
        mutual_across=module.zeros_like(crossed),
        mutual_through=crossed,
    )


def shunt(topology: Topology) -> float:
    """Conductance that the linear part has in parallel to each junction, siemens; the devices' law takes it away.

    Where several diodes share a node that little else holds, the resistance seen by the ports is enormous and almost
    singular, and rounding in it swamps the ordinary resistances around. Beside a shunt no port sees more than its
    inverse. One port alone has no such trouble.
    """
    return SHUNT if len(topology.ports) > 1 else 0.0


def stamps(topology: Topology, values: Values, reactive: Reactive) -> list[Stamp]:
    """All stamps that have a value; the weights have the shape of the values."""
    parts = [
        Stamp(*_twice(difference(topology, part.a, part.b)), IMPEDANCE / values[part.name])
        for part in topology.resistors
    ]
    for inner in topology.series:
        conductance = values[inner.device] / values[inner.parameter]
        parts.append(Stamp(*_twice(difference(topology, inner.a, inner.b)), IMPEDANCE * conductance))
    first = len(topology.nodes)
    unit = np.eye(topology.size)
    for k, branch in enumerate(topology.branches):
        if branch in topology.pots:
            parts.append(Stamp(*_twice(unit[first + k]), -values[branch.name] / IMPEDANCE))
    for source in topology.controlled:
        sensing = difference(topology, source.c, source.d)
        if source.is_nullor:
            continue
        if source.branch >= 0:
            parts.append(Stamp(unit[source.branch], sensing, -values[source.name]))
        else:
            parts.append(Stamp(difference(topology, source.a, source.b), sensing, IMPEDANCE * values[source.name]))
    for sensed in topology.sensing:
        if sensed.branch >= 0:
            parts.append(Stamp(unit[sensed.branch], unit[sensed.sensed], -values[sensed.name] / IMPEDANCE))
        else:
            parts.append(Stamp(difference(topology, sensed.a, sensed.b), unit[sensed.sensed], values[sensed.name]))
    first = topology.first_reactive
    for k, branch in enumerate(topology.reactive):
        parts.append(Stamp(unit[first + k], difference(topology, branch.a, branch.b), _each(reactive.across, k)))
        parts.append(Stamp(*_twice(unit[first + k]), _each(reactive.through, k) / IMPEDANCE))
    for k, (a, b) in enumerate(ordered_pairs(topology)):
        other = topology.reactive[b]
        parts.append(Stamp(unit[first + a], difference(topology, other.a, other.b), reactive.mutual_across[..., k]))
        parts.append(Stamp(unit[first + a], unit[first + b], reactive.mutual_through[..., k] / IMPEDANCE))
    return parts


def fixed_part(topology: Topology, *, with_shunts: bool) -> np.ndarray:
    """What has no value: where the branch currents go, the sources' own equations, GMIN and the shunts."""
    matrix = np.zeros((topology.size, topology.size))
    first = len(topology.nodes)
    for k, branch in enumerate(topology.branches):
        if not branch.senses:
            matrix[:first, first + k] += difference(topology, branch.a, branch.b)[:first]
    nullors = {source.branch: source for source in topology.controlled if source.is_nullor}
    for k, branch in enumerate((*topology.voltage, *topology.pots), first):
        source = nullors.get(k)
        across = (branch.a, branch.b) if source is None else (source.c, source.d)
        matrix[k] += difference(topology, *across)
    for device in topology.devices:
        for place in dict.fromkeys(junction.port for junction in device.law.junctions):
            port = topology.ports[device.ports[place][0]]
            if port.junction >= 0:
                row = difference(topology, port.a, port.b)
                alike = max(1, len(device.names) + len(device.backward))
                matrix += GMIN * IMPEDANCE * alike * np.outer(row, row)
    for port in topology.ports:
        if port.junction >= 0 and with_shunts:
            row = difference(topology, port.a, port.b)
            matrix += shunt(topology) * IMPEDANCE * np.outer(row, row)
    return matrix


def excitations(topology: Topology) -> dict[str, np.ndarray]:
    """Right-hand sides, (size, columns): of the states, the inputs, the nonlinear drives and the constant sources."""
    unit = np.eye(topology.size)
    by_name = {source.name: unit[:, len(topology.nodes) + k] for k, source in enumerate(topology.voltage)}
    by_name |= {source.name: _current(topology, source.a, source.b) for source in topology.current}
    columns = {
        "states": [unit[:, topology.first_reactive + k] for k in range(len(topology.reactive))],
        "inputs": [by_name[name] for name in topology.inputs],
        "drives": [_drive(topology, drive) for drive in topology.drives],
        "constants": [by_name[name] for name in topology.constants],
    }
    return {
        name: np.stack(vectors, 1) if vectors else np.zeros((topology.size, 0)) for name, vectors in columns.items()
    }


def selections(topology: Topology) -> dict[str, np.ndarray]:
    """Rows that take quantities out of the unknowns, (rows, size): ports, across and through the states, outputs.

    The current that a port stands for is in volts across `IMPEDANCE`, as all currents among the unknowns are.
    """
    unit = np.eye(topology.size)
    rows = {
        "ports": [unit[p.branch] if p.branch >= 0 else difference(topology, p.a, p.b) for p in topology.ports],
        "across": [difference(topology, branch.a, branch.b) for branch in topology.reactive],
        "through": [unit[topology.first_reactive + k] / IMPEDANCE for k in range(len(topology.reactive))],
        "outputs": [
            unit[out.branch] / IMPEDANCE if out.branch >= 0 else difference(topology, out.a, out.b)
            for out in topology.outputs
        ],
    }
    return {name: np.stack(vectors) if vectors else np.zeros((0, topology.size)) for name, vectors in rows.items()}


def difference(topology: Topology, a: int, b: int) -> np.ndarray:
    """The row that takes the voltage from a to b."""
    row = np.zeros(topology.size)
    if a != REFERENCE:
        row[a] += 1
    if b != REFERENCE:
        row[b] -= 1
    return row


def _current(topology: Topology, a: int, b: int) -> np.ndarray:
    """Right-hand side of one ampere that leaves node a and enters node b through the element."""
    return -IMPEDANCE * difference(topology, a, b)


def _drive(topology: Topology, drive: Drive) -> np.ndarray:
    if drive.charge >= 0:
        return -np.eye(topology.size)[:, topology.first_reactive + drive.charge]
    return np.eye(topology.size)[:, drive.branch] if drive.branch >= 0 else _current(topology, drive.a, drive.b)


def _states(topology: Topology) -> list[tuple[Branch, bool]]:
    return list(zip(topology.reactive, topology.is_charge, strict=True))


def _driven(topology: Topology, values: Values) -> np.ndarray:
    states = _states(topology)
    return np.array([charge and not branch.senses and branch.name not in values for branch, charge in states], bool)


def two_axes(value: Any) -> Any:
    """A value of shape () or (time or 1, batch or 1) as the latter."""
    return jnp.reshape(value, (1, 1)) if value.ndim == 0 else value


def _each(rows: Any, k: int) -> Any:
    return rows[k] if isinstance(rows, tuple) else rows[..., k]


def _twice(row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return row, row


def _stack(module: Any, entries: list[Any], values: Values) -> Any:
    dtype = np.result_type(*(value.dtype for value in values.values()))
    if not entries:
        return module.zeros(0, dtype)
    shape = np.broadcast_shapes(*(np.shape(value) for value in entries))
    return module.stack([module.broadcast_to(module.asarray(value, dtype), shape) for value in entries], -1)


def _nothing(topology: Topology, like: Any, module: Any) -> Any:
    return module.zeros((*like.shape[:-1], len(ordered_pairs(topology))), like.dtype)
