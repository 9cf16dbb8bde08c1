"""Several devices of one host: the windows of a batch, or the models of a list, divided among them."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from flax import nnx
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from circuitnn.model import Carry, Forcing, Model
from circuitnn.train.objective import Run, run_block

ALIKE = PartitionSpec()  # all of it on each device


def checked_mesh(mesh: Any, *, models: int | None, batches: Sequence[int]) -> Mesh | None:
    """The devices of a training; a number stands for the first ones that JAX has.

    Args:
        mesh: as it was given.
        models: of a list that is trained at once; None for one model.
        batches: the windows of an update under each regime.

    Raises:
        TypeError: for what is neither a number nor a mesh.
        ValueError: for more devices than there are, and where models or windows cannot be divided evenly among them.
    """
    if mesh is None:
        return None
    if isinstance(mesh, int) and not isinstance(mesh, bool):
        there = jax.devices()
        if not 1 <= mesh <= len(there):
            raise ValueError(f"mesh={mesh}: JAX has {len(there)} device(s) here, {', '.join(map(str, there[:8]))}")
        mesh = Mesh(np.array(there[:mesh]), ("devices",))
    if not isinstance(mesh, Mesh):
        raise TypeError(f"mesh has to be a number of devices or a jax.sharding.Mesh, got {mesh!r}")
    count = mesh.devices.size
    for number, what in (
        [(models, "models")] if models is not None else [(each, "windows of a batch") for each in batches]
    ):
        if number % count:
            raise ValueError(f"{number} {what} on {count} devices: give a multiple of {count}, or fewer devices")
    return mesh


def divided(mesh: Mesh) -> PartitionSpec:
    """The first axis, over all devices."""
    return PartitionSpec(mesh.axis_names)


def placed(tree: Any, mesh: Mesh | None, *, is_divided: bool) -> Any:
    """Arrays where they belong: a part on each device or all on each."""
    return tree if mesh is None else jax.device_put(tree, NamedSharding(mesh, divided(mesh) if is_divided else ALIKE))


def on_one(tree: Any) -> Any:
    """Arrays of several devices on the one that JAX computes on by default."""
    return jax.tree.map(lambda a: jax.numpy.asarray(np.asarray(a)), tree)


def on_devices(mesh: Mesh) -> Run:
    """`run_block` with a part of the batch on each device; the gradient in the weights is summed once, at its end."""

    def run(model: Model, carry: Carry, block: Any, forcing: Forcing | None) -> Any:
        graph, state = nnx.split(model)

        def local(state: Any, carry: Carry, block: Any, forcing: Forcing | None) -> Any:
            return run_block(nnx.merge(graph, state), carry, block, forcing)

        def specs(tree: Any) -> Any:
            return jax.tree.map(lambda a: divided(mesh) if a.ndim else ALIKE, tree)

        given = carry, block, forcing
        into, out = (ALIKE, *map(specs, given)), specs(jax.eval_shape(local, state, *given))
        # Unchecked: as varying from device to device the weights would be summed at each sample, going backwards.
        return jax.shard_map(local, mesh=mesh, in_specs=into, out_specs=out, check_vma=False)(state, *given)

    return run


def of_many(function: Callable, axes: Sequence[int | None], mesh: Mesh | None) -> Callable:
    """A function of one model as one of many, a part of them on each device; None for arguments that are of all."""
    many = jax.vmap(function, in_axes=tuple(axes))
    if mesh is None:
        return many
    specs = tuple(ALIKE if axis is None else divided(mesh) for axis in axes)
    return jax.shard_map(many, mesh=mesh, in_specs=specs, out_specs=divided(mesh), check_vma=False)
