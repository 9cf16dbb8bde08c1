"""The nonlinear ports: ``v + K i(v) = w``, solved by a damped Newton iteration, differentiated implicitly.

K (..., n_ports, n_ports, batch) is the resistance that the ports see, w (..., n_ports, batch) their voltages with
nothing connected. All diodes of a circuit are solved together.
"""

import functools
from typing import NamedTuple, final

import jax
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.mna.junctions import (
    Junctions,
    PortMap,
    difference,
    exponentials,
    law,
    saturation,
    signed_per_volt,
    taken_away,
    to_junctions,
    to_ports,
)
from circuitnn.numerics.small import apply, identity, inverse, solve_rows

MAX_ITERATIONS = 60  # inside the time loop; the slowest regular case, a step of 50 V into a cold bridge, takes 20
RESIDUAL = 1e-9, 1e-4  # of a solution, in double and single precision, relative to its terms and to one volt
STEPS_UP = 2.0  # thermal voltages by which a conducting diode may go up in one iteration
CONTINUATION_STEPS = 24  # source stepping, where the plain iteration fails


@final
class Ports(NamedTuple):
    """What the iteration needs, prepared outside of the loop over time; (..., rows, batch) as in `Junctions`.

    The currents are kept as exponentials ``at = I_s e^x``; the constant rest of the law is in the offsets.
    """

    per_volt: Array  # (..., directions, n_junctions, batch), signed
    saturation: Array
    resistance: Array  # K
    held: Array  # I - K times the shunt; the identity where there is none, and then not used for a single port
    offset: Array  # (..., n_ports, batch): K times the saturation currents, to be added to w
    upper: Array  # voltages at which the diodes take over from the resistance that they see
    lower: Array
    up: Array  # by how much the ports may go in one iteration where the diodes have taken over


def prepare_ports(where: PortMap, diodes: Junctions, resistance: Array) -> Ports:
    """Prepare the iteration. No gradient goes through it: the solution is differentiated, not the way to it.

    A forward step from cold may go to where the diode conducts as much as the circuit around it does: going further
    only overshoots on the exponential. This is SPICE's junction limiting (Nagel 1975) with the circuit's own critical
    voltage.
    """
    saturations = saturation(where, diodes)
    seen = jnp.stack([resistance[..., port, port, :] for port in where.of_junction], axis=-2)
    seen = jnp.maximum(seen, float(jnp.finfo(seen.dtype).tiny) ** 0.25)
    # Infinite where a port has no diode in that direction.
    critical = (
        -(jnp.log(seen * diodes.per_volt)[..., None, :, :] + jnp.log(saturations)) / diodes.per_volt[..., None, :, :]
    )
    infinite = jnp.full_like(critical[..., 0, :, :], jnp.inf)
    forward = critical[..., 0, :, :] if where.has_forward else infinite
    backward = critical[..., -1, :, :] if where.has_backward else infinite
    ready = Ports(
        per_volt=signed_per_volt(where, diodes),
        saturation=saturations,
        resistance=resistance,
        held=identity(resistance) - taken_away(where, resistance.dtype) * resistance,
        offset=apply(resistance, rest_current(where, diodes)),
        upper=_smallest(where, forward),
        lower=-_smallest(where, backward),
        up=STEPS_UP * _smallest(where, 1 / diodes.per_volt),
    )
    return lax.stop_gradient(ready)


def rest_current(where: PortMap, diodes: Junctions) -> Array:
    """What `current_of` has too much: the saturation currents, (..., n_ports, batch)."""
    return to_ports(where, difference(where, saturation(where, diodes)))


def current_of(where: PortMap, at: Array) -> Array:
    """Currents of the diodes from their exponentials, without the constant `rest_current`."""
    return to_ports(where, difference(where, at))


def excess_current(where: PortMap, v: Array, at: Array) -> Array:
    """The same less the current of the shunt: what the linear part of the circuit is driven by."""
    current = current_of(where, at)
    return current - taken_away(where, v.dtype) * v if where.shunt else current


def evaluate_at(where: PortMap, ready: Ports, v: Array) -> Array:
    """The exponentials at the port voltages v."""
    return exponentials(to_junctions(where, v), ready.per_volt, ready.saturation)


def newton(where: PortMap, ready: Ports, w: Array, v: Array, at: Array) -> tuple[Array, Array]:
    """Port voltages and their exponentials, from a first guess (v, at); ends when the last step was small everywhere.

    `w` includes the offset. Each quantity that is dear to compute has one use in an iteration, and there are few
    operands: XLA then makes three kernels of it and not a dozen, and may compile a loop over it as one function (it
    does so when an iteration touches less than a kilobyte, which is the case for one stream and one or two ports).
    """

    def body(state):
        v, at, _, count = state
        step, residual = _step(where, ready, w, v, at)
        # Where nothing but GMIN holds a node, rounding moves it about: then it is the residual that tells.
        moved = step if where.ports == 1 else jnp.where(_is_rounding(residual, w, v), 0, step)
        v = v + step
        return v, evaluate_at(where, ready, v), moved, count + 1

    def unfinished(state):
        v, _, moved, count = state
        return jnp.any(jnp.abs(moved) > tolerance(where, v)) & (count < MAX_ITERATIONS)

    v, at, _, _ = lax.while_loop(unfinished, body, (v, at, jnp.full_like(v, jnp.inf), jnp.int32(0)))
    return v, at


def tolerance(where: PortMap, v: Array) -> Array:
    """Size of the last step that ends the iteration: the step after it would be below rounding.

    The scalar iteration is of third order, the other of second; dv^3/V_T^2, dv^2/V_T stand against the rounding of v.
    """
    single = v.dtype == jnp.float32
    absolute = (4e-4 if single else 3e-6) if where.ports == 1 else (3e-5 if single else 1e-8)
    return absolute + 4 * float(jnp.finfo(v.dtype).eps) * jnp.abs(v)


def converged(resistance: Array, w: Array, v: Array, current: Array) -> Array:
    """Whether ``v + K i = w`` holds to rounding, (..., batch); false where something is not finite.

    Rounding is taken relative to the terms of the sum: where a port sees gigaohms, a current is never exact in volts.
    """
    if resistance.shape[-2] == 0:
        return jnp.all(jnp.isfinite(w), axis=-2)
    terms = jnp.abs(v) + apply(jnp.abs(resistance), jnp.abs(current)) + jnp.abs(w)
    residual = v + apply(resistance, current) - w
    return jnp.all(jnp.abs(residual) <= RESIDUAL[int(w.dtype == jnp.float32)] * (1 + terms), axis=-2)


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
    ready = prepare_ports(where, diodes, resistance)

    def from_guess(w, guess):
        v = jnp.broadcast_to(guess, w.shape)
        return newton(where, ready, w + ready.offset, v, evaluate_at(where, ready, v))[0]

    v = from_guess(w, guess)
    if not robust:
        return v

    def stepping(_):
        scales = jnp.linspace(0, 1, CONTINUATION_STEPS, dtype=w.dtype) ** 2
        return lax.scan(lambda v, scale: (from_guess(scale * w, v), None), jnp.zeros_like(w), scales)[0]

    return lax.cond(jnp.all(converged(resistance, w, v, law(where, diodes, v).current)), lambda v: v, stepping, v)


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


def _step(where: PortMap, ready: Ports, w: Array, v: Array, at: Array) -> tuple[Array, Array]:
    """One limited Newton step, (..., n_ports, batch), and the residual before it.

    For one port the step is Halley's, which costs no further exponential.
    """
    residual = (v if where.ports == 1 else apply(ready.held, v)) + apply(ready.resistance, current_of(where, at)) - w
    slopes = ready.per_volt * at
    conductance = to_ports(where, difference(where, slopes))
    if where.ports == 1:
        k = ready.resistance[..., 0, :]
        slope = 1 + k * conductance
        curvature = k * to_ports(where, difference(where, slopes * ready.per_volt))
        square = slope * slope
        # Bounded below: half of it is what the exponential itself gives far above the solution.
        step = -residual * slope / jnp.maximum(square - 0.5 * residual * curvature, 0.4 * square)
    else:
        ports = range(where.ports)
        rows = [
            [ready.held[..., i, j, :] + ready.resistance[..., i, j, :] * conductance[..., j, :] for j in ports]
            for i in ports
        ]
        step = -jnp.stack(solve_rows(rows, [residual[..., i, :] for i in ports]), axis=-2)
    limited = jnp.clip(step, -jnp.maximum(ready.up, v - ready.lower), jnp.maximum(ready.up, ready.upper - v))
    return limited, residual


def _is_rounding(residual: Array, w: Array, v: Array) -> Array:
    """Whether all residuals are no more than rounding, (..., 1, batch)."""
    size = 8 * float(jnp.finfo(v.dtype).eps) * (1 + jnp.abs(w) + jnp.abs(v))
    return jnp.all(jnp.abs(residual) <= size, axis=-2, keepdims=True)


def _smallest(where: PortMap, each: Array) -> Array:
    """Smallest over the junctions of each port."""
    rows = [
        functools.reduce(jnp.minimum, [each[..., k, :] for k, port in enumerate(where.of_junction) if port == own])
        for own in range(where.ports)
    ]
    return jnp.stack(rows, axis=-2)
