"""Parts of a model that learn at their own rate, or not at all."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, final

import jax
import optax
from flax import nnx

from circuitnn.arguments import what_it_is
from circuitnn.composition import Composition
from circuitnn.model import Model

Optimizer = Any  # an optax.GradientTransformation, or a function of the number of updates that gives one

_DEFAULT = ""  # no part has an empty name


@final
@dataclasses.dataclass(frozen=True)
class PerPart:
    """An optimiser for each part of a model, made by `per_part`; `fit` finds out which values are whose.

    Attributes:
        parts: the optimiser of each part by its name, None for a part that stays as it is.
        default: that of everything else.
    """

    parts: Mapping[str, Optimizer | None]
    default: Optimizer | None


@final
@dataclasses.dataclass(frozen=True)
class Learning:
    """What is learnt of a model, and how.

    Attributes:
        values: what nnx.split takes as a filter: the values that are learnt.
        optimizer: of them.
    """

    values: Any
    optimizer: optax.GradientTransformationExtraArgs


def per_part(parts: Mapping[str, Optimizer | None], *, default: Optimizer | None) -> PerPart:
    """An optimiser for each part of a model, for `fit`.

    ``fit(model, ..., optimizer=per_part({"tone": None, "power": optax.adam(1e-4)}, default=optax.adam(1e-3)))`` leaves
    the tone control as it is. A frozen part costs no optimiser state, and its values are bit for bit the same
    afterwards.

    Args:
        parts: by the name that `circuitnn.chain` or `circuitnn.parallel` gave, with dots between the names of nested
            ones ("gain_stage.drive"), or by the path of the values in the tree of modules ("models.0",
            "models.1.rec.weight_hh", "tone.values.log_scale.R1"). Of several that fit a value the most specific one
            counts. An optimiser is one of optax, or a function of the number of updates that gives one (for a
            schedule); None freezes.
        default: of all that no part fits.

    Raises:
        ValueError: for no parts. `fit` raises one for a part that the model does not have, and lists those it has; for
            an optimiser of a part that has nothing to learn; and when nothing is left to learn.
    """
    if not parts:
        raise ValueError("per_part() needs at least one part; without, give the optimiser itself")
    return PerPart(dict(parts), default)


def learning(optimizer: Optimizer | PerPart, model: Model, updates: int) -> Learning:
    """How an optimiser learns a model.

    Args:
        optimizer: as `fit` takes it.
        model: one of those that are trained.
        updates: how many there will be.

    Raises:
        ValueError: as for `per_part`.
    """
    if not isinstance(optimizer, PerPart):
        return Learning(nnx.Param, optax.with_extra_args_support(_resolved(optimizer, updates)))
    owners = _owners(optimizer, model)
    given = {_DEFAULT: optimizer.default, **optimizer.parts}
    frozen = {name for name, each in given.items() if each is None}
    if all(owner in frozen for owner in owners.values()):
        raise ValueError("per_part: every learnable value is frozen, nothing is left to train")
    used = set(owners.values()) - frozen

    def is_learnt(path: tuple, _: Any) -> bool:
        return owners[_key(path)] not in frozen

    def labels(values: Any) -> Any:
        return jax.tree_util.tree_map_with_path(lambda path, _: owners[_of_leaf(path)], values)

    optimizers = {name: _resolved(given[name], updates) for name in sorted(used)}
    together = optax.multi_transform(optimizers, labels)
    return Learning(nnx.All(nnx.Param, is_learnt), optax.with_extra_args_support(together))


def _resolved(optimizer: Optimizer, updates: int) -> optax.GradientTransformation:
    if isinstance(optimizer, optax.GradientTransformation):
        return optimizer
    # One of optax's own makers would take the number of updates for a learning rate.
    if callable(optimizer) and not getattr(optimizer, "__module__", "").startswith("optax"):
        optimizer = optimizer(updates)
        if isinstance(optimizer, optax.GradientTransformation):
            return optimizer
    raise TypeError(
        "an optimizer is one of optax's, such as optax.adam(5e-4), or a function of the number of updates that gives "
        f"one; this is {what_it_is(optimizer)} ({optimizer!r})"
    )


def _owners(optimizer: PerPart, model: Model) -> dict[str, str]:
    """The part of each learnable value, by the value's path; the empty name where none fits."""
    variables = nnx.to_flat_state(nnx.state(model))
    prefixes = {_key(path): _prefixes(model, path) for path, _ in variables}
    learnable = [_key(path) for path, each in variables if isinstance(each, nnx.Param)]
    for name, each in optimizer.parts.items():
        if not any(name in own for own in prefixes.values()):
            raise ValueError(f"per_part: no part {name!r}; there are {', '.join(_parts(model, learnable))}")
        if each is not None and not any(name in prefixes[path] for path in learnable):
            raise ValueError(f"per_part: {name!r} has no learnable value: is `trainable` missing where it was made?")
    found = {}
    for path in learnable:
        depths = {name: prefixes[path][name] for name in optimizer.parts if name in prefixes[path]}
        found[path] = max(depths, key=lambda name: depths[name], default=_DEFAULT)
    return found


def _prefixes(model: Model, path: tuple) -> dict[str, int]:
    """All names of what a path leads through, with how deep each is."""
    found: dict[str, int] = {}
    for depth in range(1, len(path) + 1):
        found[_key(path[:depth])] = depth
        found[_readable(model, path[:depth])] = depth
    found.pop(_DEFAULT, None)
    return found


def _readable(node: Any, path: Sequence) -> str:
    """A path with the names that compositions gave; wrappers around one model do not show."""
    words: list[str] = []
    while path:
        if isinstance(node, Composition) and path[0] == "models" and len(path) > 1:
            words.append(node.names[path[1]] if node.names else f"models.{path[1]}")
            node, path = node.models[path[1]], path[2:]
        elif path[0] == "model" and isinstance(getattr(node, "model", None), Model):
            node, path = node.model, path[1:]
        else:
            words += map(str, path)
            break
    return ".".join(words)


def _parts(model: Model, learnable: Sequence[str]) -> list[str]:
    """What an error message lists: members of compositions, or the first words of the paths where there are none."""
    members = list(_members(model))
    return members or sorted({path.partition(".")[0] for path in learnable})


def _members(model: Any, before: str = "") -> Any:
    while isinstance(inner := getattr(model, "model", None), Model):
        model = inner
    if isinstance(model, Composition):
        for index, member in enumerate(model.models):
            name = before + (model.names[index] if model.names else f"models.{index}")
            yield name
            yield from _members(member, f"{name}.")


def _key(path: Sequence) -> str:
    return ".".join(map(str, path))


def _of_leaf(path: Sequence) -> str:
    """The path of a value from that of its leaf, whose last step goes into the nnx.Variable."""
    return _key([step.key for step in path if isinstance(step, jax.tree_util.DictKey)])
