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


def reactive_values(top: Topology, values: Values, module: Any = jnp) -> Any:
    """Capacitances and inductances in the order of the states, along a new last axis; of charges what they count in."""
    known = [values.get(b.name, CHARGE_UNIT) if charge else values[b.name] for b, charge in _states(top)]
    return _stack(module, known, values)


def couplings(top: Topology, values: Values, module: Any = jnp) -> tuple[list[Any], list[Any], list[Any]]:
    """What mutual inductance does to the coils.

    For each ordered pair (a, b), (b, a) of each K: the mutual inductance M, and the share ``L_a (L^-1)_ab`` that the
    voltage of the other has in ``L_a di_a/dt``; and for each state the share of its own voltage, 1 where nothing is
    coupled. L is the matrix of all inductances.
    """
    own: list[Any] = [1.0] * len(top.reactive)
    if not top.mutual:
        return [], [], own
    coils = sorted({k for pair in top.mutual for k in (pair.a, pair.b)})
    value = {k: values[top.reactive[k].name] for k in coils}
    mutual = {}
    for pair in top.mutual:
        m = values[pair.name] * module.sqrt(value[pair.a] * value[pair.b])
        mutual[pair.a, pair.b] = mutual[pair.b, pair.a] = m
    zero = 0 * sum(value.values())
    rows = [
        module.stack([value[a] + zero if a == b else mutual.get((a, b), zero) + zero for b in coils], -1) for a in coils
    ]
    inverse = module.linalg.inv(module.stack(rows, -2))
    place = {k: i for i, k in enumerate(coils)}
    for k in coils:
        own[k] = value[k] * inverse[..., place[k], place[k]]
    # Through a chain of couplings each coil of a group feels every other one.
    pairs = ordered_pairs(top)
    shares = [value[a] * inverse[..., place[a], place[b]] for a, b in pairs]
    return [mutual.get(pair, zero) for pair in pairs], shares, own


def shares(top: Topology, values: Values) -> Array:
    """(..., n_states, n_states): how the voltages of coupled coils add up to ``L di/dt`` of each."""
    _, crossed, own = couplings(top, values)
    pairs = dict(zip(ordered_pairs(top), crossed, strict=True))
    n = len(top.reactive)
    entries = [own[a] if a == b else pairs.get((a, b), 0.0) for a in range(n) for b in range(n)]
    flat = _stack(jnp, entries, values)
    return flat.reshape(*flat.shape[:-1], n, n)


def ordered_pairs(top: Topology) -> list[tuple[int, int]]:
    """All ordered pairs of states among the coupled coils."""
    coils = sorted({k for pair in top.mutual for k in (pair.a, pair.b)})
    return [(a, b) for a in coils for b in coils if a != b]


def companion(top: Topology, values: Values, step: float, module: Any = jnp) -> Reactive:
    """Discretised: ``v - (step/C) i = z`` and ``i - (step/L) v = z``, with step = h/2 (trapezoidal) or h."""
    ratio = -step / reactive_values(top, values, module)
    coils = np.asarray(top.is_inductor, bool)
    _, shares, own = couplings(top, values, module)
    # A charge is what a drive says it is, unless it is a capacitor to small signals (and has a value then).
    one = module.where(_driven(top, values), 0, module.ones_like(ratio))
    mutual = [ratio[..., a] * share for (a, _), share in zip(ordered_pairs(top), shares, strict=True)]
    across = ratio * _stack(module, own, values) if top.mutual else ratio
    crossed = _stack(module, mutual, values)
    return Reactive(
        across=module.where(coils, across, one),
        through=module.where(coils, 1, ratio),
        mutual_across=crossed,
        mutual_through=module.zeros_like(crossed),
    )


def at_rest(top: Topology, values: Values, module: Any = jnp) -> Reactive:
    """At zero frequency: no current through capacitors, no voltage across inductors.

    An uncharged circuit is looked at after two weeks: nearly the same, but charges and currents that nothing else
    determines are divided as capacitors in series and coils in parallel divide them.
    """
    if top.uncharged:
        return harmonic(top, values, UNCHARGED, module)
    coils = np.asarray(top.is_inductor, bool)
    ones = module.ones_like(reactive_values(top, values, module))
    nothing = _nothing(top, ones, module)
    return Reactive(module.where(coils, ones, 0), module.where(coils, 0, ones), nothing, nothing)


def imposed(top: Topology, values: Values, step: float, module: Any = jnp) -> Reactive:
    """At given states: capacitors are voltage sources, inductors current sources.

    `step` in seconds is zero, or tiny where capacitors (or inductors) constrain each other and something has to say how
    a current divides.
    """
    return companion(top, values, step, module)


def harmonic(top: Topology, values: Values, s: Any, module: Any = jnp) -> Reactive:
    """At the complex frequency s: ``s C v - i = 0`` and ``v - s L i = 0``."""
    product = s * reactive_values(top, values, module)
    coils = np.asarray(top.is_inductor, bool)
    mutual, _, _ = couplings(top, values, module)
    crossed = -s * _stack(module, mutual, values)
    # The charge of a junction is a drive also here: it may depend on more than the voltage across it.
    product = module.where(_driven(top, values), 0, product)
    return Reactive(
        across=module.where(coils, 1, product),
        through=module.where(coils, -product, -1),
        mutual_across=module.zeros_like(crossed),
        mutual_through=crossed,
    )


def shunt(top: Topology) -> float:
    """Conductance that the linear part has in parallel to each junction, siemens; the devices' law takes it away.

    Where several diodes share a node that little else holds, the resistance seen by the ports is enormous and almost
    singular, and rounding in it swamps the ordinary resistances around. Beside a shunt no port sees more than its
    inverse. One port alone has no such trouble.
    """
    return 1 / IMPEDANCE if len(top.ports) > 1 else 0.0


def stamps(top: Topology, values: Values, reactive: Reactive) -> list[Stamp]:
    """All stamps that have a value; the weights have the shape of the values."""
    found = [Stamp(*_twice(difference(top, part.a, part.b)), IMPEDANCE / values[part.name]) for part in top.resistors]
    for inner in top.series:
        conductance = values[inner.device] / values[inner.parameter]
        found.append(Stamp(*_twice(difference(top, inner.a, inner.b)), IMPEDANCE * conductance))
    first = len(top.nodes)
    unit = np.eye(top.size)
    for k, branch in enumerate(top.branches):
        if branch in top.pots:
            found.append(Stamp(*_twice(unit[first + k]), -values[branch.name] / IMPEDANCE))
    for source in top.controlled:
        sensing = difference(top, source.c, source.d)
        if source.is_nullor:
            continue
        if source.branch >= 0:
            found.append(Stamp(unit[source.branch], sensing, -values[source.name]))
        else:
            found.append(Stamp(difference(top, source.a, source.b), sensing, IMPEDANCE * values[source.name]))
    for sensed in top.sensing:
        if sensed.branch >= 0:
            found.append(Stamp(unit[sensed.branch], unit[sensed.sensed], -values[sensed.name] / IMPEDANCE))
        else:
            found.append(Stamp(difference(top, sensed.a, sensed.b), unit[sensed.sensed], values[sensed.name]))
    first = top.first_reactive
    for k, branch in enumerate(top.reactive):
        found.append(Stamp(unit[first + k], difference(top, branch.a, branch.b), _each(reactive.across, k)))
        found.append(Stamp(*_twice(unit[first + k]), _each(reactive.through, k) / IMPEDANCE))
    for k, (a, b) in enumerate(ordered_pairs(top)):
        other = top.reactive[b]
        found.append(Stamp(unit[first + a], difference(top, other.a, other.b), reactive.mutual_across[..., k]))
        found.append(Stamp(unit[first + a], unit[first + b], reactive.mutual_through[..., k] / IMPEDANCE))
    return found


def fixed_part(top: Topology, *, with_shunts: bool) -> np.ndarray:
    """What has no value: where the branch currents go, the sources' own equations, GMIN and the shunts."""
    matrix = np.zeros((top.size, top.size))
    first = len(top.nodes)
    for k, branch in enumerate(top.branches):
        matrix[:first, first + k] += difference(top, branch.a, branch.b)[:first]
    nullors = {source.branch: source for source in top.controlled if source.is_nullor}
    for k, branch in enumerate((*top.voltage, *top.pots), first):
        source = nullors.get(k)
        across = (branch.a, branch.b) if source is None else (source.c, source.d)
        matrix[k] += difference(top, *across)
    for device in top.devices:
        for place in dict.fromkeys(junction.port for junction in device.law.junctions):
            port = top.ports[device.ports[place][0]]
            if port.junction >= 0:
                row = difference(top, port.a, port.b)
                alike = max(1, len(device.names) + len(device.backward))
                matrix += GMIN * IMPEDANCE * alike * np.outer(row, row)
    for port in top.ports:
        if port.junction >= 0 and with_shunts:
            row = difference(top, port.a, port.b)
            matrix += shunt(top) * IMPEDANCE * np.outer(row, row)
    return matrix


def excitations(top: Topology) -> dict[str, np.ndarray]:
    """Right-hand sides, (size, columns): of the states, the inputs, the nonlinear drives and the constant sources."""
    unit = np.eye(top.size)
    by_name = {source.name: unit[:, len(top.nodes) + k] for k, source in enumerate(top.voltage)}
    by_name |= {source.name: _current(top, source.a, source.b) for source in top.current}
    columns = {
        "states": [unit[:, top.first_reactive + k] for k in range(len(top.reactive))],
        "inputs": [by_name[name] for name in top.inputs],
        "drives": [_drive(top, drive) for drive in top.drives],
        "constants": [by_name[name] for name in top.constants],
    }
    return {name: np.stack(each, 1) if each else np.zeros((top.size, 0)) for name, each in columns.items()}


def selections(top: Topology) -> dict[str, np.ndarray]:
    """Rows that take quantities out of the unknowns, (rows, size): ports, across and through the states, outputs.

    The current that a port stands for is in volts across `IMPEDANCE`, as all currents among the unknowns are.
    """
    unit = np.eye(top.size)
    rows = {
        "ports": [unit[p.branch] if p.branch >= 0 else difference(top, p.a, p.b) for p in top.ports],
        "across": [difference(top, branch.a, branch.b) for branch in top.reactive],
        "through": [unit[top.first_reactive + k] / IMPEDANCE for k in range(len(top.reactive))],
        "outputs": [
            unit[out.branch] / IMPEDANCE if out.branch >= 0 else difference(top, out.a, out.b) for out in top.outputs
        ],
    }
    return {name: np.stack(each) if each else np.zeros((0, top.size)) for name, each in rows.items()}


def difference(top: Topology, a: int, b: int) -> np.ndarray:
    """The row that takes the voltage from a to b."""
    row = np.zeros(top.size)
    if a != REFERENCE:
        row[a] += 1
    if b != REFERENCE:
        row[b] -= 1
    return row


def _current(top: Topology, a: int, b: int) -> np.ndarray:
    """Right-hand side of one ampere that leaves node a and enters node b through the element."""
    return -IMPEDANCE * difference(top, a, b)


def _drive(top: Topology, drive: Drive) -> np.ndarray:
    if drive.charge >= 0:
        return -np.eye(top.size)[:, top.first_reactive + drive.charge]
    return np.eye(top.size)[:, drive.branch] if drive.branch >= 0 else _current(top, drive.a, drive.b)


def _states(top: Topology) -> list[tuple[Branch, bool]]:
    return list(zip(top.reactive, top.is_charge, strict=True))


def _driven(top: Topology, values: Values) -> np.ndarray:
    return np.array([charge and branch.name not in values for branch, charge in _states(top)], bool)


def two_axes(value: Any) -> Any:
    """A value of shape () or (time or 1, batch or 1) as the latter."""
    return jnp.reshape(value, (1, 1)) if value.ndim == 0 else value


def _each(rows: Any, k: int) -> Any:
    return rows[k] if isinstance(rows, tuple) else rows[..., k]


def _twice(row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return row, row


def _stack(module: Any, each: list[Any], values: Values) -> Any:
    dtype = np.result_type(*(value.dtype for value in values.values()))
    if not each:
        return module.zeros(0, dtype)
    shape = np.broadcast_shapes(*(np.shape(value) for value in each))
    return module.stack([module.broadcast_to(module.asarray(value, dtype), shape) for value in each], -1)


def _nothing(top: Topology, like: Any, module: Any) -> Any:
    return module.zeros((*like.shape[:-1], len(ordered_pairs(top))), like.dtype)
