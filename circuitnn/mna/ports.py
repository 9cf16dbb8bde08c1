"""The nonlinear ports: ``v + K i(v) = w``, solved by a damped Newton iteration, differentiated implicitly.

K (..., n_ports, n_drives, batch) is the resistance that the ports see, w (..., n_ports, batch) their quantities with
nothing connected. All devices of a circuit are solved together.
"""

import functools
from typing import Any

import jax
import numpy as np
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.mna.iteration import newton_on_arrays
from circuitnn.mna.limits import prepare_ports
from circuitnn.mna.nonlinear import (
    jacobian,
    law,
    taken_away,
)
from circuitnn.mna.port_map import Devices, PortMap
from circuitnn.numerics.small import (
    apply,
    identity,
    inverse,
    matmul,
    taken,
)

RESIDUAL = 1e-9, 1e-4  # of a solution, in double and single precision, relative to its terms and to one volt
CONTINUATION_STEPS = 24  # of source stepping and of gmin stepping


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
    columns = taken(resistance, [max(drive, 0) for drive in port_map.junction])
    return unit - shunt * np.array([[drive >= 0] for drive in port_map.junction], resistance.dtype) * columns


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
        return newton_on_arrays(port_map, prepared, w, v)
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
        v = newton_on_arrays(port_map, with_gmin, scales[k] * w, v)
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
