"""One block of the nodal model: the loop over time, and its derivative as a linear recurrence."""

import dataclasses
import functools
from typing import NamedTuple, final

import jax
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.mna.junctions import Junctions, PortMap, law
from circuitnn.mna.operating_point import evaluate, open_circuit
from circuitnn.mna.ports import Ports, evaluate_at, excess_current, newton, prepare_ports, rest_current, sensitivity
from circuitnn.mna.stamps import Affine
from circuitnn.numerics.recurrence import linear_recurrence
from circuitnn.numerics.small import apply, matmul


@final
class Stepper(NamedTuple):
    """The part of a system that the loop over time needs."""

    ports: Affine
    update: Affine
    diodes: Junctions


@final
class Shown(NamedTuple):
    """Companion states shown to the loop (teacher forcing): z (time, n_states, batch) where the mask is one."""

    z: Array
    mask: Array  # (time, 1, batch), zeros and ones


@final
class Solution(NamedTuple):
    """Companion states before each sample (time, n_states, batch), port voltages at it, companion states at the end."""

    before: Array
    ports: Array
    last: Array


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def solve_block(
    where: PortMap, along_time: bool, stepper: Stepper, z: Array, v: Array, u: Array, shown: Shown | None
) -> Solution:
    """Run the circuit over a block.

    Differentiable to any order, forwards and in reverse: the derivative is taken at the solution (all samples at once)
    and carried along time by a linear recurrence, so that no iteration is differentiated.

    Args:
        where: ports of the diodes.
        along_time: whether the arrays of `stepper` have a time axis in front.
        stepper: the discretised circuit.
        z: (n_states, batch) companion states before the first sample.
        v: (n_ports, batch) port voltages to start the first iteration from.
        u: (time, n_in, batch).
        shown: true states, for teacher forcing.
    """
    ready = prepare_ports(where, stepper.diodes, -stepper.ports.i) if where.ports else None
    open_ports, update = _without_rest_current(where, stepper, ready)
    per_block = (ready, open_ports, update)
    fixed, moving = (None, per_block) if along_time else (per_block, None)

    def step(carry, inputs):
        z, v, at = carry
        u, shown, moving = inputs
        ready, open_ports, update = moving if fixed is None else fixed
        if shown is not None:
            z = jnp.where(shown.mask > 0, shown.z, z)
        change = open_circuit(update, z, u)
        if ready is not None:
            v_new, at = newton(where, ready, open_circuit(open_ports, z, u), v, at)
            change = change + apply(update.i, excess_current(where, v_new, at))
        else:
            v_new = v
        return (z + change, v_new, at), (z, v_new)

    first = jax.tree.map(lambda leaf: leaf[0], ready) if along_time else ready
    at = v if first is None else evaluate_at(where, first, v)
    (last, _, _), (before, ports) = lax.scan(step, (z, v, at), (u, shown, moving))
    return Solution(before, ports, last)


def _without_rest_current(where: PortMap, stepper: Stepper, ready: Ports | None) -> tuple[Affine, Affine]:
    """Ports and update for currents as the loop has them: exponentials, their constant part in the offsets."""
    if ready is None:
        return stepper.ports, stepper.update
    ports = dataclasses.replace(stepper.ports, one=stepper.ports.one + ready.offset)
    rest = apply(stepper.update.i, rest_current(where, stepper.diodes))
    return ports, dataclasses.replace(stepper.update, one=stepper.update.one - rest)


@solve_block.defjvp
def _solve_block_jvp(where, along_time, primals, tangents):
    stepper, z, v, u, shown = primals
    stepper_dot, z_dot, _, u_dot, shown_dot = tangents
    solution = solve_block(where, along_time, stepper, z, v, u, shown)
    at = law(where, stepper.diodes, solution.ports)

    def ports_and_update(stepper, u):
        """Both at the solution, with the port voltages and the companion states held."""
        current = law(where, stepper.diodes, solution.ports).current
        return (
            evaluate(stepper.ports, solution.before, u, current),
            evaluate(stepper.update, solution.before, u, current),
        )

    _, (ports_dot, update_dot) = jax.jvp(ports_and_update, (stepper, u), (stepper_dot, u_dot))
    states, batch = solution.before.shape[-2:]
    transition, drive, follow = stepper.update.z, update_dot, None
    if where.ports:
        # Constants of the recurrence first, tangents apart from them: the rule stays linear in the tangents.
        follow = sensitivity(jnp.broadcast_to(at.conductance, solution.ports.shape), -stepper.ports.i)
        from_ports = stepper.update.i * at.conductance[..., None, :, :]
        transition = transition + matmul(from_ports, matmul(follow, stepper.ports.z))
        drive = drive + apply(from_ports, apply(follow, ports_dot))
    identity = jnp.eye(states, dtype=z.dtype)[:, :, None]
    full = (*solution.before.shape[:-1], states, batch)
    transition = jnp.broadcast_to(identity + transition, full)
    drive = jnp.broadcast_to(drive, solution.before.shape)
    if shown is None:
        before_dot, last_dot = linear_recurrence(transition, drive, z_dot)
    else:
        before_dot, last_dot = _with_shown(transition, drive, z_dot, shown, shown_dot)
    if follow is None:
        return solution, Solution(before_dot, jnp.zeros_like(solution.ports), last_dot)
    v_dot = jnp.broadcast_to(apply(follow, ports_dot + apply(stepper.ports.z, before_dot)), solution.ports.shape)
    return solution, Solution(before_dot, v_dot, last_dot)


def _with_shown(transition, drive, z_dot, shown, shown_dot):
    """The recurrence where states are overwritten: what was there before has no influence, what is shown has."""
    keep = 1 - shown.mask
    drive = drive + apply(transition, shown.mask * shown_dot.z)
    before_dot, last_dot = linear_recurrence(transition * keep[:, :, None, :], drive, z_dot)
    return keep * before_dot + shown.mask * shown_dot.z, last_dot
