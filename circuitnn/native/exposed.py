"""A model with all of its numbers given from outside, and its states beside its output: what is compiled of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from circuitnn.knobs import MID_POSITION
from circuitnn.model import Carry, Controls, Level, Model
from circuitnn.plainly import plainly


@final
@dataclass(frozen=True)
class Blueprint:
    """A model without its numbers: two models of one blueprint are one program.

    Attributes:
        graph: what the model is.
        tree: of its numbers.
        shapes: of its numbers.
        dtypes: of its numbers.
        is_observed: whether the states come out beside the output.
    """

    graph: Any
    tree: Any
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[np.dtype, ...]
    is_observed: bool

    @staticmethod
    def of(model: Model, *, is_observed: bool) -> "tuple[Blueprint, list[Array]]":
        """The blueprint of a model, and its numbers, which may be traced."""
        graph, variables = nnx.split(model)
        numbers, tree = jax.tree.flatten(variables)
        shapes, dtypes = tuple(map(jnp.shape, numbers)), tuple(np.dtype(number.dtype) for number in numbers)
        return Blueprint(graph, tree, shapes, dtypes, is_observed), numbers

    def model(self, numbers: Sequence[Any]) -> Any:
        """The model with these numbers."""
        return nnx.merge(self.graph, jax.tree.unflatten(self.tree, list(numbers)))

    def block(self, numbers: Sequence[Any], carry: Carry, x: Array, controls: Controls) -> tuple[Carry, Array]:
        """A block of the model; of an observed one the states stand behind the outputs."""
        model = self.model(numbers)
        if not self.is_observed:
            return model(carry, x, controls)
        after, y, states = model.trace(carry, x, controls)
        return after, jnp.concatenate([y, states.astype(y.dtype)], axis=-1)

    @property
    def carry(self) -> Any:
        """Shapes of the carry of one stream."""
        return _rest(self).carry

    @property
    def knobs(self) -> tuple[str, ...]:
        """Names, in the model's order."""
        return _rest(self).knobs

    @property
    def features(self) -> tuple[int, int]:
        """Of the input, and of all that comes out."""
        return _rest(self).features

    @property
    def dtype(self) -> np.dtype:
        """Of the signals."""
        return _rest(self).dtype

    @property
    def is_one_stream(self) -> bool:
        """Whether a sample of one stream gives what a model owes; it does not where a number has become a batch."""
        return _is_one_stream(self)


class _Rest(NamedTuple):
    """What a model of a blueprint says of itself."""

    carry: Any
    knobs: tuple[str, ...]
    features: tuple[int, int]
    dtype: np.dtype


@lru_cache(maxsize=256)
def _rest(blueprint: Blueprint) -> _Rest:
    """Nothing is computed: shapes are enough."""
    told: list[Any] = []

    def rest(numbers: Sequence[Any]) -> Carry:
        model = blueprint.model(numbers)
        states = len(model.state_names) if blueprint.is_observed else 0
        told.extend([tuple(model.controls), (model.in_features, model.out_features + states), np.dtype(model.dtype)])
        return model.init_carry(())

    with plainly():
        carry = jax.eval_shape(rest, _numbers(blueprint))
    return _Rest(carry, *told[:3])


@lru_cache(maxsize=256)
def _is_one_stream(blueprint: Blueprint) -> bool:
    try:
        rest = _rest(blueprint)
        x = jax.ShapeDtypeStruct((1, rest.features[0]), rest.dtype)
        knobs = {name: jax.ShapeDtypeStruct((), rest.dtype) for name in rest.knobs}
        with plainly():
            after, y = jax.eval_shape(blueprint.block, _numbers(blueprint), rest.carry, x, knobs)
    except Exception:  # which the model itself will say, where it is one
        return False
    kinds = [[(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(tree)] for tree in (rest.carry, after)]
    return kinds[0] == kinds[1] and y.shape == (1, rest.features[1])


def _numbers(blueprint: Blueprint) -> list[jax.ShapeDtypeStruct]:
    pairs = zip(blueprint.shapes, blueprint.dtypes, strict=True)
    return [jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in pairs]


@final
class Exposed(Model):
    """A blueprint as a model that can be lowered: its parameters are all numbers, which are zeros here."""

    def __init__(self, blueprint: Blueprint):
        self.blueprint = blueprint
        pairs = zip(blueprint.shapes, blueprint.dtypes, strict=True)
        self.numbers = nnx.List([nnx.Param(np.zeros(shape, dtype)) for shape, dtype in pairs])
        self.in_features, self.out_features = blueprint.features
        self.dtype = blueprint.dtype

    @property
    def controls(self) -> Mapping[str, float]:
        return dict.fromkeys(self.blueprint.knobs, MID_POSITION)

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Carry:
        return jax.tree.map(lambda leaf: np.zeros((*batch, *leaf.shape), leaf.dtype), self.blueprint.carry)

    def __call__(self, carry: Carry, x: Array, controls: Controls | None = None) -> tuple[Carry, Array]:
        return self.blueprint.block([number[...] for number in self.numbers], carry, x, controls or {})
