"""One model or several as one tree of arrays."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from circuitnn.model import Model
from circuitnn.train.checks import difference
from circuitnn.train.dataset import Dataset


def knowing(model: Model, data: Dataset) -> Model:
    """A copy that knows the rate that it is trained at, and what 1.0 is in volts, where nobody has said."""
    model = nnx.clone(model)
    model.trained_at(data.fs)
    if model.volts is None and data.volts is not None:
        model.volts = data.volts
    return model


def stacked(models: Sequence[Model], learnt: Any, *, is_many: bool) -> tuple[Any, Any, Any]:
    """Structure, learnt values and other numbers; those of several models stacked along a first axis.

    Raises:
        ValueError: when models differ in more than their numbers.
    """
    graphs, params, fixed = zip(*(nnx.split(model, learnt, ...) for model in models), strict=True)
    if any(graph != graphs[0] for graph in graphs):
        raise ValueError(f"models that are trained together must differ in their numbers only{difference(models)}")
    if not is_many:
        return graphs[0], copied(params[0]), fixed[0]  # the epoch takes over its buffers
    return graphs[0], *(jax.tree.map(lambda *a: jnp.stack(a), *trees) for trees in (params, fixed))


def copied(tree: Any) -> Any:
    """The same arrays in memory of their own."""
    return jax.tree.map(jnp.copy, tree)


def separated(graph: Any, params: Any, fixed: Any, *, count: int, is_many: bool) -> list[Model]:
    """The models of what `stacked` has joined."""

    def member(tree: Any, index: int) -> Any:
        return jax.tree.map(lambda a: a[index], tree) if is_many else tree

    return [nnx.merge(graph, member(params, index), member(fixed, index)) for index in range(count)]
