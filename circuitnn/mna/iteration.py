"""The damped Newton iteration that solves the nonlinear ports, ``v + K i(v) = w``, all devices together."""

import functools
from typing import Any

from jax import Array, lax
from jax import numpy as jnp

from circuitnn.mna.guarded import guarded
from circuitnn.mna.limits import Ports, limited
from circuitnn.mna.nonlinear import Layout, evaluate_laws, in_one, laid_out
from circuitnn.mna.port_map import PortMap, Rows
from circuitnn.mna.steps import (
    Linearised,
    added,
    chosen,
    infinite,
    is_rounding,
    left_of,
    linearised,
    newton_step,
    zeros_of,
)

PLAIN_ITERATIONS = 30  # the slowest regular case, a step of 50 V into a cold bridge, takes 20


def newton(
    port_map: PortMap, prepared: Ports, w: Layout, v: Layout, law_values: Rows | None
) -> tuple[Layout, Layout, Rows | None]:
    """Port voltages, currents of the drives and the laws there, from a guess; ends when the last step was small.

    Where that takes too long the iteration begins anew from the guess, and tests each step (`guarded`).

    Args:
        port_map: the devices on the ports.
        prepared: from `prepare_ports`.
        w: of the ports with nothing connected.
        v: the guess.
        law_values: the laws there, which are then evaluated after each step, the last one too, for the solve after this
            one. With None, for a solve by itself, they are evaluated before each step, and the currents are those of
            the tangent along the last step, of which is left what is left of the equations.
    """
    at = functools.partial(linearised, port_map, prepared)
    evaluated = functools.partial(evaluate_laws, port_map, prepared.devices)
    goes_on, is_written_out = law_values is not None, isinstance(v, list)

    def ending(devices: Linearised, step: Layout) -> Any:
        """What currents follow from; of rows the currents, since loops that hand on less are faster."""
        return devices.after(port_map, step) if is_written_out else (devices, step)

    def plain(state):
        v, last, _, count = state
        devices = at(v, last if goes_on else evaluated(v))
        step, residual = newton_step(port_map, prepared, w, v, devices)
        step = limited(port_map, prepared, v, step)
        left = left_of(port_map, v, step)
        if port_map.ports > 1:
            # Where nothing but GMIN holds a node, rounding moves it about: then it is the residual that tells.
            left = jnp.where(is_rounding(residual, w, v), 0, left)
        v = added(v, step)
        return v, evaluated(v) if goes_on else ending(devices, step), left, count + 1

    def unfinished(state):
        _, _, left, count = state
        return jnp.any(left > 0) & (count < PLAIN_ITERATIONS)

    first: Any = law_values
    if not goes_on:
        first = zeros_of(lambda v: ending(at(v, evaluated(v)), v), v)
    solved, last, left, _ = lax.while_loop(unfinished, plain, (v, first, infinite(v), jnp.int32(0)))
    stuck = ~(left <= 0)  # not "greater than": a step that is no number has failed too
    if not goes_on:
        last = last if is_written_out else last[0].after(port_map, last[1])
        if any(device.law.search is not None for device in port_map.devices):  # whose slopes are no tangents
            last = at(solved, evaluated(solved)).current
    v, last = guarded(port_map, prepared, w, chosen(stuck, v, solved), last, stuck, goes_on)
    return (v, at(v, last).current, last) if goes_on else (v, last, None)


def newton_on_arrays(port_map: PortMap, prepared: Ports, w: Array, v: Array) -> Array:
    """The same on arrays (..., n_ports, batch)."""
    volts = laid_out(port_map, v)
    law_values = evaluate_laws(port_map, prepared.devices, volts)
    return in_one(newton(port_map, prepared, laid_out(port_map, w), volts, law_values)[0])
