"""Knobs that move: the linear part of a circuit for each sample, one chunk of time after the other."""

from collections.abc import Callable

import jax
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.mna.network import Network
from circuitnn.mna.stamps import Values

CHUNK = 1024  # samples


def in_chunks(solve: Callable[[Values], Network], values: Values) -> Network:
    """Chunks of time one after the other: the solution of one stays in the cache until it is needed.

    Args:
        solve: the network for values along a chunk of time.
        values: each of shape () or (time or 1, batch or 1).
    """
    time = max((value.shape[0] for value in values.values() if value.ndim), default=1)
    if time <= CHUNK:
        return solve(values)
    pieces = -(-time // CHUNK)
    moving = {name: value for name, value in values.items() if value.ndim and value.shape[0] > 1}

    def cut(value: Array) -> Array:
        full = jnp.pad(value, [(0, pieces * CHUNK - time), (0, 0)], mode="edge")
        return full.reshape(pieces, CHUNK, value.shape[1])

    def solved(piece: Values) -> Network:
        network = solve({**values, **piece})
        # What does not move has one sample, and is given all of them: pieces have to be alike.
        return jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (CHUNK, *leaf.shape[1:])), network)

    networks = lax.map(solved, {name: cut(value) for name, value in moving.items()})
    return jax.tree.map(lambda leaf: leaf.reshape(pieces * CHUNK, *leaf.shape[2:])[:time], networks)
