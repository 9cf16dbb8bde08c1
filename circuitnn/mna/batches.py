"""The linear part of a circuit for constant values, for a batch of them, or along time."""

from collections.abc import Callable

import jax
from jax import numpy as jnp

from circuitnn.mna.network import Network, network, network_along
from circuitnn.mna.stamps import Reactive, Values
from circuitnn.mna.topology import Topology


def solved_network(topology: Topology, values: Values, reactive: Callable[[Values], Reactive]) -> Network:
    """The network for values that vary along time or over a batch.

    Args:
        topology: shape of the circuit.
        values: each of shape () or (time or 1, batch or 1).
        reactive: gives the equations of the capacitors and inductors at such values.

    Returns:
        With leaves (time or 1, ..., batch or 1); along time, of the states' voltages and currents those of the dual.
    """
    values = {
        name: value if name in topology.linear else value[:1] if value.ndim else value for name, value in values.items()
    }
    if any(value.ndim and value.shape[0] > 1 for value in values.values()):
        return network_along(topology, values, reactive(values))
    axes = {name: 0 if value.ndim else None for name, value in values.items()}
    flat = {name: value[0] if value.ndim else value for name, value in values.items()}
    width = max((value.shape[0] for value in flat.values() if value.ndim), default=1)
    flat = {name: jnp.broadcast_to(value, (width,)) if value.ndim else value for name, value in flat.items()}

    def one(values: Values) -> Network:
        return network(topology, values, reactive(values))

    if all(axis is None for axis in axes.values()):
        return jax.tree.map(lambda leaf: leaf[None, ..., None], one(flat))
    batched = jax.vmap(one, in_axes=(axes,), out_axes=-1)(flat)
    return jax.tree.map(lambda leaf: leaf[None], batched)
