"""The states of a circuit at its operating point as a linear system: matrices that are differentiable in its values.

First in a form that every circuit has. With the companion states ``z = x - h x'`` of an implicit step h (a constant;
the result does not depend on it), capacitors and inductors are resistive, and

    ``x' = F z + g u,   x = P z + h g u,   y = C z + D u,   P = 1 + h F.``

P has no inverse where states constrain each other: a loop of capacitors and voltage sources, a cut of inductors and
current sources.
"""

from dataclasses import dataclass
from typing import final

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp

from circuitnn.expressions.errors import CircuitError
from circuitnn.mna.network import network
from circuitnn.mna.operating_point import small_signal
from circuitnn.mna.stamps import Values, companion, reactive_values, shares
from circuitnn.mna.structure import Structure
from circuitnn.mna.topology import Topology

STEP = 2e-4  # seconds, about 1/(2 pi 800 Hz): slow and fast modes of audio circuits are equally far from it


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Implicit:
    """``x' = F z + g u, y = C z + D u`` with ``z = x - STEP x'``."""

    f: Array  # (n_states, n_states), 1/s
    g: Array  # (n_states, n_in)
    c: Array  # (n_out, n_states)
    d: Array  # (n_out, n_in)


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class StateSpace:
    """``x' = A x + B u, y = C x + D u`` for small signals around the operating point, volts and amperes.

    Where no state depends on others, x are the states of the circuit. Otherwise x are those of the independent ones,
    less what follows the inputs at once, and all states are ``states x + follow u``.
    """

    a: Array  # (n, n), 1/s
    b: Array  # (n, n_in)
    c: Array  # (n_out, n)
    d: Array  # (n_out, n_in)
    states: Array  # (n_states, n)
    follow: Array  # (n_states, n_in)


def implicit(topology: Topology, values: Values) -> Implicit:
    """The circuit linearised at its operating point, in the form that every circuit has."""
    jacobian, values = small_signal(topology, values)
    linear = network(topology, values, companion(topology, values, STEP), jacobian=jacobian)
    coils = np.asarray(topology.is_inductor, bool)[:, None]
    value = reactive_values(topology, values)[:, None]

    def rate(across: Array, through: Array) -> Array:
        induced = shares(topology, values) @ across if topology.mutual else across
        return jnp.where(coils, induced, through) / value

    f, g = rate(linear.across.z, linear.through.z), rate(linear.across.u, linear.through.u)
    return Implicit(f=f, g=g, c=linear.outputs.z, d=linear.outputs.u)


def state_space(topology: Topology, values: Values, structure: Structure) -> StateSpace:
    """State-space matrices of the circuit linearised at its operating point; differentiable in `values`.

    Args:
        topology: shape of the circuit.
        values: from `Circuit.resolve`, scalars.
        structure: the structure of the circuit.

    Raises:
        CircuitError: where an output follows the derivative of an input.
    """
    if not structure.is_proper:
        raise CircuitError("an output follows the derivative of an input: there is no state space without it")
    system = implicit(topology, values)
    count = system.f.shape[0]
    unit = jnp.eye(count, dtype=system.f.dtype)
    if len(structure.independent) == count:
        # P^-1 = 1 - h A
        both = jnp.linalg.solve(unit + STEP * system.f, jnp.concatenate([system.f, system.g], axis=1))
        a, b = both[:, :count], both[:, count:]
        held = unit - STEP * a
        return StateSpace(
            a=a, b=b, c=system.c @ held, d=system.d - STEP * system.c @ b, states=unit, follow=jnp.zeros_like(b)
        )
    # P = W P_S with the rows S of the independent states: P has the rank of P_S, and its range is that of W.
    rows, columns = np.asarray(structure.independent, int), np.asarray(structure.pivots, int)
    full = unit + STEP * system.f
    spread = jnp.linalg.solve(full[rows][:, columns].T, full[:, columns].T).T
    reduced = full[rows] @ spread
    once = jnp.linalg.solve(reduced, full[rows] @ system.g)
    b = jnp.linalg.solve(reduced, once)
    size = rows.size
    a = jnp.linalg.solve(reduced, (reduced - jnp.eye(size, dtype=full.dtype)) / STEP)
    out = system.c @ spread
    return StateSpace(
        a=a,
        b=b,
        c=out - STEP * out @ a,
        d=system.d - STEP * out @ b,
        states=spread,
        follow=STEP * (system.g - spread @ once),
    )
