"""A model over a signal from outside: checked at the border, compiled for few lengths, and said how it went."""

import functools
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
from flax import nnx
from jax import Array
from jax.typing import ArrayLike

from circuitnn.arguments import NO_SIGNAL, check_continuation, continuing, what_it_is
from circuitnn.knobs import check_value
from circuitnn.lengths import PIECES, lengths_of
from circuitnn.numerics.report import warn_of_failures
from circuitnn.recovery import (
    Block,
    back_at_rest,
    entries_at_rest,
    heard,
    is_also_finite,
    is_finite,
    warn_of_blow_up,
)
from circuitnn.samples import check_axes, check_finite, check_kind


def as_block(x: ArrayLike, in_features: int, dtype: Any) -> Any:
    """Samples, (time,) or (..., time, in_features): an array of JAX as it is, others as NumPy's in that precision.

    JAX computes nothing here, which would compile a program for each length.

    Raises:
        ValueError: for what are no samples, or have another shape.
    """
    try:
        block: Any = x if isinstance(x, jax.Array) else np.asarray(x)
    except (TypeError, ValueError):
        block = np.asarray(None)
    if block.dtype.kind in "OUSV" and block.dtype.name != "bfloat16":
        raise ValueError(f"x must be samples in volts, this is {what_it_is(x, NO_SIGNAL)}")
    check_kind("x", block.dtype)
    shape = (*block.shape, 1) if block.ndim == 1 else block.shape
    if len(shape) < 2 or shape[-1] != in_features:
        check_axes("x", shape)
        more = ": is the last axis the channel?" if len(shape) >= 2 else ""
        raise ValueError(f"x must have the shape (..., time, {in_features}), got {block.shape}{more}")
    if 0 in shape[:-1]:
        raise ValueError(f"x has no samples: shape {block.shape}")
    if isinstance(block, np.ndarray):
        with np.errstate(over="ignore"):  # what is too large for the precision becomes infinite, and is refused as such
            block = block.astype(dtype, copy=False)
    return block


def signal_shape(block: Any) -> tuple[int, ...]:
    """(..., time) of what `as_block` gives."""
    return block.shape if block.ndim == 1 else block.shape[:-1]


def play(
    model: Any,
    x: Any,
    carry: Any,
    values: Mapping[str, Array],
    *,
    is_observed: bool,
    recover: bool,
    forcing: Any = None,
) -> Block:
    """A block as `circuitnn.run` and `circuitnn.trace` have it.

    Args:
        model: any model.
        x: from `as_block`.
        carry: None for the model at rest.
        values: of all its knobs.
        is_observed: whether the states are asked for.
        recover: whether what is not finite is heard as silence or goes back to rest.
        forcing: true states along time.
    """
    batch, first = x.shape[:-2], {name: value[..., :1] if value.ndim else value for name, value in values.items()}
    if recover:
        x = heard(model, x, first)
    else:
        check_finite("x", x)
    before = model.init_carry(batch, first) if carry is None else carry
    graph, variables = nnx.split(model)
    is_known = not any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves((variables, before, x, values)))
    if recover and carry is not None:
        before = entries_at_rest(model, before, first, batch, is_known)
    run = functools.partial(_block, graph, is_observed, variables)
    with continuing(model, carry, batch):
        pieces = _pieces(x, values, graph, is_observed, forcing is None) if is_known else ()
        if len(pieces) > 1:
            after, y, states, is_carry_sound = _one_after_the_other(run, pieces, before, x, values, forcing)
        else:
            after, y, states, is_carry_sound = run(before, x, values, forcing)
    is_sound = is_also_finite(is_carry_sound, y)
    if recover:
        return back_at_rest(model, (after, y, states), first, batch, is_sound)
    if not warn_of_failures(after, carry):
        warn_of_blow_up(model, y, batch, is_sound)
    return after, y, states


@jax.jit(static_argnums=(0, 1))
def _block(graph, is_observed, variables, carry, x, values, forcing):
    """Carry, y, states where they are observed, and whether the carry is finite."""
    model = nnx.merge(graph, variables)
    is_mono, states = x.ndim == 1, None
    block = (x[:, None] if is_mono else x).astype(model.dtype)
    if is_observed:
        after, y, states = model.trace(carry, block, values, forcing)
    else:
        after, y = model(carry, block, values)
    check_continuation(carry, after, block, y)
    is_sound = is_finite(after)
    return after, y[..., 0] if is_mono and y.shape[-1] == 1 else y, states, is_sound


def _pieces(x: Any, values: Mapping[str, Array], *program: Any) -> list[int]:
    """The lengths to run a block in, by what there are programs for."""
    time = signal_shape(x)[-1]
    if time in PIECES:
        return [time]
    kinds = tuple((name, value.shape[:-1], _moves(value, time)) for name, value in values.items())
    return lengths_of(*program, kinds, x.shape[:-2], x.ndim, x.dtype).cut(time)


def _moves(value: Any, time: int) -> bool:
    return value.ndim > 0 and value.shape[-1] == time


def _one_after_the_other(
    run: Callable[..., Any], pieces: list[int], carry: Any, x: Any, values: Mapping[str, Array], forcing: Any
) -> tuple[Any, Array, Array | None, Array]:
    """The pieces of a block; cut and joined by NumPy, which compiles nothing."""
    time, axis = sum(pieces), max(x.ndim - 2, 0)
    x, still = np.asarray(x), {name: value for name, value in values.items() if not _moves(value, time)}
    moving = {name: np.asarray(value) for name, value in values.items() if name not in still}
    shown = jax.tree.map(np.asarray, forcing)
    parts = []
    for start, stop in itertools.pairwise(itertools.accumulate(pieces, initial=0)):
        knobs = still | {name: value[..., start:stop] for name, value in moving.items()}
        part = shown if shown is None else _along(shown, start, stop)
        carry, *results = run(carry, x[start:stop] if axis == 0 else x[..., start:stop, :], knobs, part)
        parts.append(results)
    outputs, states, sound = zip(*parts, strict=True)
    y = np.concatenate(outputs, axis=-1 if outputs[0].ndim == 1 else -2)
    # To the device as it is: jnp.asarray would compile a program for each shape.
    observed = None if states[0] is None else jax.device_put(np.concatenate(states, axis=-2))
    return carry, jax.device_put(y), observed, sound[-1]


def _along(forcing: Any, start: int, stop: int) -> Any:
    """The part of true states that goes with a part of the block."""
    mask = None if forcing.mask is None else forcing.mask[..., start:stop]
    return forcing._replace(previous=forcing.previous[..., start:stop, :], mask=mask)


def checked_at_the_border(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method `(model, carry, signal, ...)` that refuses what is known not to be finite."""

    @functools.wraps(method)
    def at_border(model: Any, *arguments: Any, **named: Any) -> Any:
        for argument in (*arguments[1:], *(value for name, value in named.items() if name != "carry")):
            _check_argument("states" if method.__name__ == "force" else "x", argument)
        return method(model, *arguments, **named)

    return at_border


def _check_argument(name: str, argument: Any) -> None:
    """Of samples or states, knobs by name, or true states along time."""
    if isinstance(argument, Mapping):
        for knob, value in argument.items():
            check_value(knob, value, default=np.inf)  # whether it is from 0 to 1 the model knows
    elif hasattr(argument, "previous"):
        check_finite("forcing states", argument.previous, ("sample", "state"))
    elif argument is not None:
        check_finite(name, argument, ("state",) if name == "states" else ("sample", "feature"))
