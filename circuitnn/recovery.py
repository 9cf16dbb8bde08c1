"""A stream goes on: what is not finite is heard as silence, and a state that is not finite goes back to rest."""

import warnings
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from circuitnn.numerics.report import place
from circuitnn.samples import not_finite_in_words

Block = tuple[Any, Array, Array | None]  # carry, y, and the states where they are observed


class StreamWarning(UserWarning):
    """A signal or a state was no finite number."""


def is_finite(tree: Any) -> Array:
    """Whether all real numbers of it are."""
    checks = [jnp.all(jnp.isfinite(leaf)) for leaf in _real_leaves(tree)]
    return jnp.all(jnp.stack(checks)) if checks else jnp.asarray(True)


def is_also_finite(is_sound: Array | bool, y: Array) -> Array | bool:
    """Whether that holds and all samples are finite. A compiled block that looks at its own output makes it twice."""
    if isinstance(y, jax.core.Tracer) or next(iter(y.devices())).platform != "cpu":
        return is_sound & jnp.all(jnp.isfinite(y))
    return bool(is_sound) and bool(np.isfinite(np.asarray(y)).all())


def heard(model: Any, x: Any, values: Mapping[str, Array]) -> Any:
    """The signal with silence in place of what is not finite, which is said."""
    is_traced = isinstance(x, jax.core.Tracer)
    numbers = jnp if is_traced else np
    is_good = numbers.isfinite(x)
    if not is_traced and is_good.all():
        return x
    level = model.silence(x.shape[:-2], values)
    level = numbers.zeros(1, x.dtype) if level is None else numbers.asarray(level, x.dtype)
    if not is_traced:
        warnings.warn(
            f"{not_finite_in_words('x', np.asarray(x))}: silence was heard there", StreamWarning, stacklevel=4
        )
    return numbers.where(is_good, x, level[..., None, :] if x.ndim > 1 else level)


def entries_at_rest(model: Any, carry: Any, values: Mapping[str, Array], batch: tuple[int, ...], is_known: bool) -> Any:
    """A carry of which the entries of the batch that are not finite begin anew, which is said; the others go on."""

    def mended() -> Any:
        return _mended(_good_entries(carry, batch), carry, model.init_carry(batch, values), batch)

    if not is_known:
        return lax.cond(is_finite(carry), lambda: carry, mended)
    if all(np.isfinite(np.asarray(leaf)).all() for leaf in _real_leaves(carry)):
        return carry
    warnings.warn(
        f"{type(model).__name__}: the carry is not finite, from a block before; it went back to rest",
        StreamWarning,
        stacklevel=4,
    )
    return mended()


def back_at_rest(
    model: Any, block: Block, values: Mapping[str, Array], batch: tuple[int, ...], is_sound: Array | bool
) -> Block:
    """After a block: of the entries whose carry is not finite the next one begins at rest, and y is what comes then.

    Args:
        model: that has run.
        block: what came of it.
        values: of its knobs.
        batch: shape of the batch.
        is_sound: whether all numbers are finite; nothing else costs anything.
    """
    if isinstance(is_sound, jax.core.Tracer):
        return lax.cond(is_sound, lambda: block, lambda: _at_rest(model, block, values, batch))
    if is_sound:
        return block
    mended = _at_rest(model, block, values, batch)
    warnings.warn(f"{_blow_up(model, block[1], batch)}: it went back to rest", StreamWarning, stacklevel=4)
    return mended


def warn_of_blow_up(model: Any, y: Array, batch: tuple[int, ...], is_sound: Array | bool) -> None:
    """Say that a model's state or output is not finite any more, where that is known."""
    if not isinstance(is_sound, jax.core.Tracer) and not is_sound:
        what = "it stays so until a new carry; recover=True goes back to rest"
        warnings.warn(f"{_blow_up(model, y, batch)}: {what}", StreamWarning, stacklevel=4)


def _blow_up(model: Any, y: Array, batch: tuple[int, ...]) -> str:
    rows = np.asarray(y)
    is_wrong = ~np.isfinite(rows.reshape(*batch, -1, rows.shape[-1] if rows.ndim > 1 else 1)).all(axis=-1)
    if not is_wrong.any():
        return f"{type(model).__name__}: its state is not finite at the end of the block"
    first = np.where(is_wrong.any(axis=-1), is_wrong.argmax(axis=-1), 0)
    return (
        f"{type(model).__name__}: its output is not finite from {place(is_wrong.any(axis=-1), first)} of the block on"
    )


def _at_rest(model: Any, block: Block, values: Mapping[str, Array], batch: tuple[int, ...]) -> Block:
    carry, y, states = block
    rest, level = model.resting(batch, values)
    level = jnp.zeros((), y.dtype) if level is None else level[..., None, :] if y.ndim > 1 else level[..., 0]
    y = jnp.where(jnp.isfinite(y), y, level.astype(y.dtype))
    if states is not None:
        states = jnp.where(jnp.isfinite(states), states, model.states(rest)[..., None, :])
    return _mended(_good_entries(carry, batch), carry, rest, batch), y, states


def _real_leaves(tree: Any) -> list[Any]:
    return [leaf for leaf in jax.tree.leaves(tree) if jnp.issubdtype(jnp.result_type(leaf), jnp.floating)]


def _good_entries(carry: Any, batch: tuple[int, ...]) -> Array:
    """(*batch): the entries of which all is finite."""
    good = jnp.ones(batch, bool)
    for leaf in _real_leaves(carry):
        is_shared = leaf.ndim < len(batch)
        good = good & (jnp.all(jnp.isfinite(leaf)) if is_shared else _all_behind(jnp.isfinite(leaf), len(batch)))
    return good


def _all_behind(marks: Array, axes: int) -> Array:
    return jnp.all(marks.reshape(*marks.shape[:axes], -1), axis=-1)


def _mended(good: Array, carry: Any, rest: Any, batch: tuple[int, ...]) -> Any:
    """The carry, of which the other entries are those at rest; counts go on."""

    def chosen(leaf: Array, resting: Array) -> Array:
        if not jnp.issubdtype(jnp.result_type(leaf), jnp.floating):
            return leaf
        mask = jnp.all(good) if leaf.ndim < len(batch) else good.reshape(*good.shape, *[1] * (leaf.ndim - len(batch)))
        return jnp.where(mask, leaf, jnp.asarray(resting, leaf.dtype))

    return jax.tree.map(chosen, carry, rest)
