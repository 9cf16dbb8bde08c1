"""The iteration for the samples that plain Newton steps do not solve: slower, and with a test of each step."""

from typing import Any

import jax
import numpy as np
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.mna.limits import Ports
from circuitnn.mna.nonlinear import Layout, evaluate_laws
from circuitnn.mna.port_map import PortMap
from circuitnn.mna.steps import (
    Linearised,
    added,
    chosen,
    for_ports,
    infinite,
    is_rounding,
    left_of,
    linearised,
    newton_step,
    over_ports,
    zeros_of,
)

ITERATIONS = 600  # in all; a step with its test is two
TESTED = 200  # of these, until the solution is looked for in a time of its own
SHORTEST = 1e-9  # part of a Newton step: what has to be shorter than this leads nowhere
FIRST_CONDUCTANCE = 1.0  # siemens: so much that it hardly moves
FASTER, SLOWER = 0.5, 4.0
LENGTHENING = 4.0  # at most of a step over the one before: where a conductance cancels a negative one it has no end
LARGEST_CONDUCTANCE = 1e3  # siemens: what is still moving is no junction's, and Newton's steps go on from there
LAST_CONDUCTANCE = 1e-12  # siemens: so little that the steps are those of Newton's method


def guarded(
    port_map: PortMap, prepared: Ports, w: Layout, v: Layout, kept: Any, active: Array, goes_on: bool
) -> tuple[Layout, Any]:
    """Solve the ports from the guess v; nothing is computed where nothing is `active`.

    First by Newton's iteration with the natural monotonicity test (Deuflhard 1974; his Newton Methods for
    Nonlinear Problems, 2004): a part of a step is taken if the next one with the same slopes would be shorter. Unlike
    that of the residual, this length tells how far the solution is, whatever resistances the ports see. Where the
    solution that the guess was near is no more, as when an oscillator jumps, there is a fold in between and the steps
    end at no solution. Then the search begins anew from the guess, with capacitances across the junctions: in a time
    of its own it goes to where a circuit with such capacitances would go (pseudo-transient continuation, Kelley and
    Keyes 1998). A backward Euler step of length C/conductance is a Newton step with the conductance across each
    junction; one that turns back, or is much longer than the one before, was too long.

    Args:
        port_map: the devices on the ports.
        prepared: from `prepare_ports`.
        w: of the ports with nothing connected.
        v: the guess, which stays where nothing is active.
        kept: what is returned there of the solution: the laws where it `goes_on`, else the currents.
        active: (..., batch) where to solve.
        goes_on: whether laws or currents are wanted.
    """

    def attempt(state):
        best, kept, step, size, slopes, length, is_test, conductance, active, count = state
        in_time = conductance > 0
        looks = ~is_test & ~in_time  # about where the iteration stands; else it tests or goes
        part = jnp.where(is_test, length, 1)
        further = added(best, jax.tree.map(lambda row: for_ports(part, row) * row, step))
        trial = chosen(looks, best, further)
        law_values = evaluate_laws(port_map, prepared.devices, trial)
        devices = linearised(port_map, prepared, trial, law_values)
        slopes = chosen(is_test, slopes, _with_conductance(port_map, devices.slopes, conductance))
        curvature = [jnp.where(is_test, 0, row) for row in devices.curvature]
        following, residual = newton_step(port_map, prepared, w, trial, Linearised(devices.current, slopes, curvature))
        reached = _inner(following, following)
        is_last = left_of(port_map, best, step) <= 0  # the step after it would be below rounding
        is_there = left_of(port_map, trial, following) <= 0  # where rounding alone gives the step its direction
        is_shorter = reached <= jnp.square(1 - 0.25 * length) * size
        is_steady = (reached <= LENGTHENING**2 * size) & (_inner(step, following) >= 0)
        better = looks | jnp.where(is_test, is_shorter, is_steady | is_there)
        best, kept = chosen(active & better, (trial, law_values if goes_on else devices.current), (best, kept))
        ends = (is_test & is_last) | (looks & ~jnp.isfinite(reached)) | (better & is_rounding(residual, w, trial))
        ends = ends & ~in_time | (in_time & better & is_last & (conductance <= LAST_CONDUCTANCE))

        length = jnp.where(looks, jnp.minimum(4 * length, 1), jnp.where(is_test & ~better, 0.25 * length, length))
        conductance = conductance * jnp.where(better, FASTER, SLOWER)
        gives_up = ~ends & ~in_time & ((length < SHORTEST) | (count == TESTED))
        is_far = in_time & (conductance > LARGEST_CONDUCTANCE)
        goes = looks | (in_time & better)
        size, step = jnp.where(goes, reached, size), chosen(goes, following, step)
        is_test = (looks | (is_test & ~better)) & ~gives_up
        conductance = jnp.where(gives_up, FIRST_CONDUCTANCE, jnp.where(is_far, 0, conductance))
        length = jnp.where(is_far, 1, length)
        best, size = chosen(active & gives_up, v, best), jnp.where(gives_up, jnp.inf, size)
        step = chosen(gives_up | (in_time & ~better), still, step)
        return best, kept, step, size, slopes, length, is_test, conductance, active & ~ends, count + 1

    def unfinished(state):
        *_, active, count = state
        return jnp.any(active) & (count < ITERATIONS)

    still = jax.tree.map(jnp.zeros_like, v)
    nothing = jnp.zeros_like(infinite(v))
    slopes = zeros_of(
        lambda v: linearised(port_map, prepared, v, evaluate_laws(port_map, prepared.devices, v)).slopes, v
    )
    start = v, kept, still, nothing, slopes, nothing + 1, jnp.zeros_like(active), nothing, active, jnp.int32(0)
    best, kept, *_ = lax.while_loop(unfinished, attempt, start)
    return best, kept


def _with_conductance(port_map: PortMap, slopes: Layout, conductance: Array) -> Layout:
    """Slopes of the devices with a conductance across each junction."""
    is_across = [port_map.junction[port] == drive for drive, port in port_map.slopes]
    if isinstance(slopes, list):
        return [row + conductance if across else row for across, row in zip(is_across, slopes, strict=True)]
    return slopes + np.array(is_across, slopes.dtype)[:, None] * conductance[..., None, :]


def _inner(a: Layout, b: Layout) -> Array:
    return over_ports(sum, jnp.sum, jax.tree.map(jnp.multiply, a, b))
