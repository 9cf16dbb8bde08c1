"""The damped Newton iteration that solves the nonlinear ports, ``v + K i(v) = w``, all devices together."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, cast, final

import jax
import numpy as np
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.mna.elements import with_laws
from circuitnn.mna.instances import facing, junctions_of
from circuitnn.mna.nonlinear import Layout, evaluate_laws, in_one, laid_out, linearise
from circuitnn.mna.port_map import Devices, PortMap, Rows
from circuitnn.numerics.small import MAX_WRITTEN_OUT, Sums, apply, linearised_solver, solve, solve_arrays, taken

PLAIN_ITERATIONS = 30  # the slowest regular case, a step of 50 V into a cold bridge, takes 20
GUARDED_ITERATIONS = 400  # of the iteration that only goes downhill, where the plain one fails
DIRECT_ITERATIONS = 100  # of these, until it goes in stages: what gets there by itself takes a few dozen
STAGES = 8.0  # each so short that the steps need not be shortened
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


@final
class Linearised(NamedTuple):
    """What the devices do at port voltages, as `circuitnn.mna.nonlinear.linearise` gives it."""

    current: Layout
    slopes: Layout
    curvature: Rows

    def after(self, port_map: PortMap, step: Layout) -> Layout:
        """The currents after a small step."""
        if isinstance(step, list) and isinstance(self.current, list) and isinstance(self.slopes, list):
            current = list(self.current)
            for (drive, port), slope in zip(port_map.slopes, self.slopes, strict=True):
                bent = slope + 0.5 * step[port] * self.curvature[0] if port_map.is_scalar else slope
                current[drive] = current[drive] + bent * step[port]
            return current
        moved = in_one(self.slopes) * taken(in_one(step), [port for _, port in port_map.slopes])
        return in_one(self.current) + Sums(tuple((drive, 1) for drive, _ in port_map.slopes), port_map.drives).of(moved)


def newton(
    port_map: PortMap, prepared: Ports, w: Layout, v: Layout, law_values: Rows | None
) -> tuple[Layout, Layout, Rows | None]:
    """Port voltages, currents of the drives and the laws there, from a guess; ends when the last step was small.

    Where that takes too long the iteration begins anew from the guess, and each step is shortened until the residual
    has become smaller. On a passive circuit the equations are monotone, the steps go downhill, and it gets there.

    Args:
        port_map: the devices on the ports.
        prepared: from `prepare_ports`.
        w: of the ports with nothing connected.
        v: the guess.
        law_values: the laws there, which are then evaluated after each step, the last one too, for the solve after this
            one. With None, for a solve by itself, they are evaluated before each step, and the currents are those of
            the tangent along the last step, of which is left what is left of the equations.
    """
    linearised = functools.partial(_linearised, port_map, prepared)
    evaluated = functools.partial(evaluate_laws, port_map, prepared.devices)
    goes_on, is_written_out = law_values is not None, isinstance(v, list)

    def ending(devices: Linearised, step: Layout) -> Any:
        """What currents follow from; of rows the currents, since loops that hand on less are faster."""
        return devices.after(port_map, step) if is_written_out else (devices, step)

    def plain(state):
        v, last, _, count = state
        devices = linearised(v, last if goes_on else evaluated(v))
        step, residual = _step(port_map, prepared, w, v, devices)
        left = left_of(port_map, v, step)
        if port_map.ports > 1:
            # Where nothing but GMIN holds a node, rounding moves it about: then it is the residual that tells.
            left = jnp.where(_is_rounding(residual, w, v), 0, left)
        v = _added(v, step)
        return v, evaluated(v) if goes_on else ending(devices, step), left, count + 1

    def unfinished(state):
        _, _, left, count = state
        return jnp.any(left > 0) & (count < PLAIN_ITERATIONS)

    first: Any = law_values
    if not goes_on:
        shapes = jax.eval_shape(lambda v: ending(linearised(v, evaluated(v)), v), v)
        first = jax.tree.map(lambda row: jnp.zeros(row.shape, row.dtype), shapes)
    solved, last, left, _ = lax.while_loop(unfinished, plain, (v, first, _infinite(v), jnp.int32(0)))
    stuck = ~(left <= 0)  # not "greater than": a step that is no number has failed too
    if not goes_on:
        last = last if is_written_out else last[0].after(port_map, last[1])
        if any(device.law.search is not None for device in port_map.devices):  # whose slopes are no tangents
            last = linearised(solved, evaluated(solved)).current
    v, last = _guarded(port_map, prepared, w, _chosen(stuck, v, solved), last, stuck, goes_on)
    return (v, linearised(v, last).current, last) if goes_on else (v, last, None)


def _linearised(port_map: PortMap, prepared: Ports, v: Layout, law_values: Rows) -> Linearised:
    """As the search for a solution sees it: with slopes that do not lead astray."""
    searching = with_laws(port_map.devices, [device.law.search for device in port_map.devices])
    return Linearised(*linearise(port_map._replace(devices=searching), prepared.devices, v, law_values))


def _guarded(
    port_map: PortMap, prepared: Ports, w: Layout, v: Layout, kept: Any, active: Array, goes_on: bool
) -> tuple[Layout, Any]:
    """The iteration that accepts a step only where it makes the residual smaller; none where nothing is active.

    In a narrow valley it gets nowhere. What takes too long begins anew, and follows the solution in stages from the
    equations that the guess solves, which are the same but for a residual, to those that are wanted. What is kept are
    the laws at the solution where it `goes_on`, else the currents.
    """

    def attempt(state):
        best, kept, least, step, active, count, first_residual, left = state
        is_late = active & (count == DIRECT_ITERATIONS)
        best, step = _chosen(is_late, v, best), _chosen(is_late, still, step)
        least, left = jnp.where(is_late, jnp.inf, least), jnp.where(is_late, 1 - 1 / STAGES, left)
        trial = _added(best, step)
        law_values = evaluate_laws(port_map, prepared.devices, trial)
        devices = _linearised(port_map, prepared, trial, law_values)
        wanted = _added(w, jax.tree.map(lambda row: _for_ports(left, row) * row, first_residual))
        following, residual = _step(port_map, prepared, wanted, trial, devices, is_direct=True)
        first_residual = jax.tree.map(lambda a, b: jnp.where(count == 0, a, b), residual, first_residual)
        size = _over_ports(sum, jnp.sum, jax.tree.map(jnp.square, residual))
        in_stages = active & (count >= DIRECT_ITERATIONS)
        better = (size < least) | (in_stages & jnp.isfinite(size))
        kept = _chosen(better, law_values if goes_on else devices.current, kept)
        best, least = _chosen(better, trial, best), jnp.where(better, size, least)
        # The last step, after which the next is below rounding, has to be taken as well.
        has_moved = (left_of(port_map, best, step) > 0) | (count == 0)
        step = _chosen(better, following, jax.tree.map(lambda row: 0.25 * row, step))
        active = has_moved | (left_of(port_map, best, step) > 0)
        is_next = ~active & (left > 0)
        least, step = jnp.where(is_next, jnp.inf, least), _chosen(is_next, still, step)
        left = jnp.where(is_next, jnp.maximum(left - 1 / STAGES, 0), left)
        return best, kept, least, step, active | is_next, count + 1, first_residual, left

    def unfinished(state):
        _, _, _, _, active, count, _, _ = state
        return jnp.any(active) & (count < GUARDED_ITERATIONS)

    still = jax.tree.map(jnp.zeros_like, v)
    infinite = _infinite(v)
    start = (v, kept, infinite, still, active, jnp.int32(0), still, jnp.zeros_like(infinite))
    best, kept, *_ = lax.while_loop(unfinished, attempt, start)
    return best, kept


def left_of(port_map: PortMap, v: Layout, step: Layout) -> Array:
    """By how much the largest of the steps is longer than what ends the iteration; no division is waited for."""
    return _largest(port_map, v, step, lambda moved, small: jnp.abs(moved) - small)


def excess_of(port_map: PortMap, v: Layout, step: Layout) -> Array:
    """The same as a ratio."""
    return _largest(port_map, v, step, lambda moved, small: jnp.abs(moved) / small)


def _largest(port_map: PortMap, v: Layout, step: Layout, compared: Callable[[Array, Array], Array]) -> Array:
    """Of the steps against what ends the iteration: the step after it would be below rounding.

    The scalar iteration is of third order, the other of second; dv^3/V_T^2, dv^2/V_T stand against the rounding of v,
    and of the currents, which are followed to the same order.
    What has no junctions, such as a B source, may bend more sharply than any junction.
    """
    dtype = jax.tree.leaves(v)[0].dtype
    single = dtype == jnp.float32
    bends = any(not device.law.junctions for device in port_map.devices)
    absolute = (2e-4 if single else 1e-6) if port_map.is_scalar else (1e-4 if single else 1e-8)
    absolute = 0.1 * absolute if bends and port_map.is_scalar else absolute
    relative = 4 * float(jnp.finfo(dtype).eps)

    def excess(moved: Array, port: Array) -> Array:
        return compared(moved, absolute + relative * jnp.abs(port))

    return _over_ports(functools.partial(functools.reduce, jnp.maximum), jnp.max, jax.tree.map(excess, step, v))


def _over_ports(of_rows: Callable[[Rows], Any], along_axis: Callable[..., Array], v: Layout) -> Array:
    """A reduction over all ports, (..., batch)."""
    return of_rows(v) if isinstance(v, list) else along_axis(v, axis=-2)


def _infinite(v: Layout) -> Array:
    one = v[0] if isinstance(v, list) else v[..., 0, :]
    return jnp.full_like(one, jnp.inf)


def _for_ports(one: Array, v: Array) -> Array:
    """(..., batch) so that it broadcasts against a row, or several together."""
    return one[..., None, :] if v.ndim > one.ndim else one


def _added(v: Layout, step: Layout) -> Layout:
    return jax.tree.map(jnp.add, v, step)


def _chosen(which: Array, yes: Any, no: Any) -> Any:
    """Of ports or law values, rows or several together."""
    return jax.tree.map(lambda a, b: jnp.where(_for_ports(which, a), a, b), yes, no)


def newton_on_arrays(port_map: PortMap, prepared: Ports, w: Array, v: Array) -> Array:
    """The same on arrays (..., n_ports, batch)."""
    volts = laid_out(port_map, v)
    law_values = evaluate_laws(port_map, prepared.devices, volts)
    return in_one(newton(port_map, prepared, laid_out(port_map, w), volts, law_values)[0])


def _step(
    port_map: PortMap, prepared: Ports, w: Layout, v: Layout, devices: Linearised, is_direct: bool = False
) -> tuple[Layout, Layout]:
    """One limited Newton step, and the residual before it; `is_direct` keeps its direction, which goes downhill.

    For one port with one law the step is Halley's, which costs no further exponential.
    """
    current, slopes, curvature = devices
    ports = range(port_map.ports)
    residual: Layout
    step: Layout
    if port_map.is_scalar:
        k = prepared.resistance[..., 0, 0, :]
        residual = [v[0] + k * current[0] - w[0]]
        slope = 1 + k * slopes[0]
        square = slope * slope
        # Bounded below: half of it is what the exponential itself gives far above the solution.
        step = [-residual[0] * slope / jnp.maximum(square - 0.5 * residual[0] * (k * curvature[0]), 0.4 * square)]
    elif port_map.ports <= MAX_WRITTEN_OUT:
        residual = [
            sum(prepared.held[..., i, j, :] * v[j] for j in ports)
            + sum(prepared.resistance[..., i, d, :] * current[d] for d in range(port_map.drives))
            - w[i]
            for i in ports
        ]
        step = [-row for row in solve(_matrix(port_map, prepared, cast(Rows, slopes)), residual)]
    else:
        both = prepared.held, prepared.resistance
        if isinstance(slopes, list):
            total = apply(both[0], in_one(v)) + apply(both[1], in_one(current)) - in_one(w)
            solution = solve_arrays(_matrix_array(port_map, prepared, slopes), total)
        else:
            solution, total = linearised_solver(port_map.slopes)(*both, slopes, *map(in_one, (v, current, w)))
        residual, step = laid_out(port_map, total), laid_out(port_map, -solution)
    short = limited(port_map, prepared, v, step)
    if is_direct and port_map.ports > 1:
        parts = jax.tree.map(lambda a, b: jnp.where(a == b, 1, a / jnp.where(b == 0, 1, b)), short, step)
        scale = _over_ports(functools.partial(functools.reduce, jnp.minimum), jnp.min, parts)
        short = jax.tree.map(lambda row: _for_ports(scale, row) * row, step)
    return short, residual


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


def _matrix(port_map: PortMap, prepared: Ports, slopes: Rows) -> list[Rows]:
    """``I + K G``."""
    rows = [[prepared.held[..., i, j, :] for j in range(port_map.ports)] for i in range(port_map.ports)]
    for (drive, port), slope in zip(port_map.slopes, slopes, strict=True):
        for i in range(port_map.ports):
            rows[i][port] = rows[i][port] + prepared.resistance[..., i, drive, :] * slope
    return rows


def _matrix_array(port_map: PortMap, prepared: Ports, slopes: Rows) -> Array:
    """The same as one array, (..., n_ports, n_ports, batch)."""
    columns = [prepared.held[..., port, :] for port in range(port_map.ports)]
    for (drive, port), slope in zip(port_map.slopes, slopes, strict=True):
        columns[port] = columns[port] + prepared.resistance[..., drive, :] * slope[..., None, :]
    return jnp.stack(jnp.broadcast_arrays(*columns), axis=-2)


def _is_rounding(residual: Layout, w: Layout, v: Layout) -> Array:
    """Whether all residuals are no more than rounding."""

    def is_small(r: Array, a: Array, b: Array) -> Array:
        return jnp.abs(r) <= 8 * float(jnp.finfo(r.dtype).eps) * (1 + jnp.abs(a) + jnp.abs(b))

    small = jax.tree.map(is_small, residual, w, v)
    return _over_ports(functools.partial(functools.reduce, jnp.logical_and), jnp.all, small)
