"""A batch cut into lanes: as many entries at a time as a loop over time handles best on the CPU."""

from collections.abc import Callable
from typing import Any

import jax
from jax import lax
from jax import numpy as jnp

LANES = 64
FEWEST = 32  # lanes that make vectors worth it: fewer are compiled to straight code, and take as long


def lanes(batch: int, *, is_small: bool) -> int:
    """How many lanes a batch is given.

    Args:
        batch: its size.
        is_small: the loop's body is small. Straight code for a handful of lanes takes the compiler minutes and
            gigabytes where it is not: one lane after the other then, or as many as make vectors.
    """
    if not is_small and batch < FEWEST // 3:
        return 1
    power = 1 << max(batch - 1, 0).bit_length()
    return min(LANES, power if is_small and batch <= FEWEST // 2 else max(power, FEWEST))


def over_lanes(run: Callable[..., Any], batch: int, width: int, *trees: Any) -> Any:
    """``run(*trees)`` for each group of lanes, one group after the other.

    A loop over time keeps its numbers in the fastest cache then, is compiled in one piece
    (`circuitnn.numerics.compiler`), and an iteration inside it ends when these entries are done, not all of the batch.

    Args:
        run: takes and gives pytrees whose leaves have the batch as their last axis.
        batch: its size; the last group is filled up with copies of the last entry.
        width: of a group.
        trees: for run. Leaves with a last axis of length one are shared by all entries.
    """
    groups = -(-batch // width)
    if batch in (1, width):
        return run(*trees)
    leaves, structure = jax.tree.flatten(trees)
    is_own = [leaf.shape[-1] > 1 for leaf in leaves]

    def grouped(leaf):
        full = jnp.pad(leaf, [(0, 0)] * (leaf.ndim - 1) + [(0, groups * width - batch)], mode="edge")
        moved = jnp.moveaxis(full.reshape(*leaf.shape[:-1], groups, width), -2, 0)
        return lax.optimization_barrier(moved.reshape(-1)).reshape(moved.shape)

    def group(own):
        own = iter(own)
        return run(
            *jax.tree.unflatten(structure, [next(own) if o else leaf for o, leaf in zip(is_own, leaves, strict=True)])
        )

    found = lax.map(group, [grouped(leaf) for o, leaf in zip(is_own, leaves, strict=True) if o])

    def joined(leaf):
        return jnp.moveaxis(leaf, 0, -2).reshape(*leaf.shape[1:-1], groups * width)[..., :batch]

    return jax.tree.map(joined, found)
