"""The nonlinear ports: ``v + K i(v) = w``, solved by a damped Newton iteration, differentiated implicitly.

K (..., n_ports, n_drives, batch) is the resistance that the ports see, w (..., n_ports, batch) their quantities with
nothing connected. All devices of a circuit are solved together.
"""

import functools
from typing import NamedTuple, final

import jax
import numpy as np
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.mna.devices import junctions
from circuitnn.mna.law import Devices, PortMap, exponentials, jacobian, law, rows_of, taken_away, without_shunts
from circuitnn.numerics.small import apply, identity, inverse, matmul, solve

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


def prepare_ports(where: PortMap, devices: Devices, resistance: Array) -> Ports:
    """Prepare the iteration. No gradient goes through it: the solution is differentiated, not the way to it.

    A forward step from cold may go to where a junction conducts as much as the circuit around it does: going further
    only overshoots on the exponential. This is SPICE's junction limiting (Nagel 1975) with the circuit's own critical
    voltage.
    """
    drives = [max(drive, 0) for drive in where.junction]
    seen = jnp.stack([resistance[..., port, drive, :] for port, drive in enumerate(drives)], axis=-2)
    seen = jnp.maximum(seen, float(jnp.finfo(seen.dtype).tiny) ** 0.25)
    infinite = jnp.full_like(seen[..., 0, :], jnp.inf)
    upper, lower, up = ([infinite] * where.ports for _ in range(3))
    for device, given in zip(where.devices, devices.parameters, strict=True):
        for place, direction, saturation, per_volt in junctions(device, given):
            port, sign = device.ports[place]
            critical = -jnp.log(seen[..., port, :] * per_volt * saturation) / per_volt
            side = upper if direction * sign > 0 else lower
            side[port] = jnp.minimum(side[port], critical)
            up[port] = jnp.minimum(up[port], STEPS_UP / per_volt)

    ready = Ports(
        devices=devices,
        resistance=resistance,
        held=_held(where, resistance),
        upper=_stacked(upper),
        lower=-_stacked(lower),
        up=_stacked(up),
    )
    return lax.stop_gradient(ready)


def _held(where: PortMap, resistance: Array) -> Array:
    taken = taken_away(where, resistance.dtype)
    unit = identity(where.ports, resistance.dtype)
    if not taken:
        return jnp.broadcast_to(unit, (*resistance.shape[:-2], where.ports, resistance.shape[-1]))
    zero = jnp.zeros_like(resistance[..., 0, :])
    columns = [resistance[..., drive, :] if drive >= 0 else zero for drive in where.junction]
    return unit - taken * jnp.stack(columns, axis=-2)


def excess_current(where: PortMap, ready: Ports, v: Array, at: Array) -> Array:
    """Currents less those of the shunts: what the linear part of the circuit is driven by."""
    total, _, _ = rows_of(where, ready.devices, v, at)
    return _stacked(without_shunts(where, total, [v[..., port, :] for port in range(where.ports)]))


def evaluate_at(where: PortMap, ready: Ports, v: Array) -> Array:
    """What the laws need at the port voltages v and is dear to compute."""
    return exponentials(where, ready.devices, v)


def newton(where: PortMap, ready: Ports, w: Array, v: Array, at: Array) -> tuple[Array, Array]:
    """Port voltages and the laws there, from a first guess (v, at); ends when the last step was small everywhere.

    Where that takes too long the iteration begins anew from the guess, and each step is shortened until the residual
    has become smaller. On a passive circuit the equations are monotone, the steps go downhill, and it gets there.
    """

    def plain(state):
        v, at, _, count = state
        step, residual = _step(where, ready, w, v, at)
        # Where nothing but GMIN holds a node, rounding moves it about: then it is the residual that tells.
        moved = step if where.ports == 1 else jnp.where(_is_rounding(residual, w, v), 0, step)
        v = v + step
        return v, evaluate_at(where, ready, v), moved, count + 1

    def unfinished(state):
        v, _, moved, count = state
        return jnp.any(jnp.abs(moved) > tolerance(where, v)) & (count < PLAIN_ITERATIONS)

    start = (v, at, jnp.full_like(v, jnp.inf), jnp.int32(0))
    found, at, moved, _ = lax.while_loop(unfinished, plain, start)
    # Not "greater than": a step that is no number has failed too.
    stuck = ~jnp.all(jnp.abs(moved) <= tolerance(where, found), axis=-2, keepdims=True)
    return _guarded(where, ready, w, jnp.where(stuck, v, found), at, stuck)


def _guarded(where: PortMap, ready: Ports, w: Array, v: Array, at: Array, active: Array) -> tuple[Array, Array]:
    """The iteration that accepts a step only where it makes the residual smaller; none where nothing is active."""

    def attempt(state):
        best, at_best, least, step, _, count = state
        trial = best + step
        at = evaluate_at(where, ready, trial)
        following, residual = _step(where, ready, w, trial, at)
        size = jnp.sum(residual * residual, axis=-2, keepdims=True)
        better = size < least
        at_best = jnp.where(better, at, at_best)
        best, least = jnp.where(better, trial, best), jnp.where(better, size, least)
        step = jnp.where(better, following, 0.25 * step)
        active = jnp.any(jnp.abs(step) > tolerance(where, best), axis=-2, keepdims=True)
        return best, at_best, least, step, active, count + 1

    def unfinished(state):
        *_, active, count = state
        return jnp.any(active) & (count < GUARDED_ITERATIONS)

    start = (v, at, jnp.full_like(v[..., :1, :], jnp.inf), jnp.zeros_like(v), active, jnp.int32(0))
    best, at, *_ = lax.while_loop(unfinished, attempt, start)
    return best, at


def tolerance(where: PortMap, v: Array) -> Array:
    """Size of the last step that ends the iteration: the step after it would be below rounding.

    The scalar iteration is of third order, the other of second; dv^3/V_T^2, dv^2/V_T stand against the rounding of v.
    """
    single = v.dtype == jnp.float32
    absolute = (4e-4 if single else 3e-6) if where.is_scalar else (3e-5 if single else 1e-8)
    return absolute + 4 * float(jnp.finfo(v.dtype).eps) * jnp.abs(v)


def converged(resistance: Array, w: Array, v: Array, current: Array) -> Array:
    """Whether ``v + K i = w`` holds to rounding, (..., batch); false where something is not finite.

    Rounding is taken relative to the terms of the sum: where a port sees gigaohms, a current is never exact in volts.
    """
    if resistance.shape[-3] == 0:
        return jnp.all(jnp.isfinite(w), axis=-2)
    terms = jnp.abs(v) + apply(jnp.abs(resistance), jnp.abs(current)) + jnp.abs(w)
    residual = v + apply(resistance, current) - w
    return jnp.all(jnp.abs(residual) <= RESIDUAL[int(w.dtype == jnp.float32)] * (1 + terms), axis=-2)


def sensitivity(where: PortMap, slopes: Array, resistance: Array) -> Array:
    """``(I + K G)^-1``, (..., n_ports, n_ports, batch): how port voltages follow w; slopes as `law` gives them."""
    if where.is_scalar:
        return 1 / (1 + resistance * slopes[..., None, :, :])
    return inverse(identity(where.ports, resistance.dtype) + matmul(resistance, jacobian(where, slopes)))


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def solve_ports(where: PortMap, robust: bool, devices: Devices, resistance: Array, w: Array, guess: Array) -> Array:
    """Port voltages, differentiable to any order in everything but the guess.

    Args:
        where: the devices on the ports.
        robust: where Newton's iteration fails, follow the solution from no sources at all (source stepping), and where
            that fails from conductances across all junctions (gmin stepping).
        devices: parameters, (..., batch).
        resistance: K.
        w: open-circuit voltages.
        guess: where the iteration starts, broadcasts against w.
    """
    if where.ports == 0:
        return w
    ready = prepare_ports(where, devices, resistance)

    v = jnp.broadcast_to(guess, w.shape)
    if not robust:
        return newton(where, ready, w, v, evaluate_at(where, ready, v))[0]
    # All at once; else source stepping; else gmin stepping: one program, so that the iteration is compiled once.
    ramp = np.linspace(0, 1, CONTINUATION_STEPS) ** 2
    falling = np.append(np.logspace(-1, -13, CONTINUATION_STEPS - 1), 0)
    scales = jnp.asarray(np.concatenate([[1], ramp, np.ones_like(falling)]), w.dtype)
    conductances = jnp.asarray(np.concatenate([[0], np.zeros_like(ramp), falling]), w.dtype)
    starts = jnp.isin(jnp.arange(len(scales)), jnp.asarray([1, 1 + len(ramp)]))
    ends = jnp.isin(jnp.arange(len(scales)), jnp.asarray([0, len(ramp), len(ramp) + len(falling)]))
    across = identity(where.ports, w.dtype) - _held_by_one(where, resistance)

    def attempt(state):
        k, v, _ = state
        v = jnp.where(starts[k], 0, v)
        here = ready._replace(held=ready.held + conductances[k] * across)
        v = newton(where, here, scales[k] * w, v, evaluate_at(where, here, v))[0]
        found = jnp.all(converged(resistance, w, v, law(where, devices, v).current))
        return k + 1, v, ends[k] & found

    def unfinished(state):
        k, _, is_done = state
        return ~is_done & (k < len(scales))

    return lax.while_loop(unfinished, attempt, (jnp.int32(0), v, jnp.asarray(False)))[1]


def _held_by_one(where: PortMap, resistance: Array) -> Array:
    """``I - K`` in siemens and ohms: what a shunt of one siemens across each junction would leave of the ports."""
    return _held(where._replace(shunt=1 / (1 - 8 * float(jnp.finfo(resistance.dtype).eps))), resistance)


@solve_ports.defjvp
def _solve_ports_jvp(where, robust, primals, tangents):
    devices, resistance, w, guess = primals
    devices_dot, resistance_dot, w_dot, _ = tangents
    v = solve_ports(where, robust, devices, resistance, w, guess)
    if where.ports == 0:
        return v, w_dot
    at = law(where, devices, v)
    _, current_dot = jax.jvp(lambda devices: law(where, devices, v).current, (devices,), (devices_dot,))
    drive = w_dot - apply(resistance_dot, at.current) - apply(resistance, current_dot)
    v_dot = apply(sensitivity(where, at.slopes, resistance), drive)
    return v, jnp.broadcast_to(v_dot, v.shape)


def _step(where: PortMap, ready: Ports, w: Array, v: Array, at: Array) -> tuple[Array, Array]:
    """One limited Newton step, (..., n_ports, batch), and the residual before it.

    For one port with one law the step is Halley's, which costs no further exponential.
    """
    total, rows, second = rows_of(where, ready.devices, v, at)
    still = v if where.is_scalar else apply(ready.held, v)
    residual = still + apply(ready.resistance, _stacked(total)) - w
    slopes = _stacked(rows)
    if where.is_scalar:
        k = ready.resistance[..., 0, :]
        slope = 1 + k * slopes
        square = slope * slope
        curvature = k * _stacked(second)
        # Bounded below: half of it is what the exponential itself gives far above the solution.
        step = -residual * slope / jnp.maximum(square - 0.5 * residual * curvature, 0.4 * square)
    else:
        step = -solve(_matrix(where, ready, slopes), residual)
    limited = jnp.clip(step, -jnp.maximum(ready.up, v - ready.lower), jnp.maximum(ready.up, ready.upper - v))
    return limited, residual


def _matrix(where: PortMap, ready: Ports, slopes: Array) -> Array:
    """``I + K G``, (..., n_ports, n_ports, batch)."""
    columns = [ready.held[..., port, :] for port in range(where.ports)]
    for k, (drive, port) in enumerate(where.slopes):
        columns[port] = columns[port] + ready.resistance[..., drive, :] * slopes[..., k : k + 1, :]
    return jnp.stack(jnp.broadcast_arrays(*columns), axis=-2)


def _is_rounding(residual: Array, w: Array, v: Array) -> Array:
    """Whether all residuals are no more than rounding, (..., 1, batch)."""
    size = 8 * float(jnp.finfo(v.dtype).eps) * (1 + jnp.abs(w) + jnp.abs(v))
    return jnp.all(jnp.abs(residual) <= size, axis=-2, keepdims=True)


def _stacked(rows: list[Array]) -> Array:
    """Rows (..., batch) as (..., rows, batch)."""
    return jnp.stack(jnp.broadcast_arrays(*rows), axis=-2)
