"""A block solved for all samples at once: Newton's iteration over the whole trajectory.

Each iteration linearises the devices along the last trajectory; what is left is a linear recurrence over time, which an
associative scan solves in as many steps as the logarithm of its length. A dozen iterations replace the loop over
thousands of samples, which is what an accelerator needs; on the CPU the loop is faster.
"""

from collections.abc import Callable

from jax import Array, lax
from jax import numpy as jnp

from circuitnn.mna.limits import Ports, limited
from circuitnn.mna.nonlinear import in_one, jacobian, laid_out, law
from circuitnn.mna.port_map import PortMap
from circuitnn.mna.ports import sensitivity
from circuitnn.mna.steps import excess_of
from circuitnn.numerics.progress import begin
from circuitnn.numerics.recurrence import linear_recurrence
from circuitnn.numerics.small import apply, matmul
from circuitnn.transient.parts import Shown, Solution, Stepper, no_fallbacks


def solve_at_once(
    port_map: PortMap,
    prepared: Ports | None,
    stepper: Stepper,
    z: Array,
    v: Array,
    u: Array,
    shown: Shown | None,
    in_order: Callable[..., Solution],
) -> Solution:
    """As `circuitnn.transient.block.solve_block`; `in_order` is the loop, for where the iteration does not end."""
    states, batch, time = z.shape[0], u.shape[-1], u.shape[0]
    unit = jnp.eye(states, dtype=z.dtype)[:, :, None]

    def recurrence(transition, drive):
        transition = jnp.broadcast_to(unit + transition, (time, states, states, batch))
        drive = jnp.broadcast_to(drive, (time, states, batch))
        if shown is None:
            return linear_recurrence(transition, drive, z, is_parallel=True)
        return recurrence_with_shown(transition, drive, z, shown.mask, shown.mask * shown.z, True)

    update = stepper.update
    if prepared is None:
        before, last = recurrence(update.z, apply(update.u, u) + update.one)
        nothing = jnp.zeros((time, 0, batch), z.dtype)
        return Solution(before, nothing, nothing, last, no_fallbacks(u))

    def along(v):
        """Trajectories of the linearised circuit."""
        law_values = law(port_map, stepper.devices, v)
        slopes = jacobian(port_map, law_values.slopes)
        follow = sensitivity(port_map, law_values.slopes, -stepper.ports.i)
        rest = law_values.current - apply(slopes, v)
        open_ports = apply(stepper.ports.u, u) + stepper.ports.one + apply(stepper.ports.i, rest)
        from_ports = matmul(matmul(update.i, slopes), follow)
        drive = apply(update.u, u) + update.one + apply(update.i, rest) + apply(from_ports, open_ports)
        before, last = recurrence(update.z + matmul(from_ports, stepper.ports.z), drive)
        return before, last, apply(follow, open_ports + apply(stepper.ports.z, before))

    # What ends the scalar iteration is meant for Halley's steps, of third order; these are of second.
    enough = 0.01 if port_map.is_scalar and z.dtype == jnp.float64 else 1.0

    def iterate(state):
        v, progress, *_ = state
        before, last, following = along(v)
        volts = laid_out(port_map, v)
        short = limited(port_map, prepared, volts, laid_out(port_map, following - v))
        step, excess = in_one(short), excess_of(port_map, volts, short)
        return v + step, progress.after(jnp.max(excess), jnp.sum(~(excess <= enough), dtype=jnp.int32)), before, last

    def unfinished(state):
        _, progress, *_ = state
        return ~(progress.left <= enough) & progress.is_promising

    guess = jnp.broadcast_to(v, (time, port_map.ports, batch))
    nothing = jnp.zeros((time, states, batch), z.dtype)
    ports, progress, before, last = lax.while_loop(unfinished, iterate, (guess, begin(z.dtype), nothing, z))
    left = progress.left
    return lax.cond(
        left <= enough,
        lambda: Solution(before, ports, law(port_map, stepper.devices, ports).current, last, no_fallbacks(u)),
        lambda: in_order(stepper, z, v, u, shown)._replace(fallbacks=1 + no_fallbacks(u)),
    )


def recurrence_with_shown(
    transition: Array, drive: Array, start: Array, mask: Array, shown: Array, is_parallel: bool
) -> tuple[Array, Array]:
    """The recurrence where states are overwritten: what was there before has no influence, what is shown has.

    Args:
        transition: (time, n, n, batch).
        drive: (time, n, batch).
        start: (n, batch).
        mask: (time, 1, batch), zeros and ones.
        shown: (time, n, batch), zero where the mask is.
        is_parallel: as for `linear_recurrence`.
    """
    keep = 1 - mask
    drive = drive + apply(transition, shown)
    before, last = linear_recurrence(transition * keep[:, :, None, :], drive, start, is_parallel=is_parallel)
    return keep * before + shown, last
