"""The nonlinear ports: ``v + K i(v) = w``, solved by a damped Newton iteration, differentiated implicitly.

K (..., n_ports, n_drives, batch) is the resistance that the ports see, w (..., n_ports, batch) their quantities with
nothing connected. All devices of a circuit are solved together.
"""

import functools
from typing import Any, NamedTuple, final

import jax
import numpy as np
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.mna.elements import with_laws
from circuitnn.mna.instances import facing, junctions_of
from circuitnn.mna.nonlinear import (
    Devices,
    PortMap,
    Rows,
    evaluate_laws,
    jacobian,
    law,
    rows_of,
    stacked,
    taken_away,
    unstacked,
    without_shunts,
)
from circuitnn.numerics.small import MAX_WRITTEN_OUT, apply, identity, inverse, matmul, solve, solve_arrays

PLAIN_ITERATIONS = 30  # the slowest regular case, a step of 50 V into a cold bridge, takes 20
GUARDED_ITERATIONS = 400  # of the iteration that only goes downhill, where the plain one fails
RESIDUAL = 1e-9, 1e-4  # of a solution, in double and single precision, relative to its terms and to one volt
STEPS_UP = 2.0  # thermal voltages by which a conducting junction may go up in one iteration
CONTINUATION_STEPS = 24  # of source stepping and of gmin stepping


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
    drives = [max(drive, 0) for drive in port_map.junction]
    seen = jnp.stack([resistance[..., port, drive, :] for port, drive in enumerate(drives)], axis=-2)
    seen = jnp.maximum(seen, float(jnp.finfo(seen.dtype).tiny) ** 0.25)
    infinite = jnp.full_like(seen[..., 0, :], jnp.inf)
    upper, lower, up = ([infinite] * port_map.ports for _ in range(3))
    place = 0
    for device, of_device in zip(port_map.devices, devices.parameters, strict=True):
        for junction, direction, parameters in junctions_of(device, of_device):
            port, sign = device.ports[junction.port][0], facing(device, junction, direction)
            per_volt, exponent = devices.per_volt[..., place, :] * sign, devices.exponents[..., place, :]
            place += 1
            if not junction.limits:
                continue
            critical = -(jnp.log(seen[..., port, :] * per_volt * parameters[junction.current]) + exponent) / per_volt
            side = upper if sign > 0 else lower
            side[port] = jnp.minimum(side[port], critical)
            up[port] = jnp.minimum(up[port], STEPS_UP / per_volt)

    prepared = Ports(
        devices=devices,
        resistance=resistance,
        held=held,
        upper=stacked(upper),
        lower=-stacked(lower),
        up=stacked(up),
    )
    return lax.stop_gradient(prepared)


def held_apart(port_map: PortMap, resistance: Array, dtype: Any = None) -> Array:
    """``I - K`` times the shunts, (..., ports, ports, batch): what is left where the devices do nothing.

    Args:
        port_map: the devices on the ports.
        resistance: K.
        dtype: in which the ports will be solved, if that is another one.
    """
    shunt = taken_away(port_map, dtype or resistance.dtype)
    unit = identity(port_map.ports, resistance.dtype)
    if not shunt:
        return jnp.broadcast_to(unit, (*resistance.shape[:-2], port_map.ports, resistance.shape[-1]))
    zero = jnp.zeros_like(resistance[..., 0, :])
    columns = [resistance[..., drive, :] if drive >= 0 else zero for drive in port_map.junction]
    return unit - shunt * jnp.stack(columns, axis=-2)


def excess_current(port_map: PortMap, prepared: Ports, v: Rows, law_values: Rows) -> Rows:
    """Currents less those of the shunts: what the linear part of the circuit is driven by."""
    return without_shunts(port_map, rows_of(port_map, prepared.devices, v, law_values)[0], v)


def newton(port_map: PortMap, prepared: Ports, w: Rows, v: Rows, law_values: Rows) -> tuple[Rows, Rows]:
    """Port voltages and the laws there, from a first guess; ends when the last step was small everywhere.

    Where that takes too long the iteration begins anew from the guess, and each step is shortened until the residual
    has become smaller. On a passive circuit the equations are monotone, the steps go downhill, and it gets there.
    """

    def plain(state):
        v, law_values, _, count = state
        step, residual = _step(port_map, prepared, w, v, law_values)
        left = excess_of(port_map, v, step)
        if port_map.ports > 1:
            # Where nothing but GMIN holds a node, rounding moves it about: then it is the residual that tells.
            left = jnp.where(_is_rounding(residual, w, v), 0, left)
        v = _added(v, step)
        return v, evaluate_laws(port_map, prepared.devices, v), left, count + 1

    def unfinished(state):
        *_, left, count = state
        return jnp.any(left > 1) & (count < PLAIN_ITERATIONS)

    start = (v, law_values, jnp.full_like(v[0], jnp.inf), jnp.int32(0))
    solved, law_values, left, _ = lax.while_loop(unfinished, plain, start)
    stuck = ~(left <= 1)  # not "greater than": a step that is no number has failed too
    return _guarded(port_map, prepared, w, _chosen(stuck, v, solved), law_values, stuck)


def _guarded(
    port_map: PortMap, prepared: Ports, w: Rows, v: Rows, law_values: Rows, active: Array
) -> tuple[Rows, Rows]:
    """The iteration that accepts a step only where it makes the residual smaller; none where nothing is active."""

    def attempt(state):
        best, best_values, least, step, _, count = state
        trial = _added(best, step)
        law_values = evaluate_laws(port_map, prepared.devices, trial)
        following, residual = _step(port_map, prepared, w, trial, law_values, is_direct=True)
        size = sum(row * row for row in residual)
        better = size < least
        best_values = _chosen(better, law_values, best_values)
        best, least = _chosen(better, trial, best), jnp.where(better, size, least)
        # The last step, after which the next is below rounding, has to be taken as well.
        has_moved = (excess_of(port_map, best, step) > 1) | (count == 0)
        step = _chosen(better, following, [0.25 * row for row in step])
        return best, best_values, least, step, has_moved | (excess_of(port_map, best, step) > 1), count + 1

    def unfinished(state):
        *_, active, count = state
        return jnp.any(active) & (count < GUARDED_ITERATIONS)

    still = [jnp.zeros_like(row) for row in v]
    best, law_values, *_ = lax.while_loop(
        unfinished, attempt, (v, law_values, jnp.full_like(v[0], jnp.inf), still, active, jnp.int32(0))
    )
    return best, law_values


def excess_of(port_map: PortMap, v: Rows, step: Rows) -> Array:
    """The largest of the steps, relative to what ends the iteration: the step after it would be below rounding.

    The scalar iteration is of third order, the other of second; dv^3/V_T^2, dv^2/V_T stand against the rounding of v.
    What has no junctions, such as a B source, may bend more sharply than any junction.
    """
    single = v[0].dtype == jnp.float32
    bends = any(not device.law.junctions for device in port_map.devices)
    absolute = (6e-4 if single else 3e-6) if port_map.is_scalar else (1e-4 if single else 1e-8)
    absolute = 0.1 * absolute if bends and port_map.is_scalar else absolute
    relative = 4 * float(jnp.finfo(v[0].dtype).eps)
    excess = [jnp.abs(moved) / (absolute + relative * jnp.abs(port)) for moved, port in zip(step, v, strict=True)]
    return functools.reduce(jnp.maximum, excess)


def _added(v: Rows, step: Rows) -> Rows:
    return [a + b for a, b in zip(v, step, strict=True)]


def _chosen(which: Array, yes: Rows, no: Rows) -> Rows:
    """Rows, or law values, of which several may stand together."""
    return [
        jnp.where(which[..., None, :] if a.ndim > which.ndim else which, a, b) for a, b in zip(yes, no, strict=True)
    ]


def converged(resistance: Array, w: Array, v: Array, current: Array) -> Array:
    """Whether ``v + K i = w`` holds to rounding, (..., batch); false where something is not finite.

    Rounding is taken relative to the terms of the sum: where a port sees gigaohms, a current is never exact in volts.
    """
    if resistance.shape[-3] == 0:
        return jnp.all(jnp.isfinite(w), axis=-2)
    terms = jnp.abs(v) + apply(jnp.abs(resistance), jnp.abs(current)) + jnp.abs(w)
    residual = v + apply(resistance, current) - w
    return jnp.all(jnp.abs(residual) <= RESIDUAL[int(w.dtype == jnp.float32)] * (1 + terms), axis=-2)


def sensitivity(port_map: PortMap, slopes: Array, resistance: Array) -> Array:
    """``(I + K G)^-1``, (..., n_ports, n_ports, batch): how port voltages follow w; slopes as `law` gives them."""
    if port_map.is_scalar:
        return 1 / (1 + resistance * slopes[..., None, :, :])
    return inverse(identity(port_map.ports, resistance.dtype) + matmul(resistance, jacobian(port_map, slopes)))


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def solve_ports(port_map: PortMap, robust: bool, devices: Devices, resistance: Array, w: Array, guess: Array) -> Array:
    """Port voltages, differentiable to any order in everything but the guess.

    Args:
        port_map: the devices on the ports.
        robust: where Newton's iteration fails, follow the solution from no sources at all (source stepping), and where
            that fails from conductances across all junctions (gmin stepping).
        devices: parameters, (..., batch).
        resistance: K.
        w: open-circuit voltages.
        guess: where the iteration starts, broadcasts against w.
    """
    if port_map.ports == 0 or port_map.is_explicit:
        return w
    prepared = prepare_ports(port_map, devices, resistance, held_apart(port_map, resistance))

    v = jnp.broadcast_to(guess, w.shape)
    if not robust:
        return _newton_on_arrays(port_map, prepared, w, v)
    # All at once; else source stepping; else from the open circuit's voltages, where a law may be finite that is not at
    # zero; else gmin stepping. One program, so that the iteration is compiled once.
    ramp = np.linspace(0, 1, CONTINUATION_STEPS) ** 2
    falling = np.append(np.logspace(-1, -13, CONTINUATION_STEPS - 1), 0)
    scales = jnp.asarray(np.concatenate([[1], ramp, [1], np.ones_like(falling)]), w.dtype)
    conductances = jnp.asarray(np.concatenate([[0], np.zeros_like(ramp), [0], falling]), w.dtype)
    from_open = 1 + len(ramp)
    starts = jnp.isin(jnp.arange(len(scales)), jnp.asarray([1, from_open, from_open + 1]))
    ends = jnp.isin(jnp.arange(len(scales)), jnp.asarray([0, len(ramp), from_open, len(scales) - 1]))
    across = identity(port_map.ports, w.dtype) - _held_by_one(port_map, resistance)

    def attempt(state):
        k, v, _ = state
        v = jnp.where(starts[k], jnp.where(k == from_open, w, 0), v)
        with_gmin = prepared._replace(held=prepared.held + conductances[k] * across)
        v = _newton_on_arrays(port_map, with_gmin, scales[k] * w, v)
        is_solution = jnp.all(converged(resistance, w, v, law(port_map, devices, v).current))
        return k + 1, v, ends[k] & is_solution

    def unfinished(state):
        k, _, is_done = state
        return ~is_done & (k < len(scales))

    return lax.while_loop(unfinished, attempt, (jnp.int32(0), v, jnp.asarray(False)))[1]


def _held_by_one(port_map: PortMap, resistance: Array) -> Array:
    """``I - K`` in siemens and ohms: what a shunt of one siemens across each junction would leave of the ports."""
    return held_apart(port_map._replace(shunt=1 / (1 - 8 * float(jnp.finfo(resistance.dtype).eps))), resistance)


@solve_ports.defjvp
def _solve_ports_jvp(port_map, robust, primals, tangents):
    devices, resistance, w, guess = primals
    devices_dot, resistance_dot, w_dot, _ = tangents
    v = solve_ports(port_map, robust, devices, resistance, w, guess)
    if port_map.ports == 0 or port_map.is_explicit:
        return v, w_dot
    linearised = law(port_map, devices, v)
    _, current_dot = jax.jvp(lambda devices: law(port_map, devices, v).current, (devices,), (devices_dot,))
    drive = w_dot - apply(resistance_dot, linearised.current) - apply(resistance, current_dot)
    v_dot = apply(sensitivity(port_map, linearised.slopes, resistance), drive)
    return v, jnp.broadcast_to(v_dot, v.shape)


def _newton_on_arrays(port_map: PortMap, prepared: Ports, w: Array, v: Array) -> Array:
    rows = unstacked(v)
    return stacked(newton(port_map, prepared, unstacked(w), rows, evaluate_laws(port_map, prepared.devices, rows))[0])


def _step(
    port_map: PortMap, prepared: Ports, w: Rows, v: Rows, law_values: Rows, is_direct: bool = False
) -> tuple[Rows, Rows]:
    """One limited Newton step, and the residual before it; `is_direct` keeps its direction, which goes downhill.

    For one port with one law the step is Halley's, which costs no further exponential.
    """
    searching = with_laws(port_map.devices, [device.law.search for device in port_map.devices])
    current, slopes, curvature = rows_of(port_map._replace(devices=searching), prepared.devices, v, law_values)
    ports = range(port_map.ports)
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
        step = [-row for row in solve(_matrix(port_map, prepared, slopes), residual)]
    else:
        total = apply(prepared.held, stacked(v)) + apply(prepared.resistance, stacked(current)) - stacked(w)
        residual = unstacked(total)
        step = unstacked(-solve_arrays(_matrix_array(port_map, prepared, slopes), total))
    short = limited(port_map, prepared, v, step)
    if is_direct and port_map.ports > 1:
        parts = [jnp.where(a == b, 1, a / jnp.where(b == 0, 1, b)) for a, b in zip(short, step, strict=True)]
        scale = functools.reduce(jnp.minimum, parts)
        short = [scale * row for row in step]
    return short, residual


def limited(port_map: PortMap, prepared: Ports, v: Rows, step: Rows) -> Rows:
    """Steps that overshoot no exponential."""
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


def _is_rounding(residual: Rows, w: Rows, v: Rows) -> Array:
    """Whether all residuals are no more than rounding."""
    size = 8 * float(jnp.finfo(v[0].dtype).eps)
    small = [jnp.abs(r) <= size * (1 + jnp.abs(a) + jnp.abs(b)) for r, a, b in zip(residual, w, v, strict=True)]
    return functools.reduce(jnp.logical_and, small)
