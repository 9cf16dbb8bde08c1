"""One block: the loop over time, and its derivative as a linear recurrence."""

import functools
from typing import Any

import jax
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.mna.iteration import newton
from circuitnn.mna.limits import Ports, prepare_ports
from circuitnn.mna.nonlinear import evaluate_laws, in_one, jacobian, laid_out, law, linearise, without_shunts
from circuitnn.mna.operating_point import evaluate, open_circuit
from circuitnn.mna.port_map import PortMap
from circuitnn.mna.ports import sensitivity
from circuitnn.numerics.recurrence import linear_recurrence
from circuitnn.numerics.small import apply, matmul
from circuitnn.transient.parallel import recurrence_with_shown, solve_at_once
from circuitnn.transient.parts import Shown, Solution, Stepper, no_fallbacks


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def solve_block(
    port_map: PortMap, is_parallel: bool, stepper: Stepper, z: Array, v: Array, u: Array, shown: Shown | None
) -> Solution:
    """Run the circuit over a block.

    Differentiable to any order, forwards and in reverse: the derivative is taken at the solution (all samples at once)
    and carried along time by a linear recurrence, so that no iteration is differentiated.

    Args:
        port_map: the devices on the ports.
        is_parallel: solve for all samples at once (`circuitnn.transient.parallel`) in place of a loop over them.
        stepper: the discretised circuit.
        z: (n_states, batch) companion states before the first sample.
        v: (n_ports, batch) port voltages to start the first iteration from.
        u: (time, n_in, batch).
        shown: true states, for teacher forcing.
    """
    prepared = prepare_ports(port_map, stepper.devices, -stepper.ports.i, stepper.held) if port_map.ports else None
    if is_parallel:
        return solve_at_once(
            port_map, prepared, stepper, z, v, u, shown, functools.partial(_in_order, port_map, prepared)
        )
    return _in_order(port_map, prepared, stepper, z, v, u, shown)


def _in_order(
    port_map: PortMap, prepared: Ports | None, stepper: Stepper, z: Array, v: Array, u: Array, shown
) -> Solution:
    """One sample after the other."""
    still, moving, joined = _apart((prepared, stepper.ports, stepper.update))
    # What the laws gave at the sample before is no start for an iteration once the devices have changed.
    is_stale = prepared is not None and any(leaf.shape[0] > 1 for leaf in jax.tree.leaves(prepared.devices))
    goes_on = prepared is not None and not port_map.is_explicit and len(u) > 1

    def step(carry, inputs):
        z, v, law_values = carry
        u, shown, moving = inputs
        prepared, ports, update = joined(still, moving)
        if shown is not None:
            z = jnp.where(shown.mask > 0, shown.z, z)
        change = open_circuit(update, z, u)
        current: Any = ()
        if prepared is not None:
            w = laid_out(port_map, open_circuit(ports, z, u))
            if port_map.is_explicit:
                v = w
                current, _, _ = linearise(port_map, prepared.devices, v, evaluate_laws(port_map, prepared.devices, v))
            else:
                law_values = evaluate_laws(port_map, prepared.devices, v) if goes_on and is_stale else law_values
                v, current, law_values = newton(port_map, prepared, w, v, law_values)
            current = without_shunts(port_map, current, v)
            if isinstance(current, list):
                for drive, row in enumerate(current):
                    change = change + update.i[..., :, drive, :] * row
            else:
                change = change + apply(update.i, current)
        return (z + change, v, law_values), (z, v, current)

    volts = laid_out(port_map, jnp.broadcast_to(v, (port_map.ports, z.shape[-1])))
    law_values = None
    if goes_on:
        first: Any = jax.tree.map(lambda leaf: leaf[0], prepared)
        law_values = evaluate_laws(port_map, first.devices, volts)
    (last, _, _), (before, ports, currents) = lax.scan(step, (z, volts, law_values), (u, shown, moving))
    nothing = jnp.zeros((len(u), 0, z.shape[-1]), z.dtype)
    return Solution(
        before,
        in_one(ports) if port_map.ports else nothing,
        in_one(currents) if port_map.ports and port_map.drives else nothing,
        last,
        no_fallbacks(u),
    )


def _apart(tree: Any):
    """Leaves that are the same at each sample, those that are not, and what puts them together inside the loop."""
    leaves, structure = jax.tree.flatten(tree)
    moves = [leaf.shape[0] > 1 for leaf in leaves]
    still = [leaf[0] for leaf, is_moving in zip(leaves, moves, strict=True) if not is_moving]
    moving = [leaf for leaf, is_moving in zip(leaves, moves, strict=True) if is_moving]

    def joined(still, moving):
        sources = iter(still), iter(moving)
        return jax.tree.unflatten(structure, [next(sources[is_moving]) for is_moving in moves])

    return still, moving, joined


@solve_block.defjvp
def _solve_block_jvp(port_map, is_parallel, primals, tangents):
    stepper, z, v, u, shown = primals
    stepper_dot, z_dot, _, u_dot, shown_dot = tangents
    solution = solve_block(port_map, is_parallel, stepper, z, v, u, shown)
    law_values = law(port_map, stepper.devices, solution.ports)

    def ports_and_update(stepper, u):
        """Both and the currents at the solution, with the port voltages and the companion states held."""
        current = law(port_map, stepper.devices, solution.ports).current
        return (
            evaluate(stepper.ports, solution.before, u, current),
            evaluate(stepper.update, solution.before, u, current),
            current,
        )

    _, (ports_dot, update_dot, current_dot) = jax.jvp(ports_and_update, (stepper, u), (stepper_dot, u_dot))
    states, batch = solution.before.shape[-2:]
    transition, drive, follow = stepper.update.z, update_dot, None
    if port_map.ports:
        # Constants of the recurrence first, tangents apart from them: the rule stays linear in the tangents.
        follow = sensitivity(port_map, law_values.slopes, -stepper.ports.i)
        from_ports = matmul(stepper.update.i, jacobian(port_map, law_values.slopes))
        transition = transition + matmul(from_ports, matmul(follow, stepper.ports.z))
        drive = drive + apply(from_ports, apply(follow, ports_dot))
    unit = jnp.eye(states, dtype=z.dtype)[:, :, None]
    full = (*solution.before.shape[:-1], states, batch)
    transition = jnp.broadcast_to(unit + transition, full)
    drive = jnp.broadcast_to(drive, solution.before.shape)
    if shown is None:
        before_dot, last_dot = linear_recurrence(transition, drive, z_dot, is_parallel=is_parallel)
    else:
        shown_there = shown.mask * shown_dot.z
        before_dot, last_dot = recurrence_with_shown(transition, drive, z_dot, shown.mask, shown_there, is_parallel)
    if follow is None:
        still = jnp.zeros_like(solution.ports), jnp.zeros_like(solution.currents)
        return solution, Solution(before_dot, *still, last_dot, no_fallbacks(u))
    v_dot = jnp.broadcast_to(apply(follow, ports_dot + apply(stepper.ports.z, before_dot)), solution.ports.shape)
    currents_dot = current_dot + apply(jacobian(port_map, law_values.slopes), v_dot)
    currents_dot = jnp.broadcast_to(currents_dot, solution.currents.shape)
    return solution, Solution(before_dot, v_dot, currents_dot, last_dot, no_fallbacks(u))
