"""The nonlinear ports: ``v + K i(v) = w``, solved by a damped Newton iteration, differentiated implicitly.

K (..., n_ports, n_ports, batch) is the resistance that the ports see, w (..., n_ports, batch) their voltages with
nothing connected. All diodes of a circuit are solved together.
"""

import functools
from typing import NamedTuple, final

import jax
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.mna.junctions import Junctions, PortMap, law
from circuitnn.numerics.small import apply, identity, inverse, solve_rows

MAX_ITERATIONS = 60  # inside the time loop; the slowest regular case, a step of 50 V into a cold bridge, takes 20
STEPS_UP = 2.0  # thermal voltages by which a conducting diode may go up in one iteration
CONTINUATION_STEPS = 24  # source stepping, where the plain iteration fails


@final
class Limits(NamedTuple):
    """Where the ports may go at once: voltages at which the diodes take over from the resistance that they see."""

    upper: Array
    lower: Array
    width: Array  # smallest slope of the port's diodes


def limits(where: PortMap, diodes: Junctions, resistance: Array) -> Limits:
    """Limits of the Newton steps, (..., n_ports, batch); they depend on parameters only.

    A forward step from cold may go to where the diode conducts as much as the circuit around it does: going further
    only overshoots on the exponential. This is SPICE's junction limiting (Nagel 1975) with the circuit's own critical
    voltage.
    """
    tiny = float(jnp.finfo(resistance.dtype).tiny)
    infinite = jnp.asarray(jnp.inf, resistance.dtype)
    upper, lower, width = ([infinite] * where.ports for _ in range(3))
    for k, port in enumerate(where.of_junction):
        seen = jnp.maximum(resistance[..., port, port, :], tiny**0.25)
        slope = diodes.slope[..., k, :]

        def critical(saturation, slope=slope, seen=seen):
            return slope * (jnp.log(slope / seen) - jnp.log(saturation))  # infinite where there is no such diode

        upper[port] = jnp.minimum(upper[port], critical(diodes.forward[..., k, :]))
        lower[port] = jnp.minimum(lower[port], critical(diodes.backward[..., k, :]))
        width[port] = jnp.minimum(width[port], slope)
    up, down, narrow = (jnp.stack(jnp.broadcast_arrays(*rows), axis=-2) for rows in (upper, lower, width))
    return lax.stop_gradient(Limits(upper=up, lower=-down, width=narrow))


def newton(where: PortMap, diodes: Junctions, resistance: Array, bounds: Limits, w: Array, v: Array) -> Array:
    """Port voltages from the first guess v; ends when the last step was small enough for all entries."""
    if where.ports == 0:
        return w
    dtype = w.dtype

    def advance(v):
        return _limited(bounds, v, v + _step(where, diodes, resistance, w, v))

    def unfinished(state):
        new, old, count = state
        return jnp.any(jnp.abs(new - old) > tolerance(where, dtype, new)) & (count < MAX_ITERATIONS)

    def body(state):
        new, _, count = state
        return advance(new), new, count + 1

    v = jnp.broadcast_to(v, w.shape)
    return lax.while_loop(unfinished, body, (advance(v), v, jnp.int32(1)))[0]


def tolerance(where: PortMap, dtype, v: Array) -> Array:
    """Size of the last step that ends the iteration: the step after it would be below rounding.

    The scalar iteration is of third order, the other of second; dv^3/V_T^2, dv^2/V_T stand against the rounding of v.
    """
    single = dtype == jnp.float32
    absolute = (4e-4 if single else 1e-6) if where.ports == 1 else (3e-5 if single else 1e-8)
    return absolute + 4 * float(jnp.finfo(dtype).eps) * jnp.abs(v)


def converged(where: PortMap, diodes: Junctions, resistance: Array, w: Array, v: Array) -> Array:
    """Whether one more Newton step would be within the tolerance, (..., batch); false where not finite."""
    if where.ports == 0:
        return jnp.all(jnp.isfinite(w), axis=-2)
    step = _step(where, diodes, resistance, w, v)
    return jnp.all(jnp.abs(step) <= tolerance(where, w.dtype, v), axis=-2)


def sensitivity(conductance: Array, resistance: Array) -> Array:
    """``(I + K G)^-1``, (..., n_ports, n_ports, batch): how port voltages follow w; G has `conductance` on it."""
    if resistance.shape[-2] == 1:
        return 1 / (1 + resistance * conductance[..., None, :, :])
    return inverse(identity(resistance) + resistance * conductance[..., None, :, :])


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def solve_ports(where: PortMap, robust: bool, diodes: Junctions, resistance: Array, w: Array, guess: Array) -> Array:
    """Port voltages, differentiable to any order in everything but the guess.

    Args:
        where: ports of the junctions.
        robust: follow the solution from no sources at all where the plain iteration fails (source stepping).
        diodes: parameters, (..., n_junctions, batch).
        resistance: K.
        w: open-circuit voltages.
        guess: where the iteration starts, broadcasts against w.
    """
    if where.ports == 0:
        return w
    bounds = limits(where, diodes, resistance)
    v = newton(where, diodes, resistance, bounds, w, guess)
    if not robust:
        return v

    def stepping(_):
        def level(v, scale):
            return newton(where, diodes, resistance, bounds, scale * w, v), None

        scales = jnp.linspace(0, 1, CONTINUATION_STEPS, dtype=w.dtype) ** 2
        return lax.scan(level, jnp.zeros_like(w), scales)[0]

    return lax.cond(jnp.all(converged(where, diodes, resistance, w, v)), lambda v: v, stepping, v)


@solve_ports.defjvp
def _solve_ports_jvp(where, robust, primals, tangents):
    diodes, resistance, w, guess = primals
    diodes_dot, resistance_dot, w_dot, _ = tangents
    v = solve_ports(where, robust, diodes, resistance, w, guess)
    if where.ports == 0:
        return v, w_dot
    at = law(where, diodes, v)
    _, current_dot = jax.jvp(lambda diodes: law(where, diodes, v).current, (diodes,), (diodes_dot,))
    drive = w_dot - apply(resistance_dot, at.current) - apply(resistance, current_dot)
    v_dot = apply(sensitivity(at.conductance, resistance), drive)
    return v, jnp.broadcast_to(v_dot, v.shape)


def _step(where: PortMap, diodes: Junctions, resistance: Array, w: Array, v: Array) -> Array:
    """One Newton step, (..., n_ports, batch); for one port, Halley's, which costs no further exponential."""
    at = law(where, diodes, v)
    residual = v + apply(resistance, at.current) - w
    if where.ports == 1:
        k = resistance[..., 0, :]
        slope = 1 + k * at.conductance
        newton_step = residual / slope
        # Bounded below: 1/2 is what the exponential itself gives far above the solution.
        return -newton_step / jnp.maximum(1 - 0.5 * newton_step * k * at.curvature / slope, 0.4)
    rows = [
        [float(i == j) + resistance[..., i, j, :] * at.conductance[..., j, :] for j in range(where.ports)]
        for i in range(where.ports)
    ]
    return -jnp.stack(solve_rows(rows, [residual[..., i, :] for i in range(where.ports)]), axis=-2)


def _limited(bounds: Limits, v: Array, new: Array) -> Array:
    highest = jnp.maximum(v + STEPS_UP * bounds.width, bounds.upper)
    lowest = jnp.minimum(v - STEPS_UP * bounds.width, bounds.lower)
    return jnp.clip(new, lowest, highest)
