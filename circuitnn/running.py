"""A model over a signal from outside: checked at the border, compiled for few lengths, and said how it went."""

import functools
import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
from flax import nnx
from jax import Array
from jax.typing import ArrayLike

from circuitnn.arguments import NO_SIGNAL, check_continuation, continuing, what_it_is
from circuitnn.knobs import check_value
from circuitnn.lengths import LONGEST, PIECES, lengths_of
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
    if isinstance(block, np.ndarray) and block.size <= LONGEST:  # of a longer one each piece
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
    out: Any = None,
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
        out: an array that y is written into, piece by piece; it is y then.
    """
    out = None if out is None else _checked_output(out, x, model.out_features)
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
    is_sound: Any
    with continuing(model, carry, batch):
        pieces = _pieces(x, values, graph, is_observed, forcing is None) if is_known else ()
        if len(pieces) > 1:
            after, y, states, is_sound = _one_after_the_other(run, pieces, before, x, values, forcing, out, model.dtype)
        else:
            after, y, states, is_carry_sound = run(before, _of_type(x, model.dtype, 0), values, forcing)
            is_sound = is_also_finite(is_carry_sound, y)
            y = y if out is None else _written(out, y)
    if recover:
        after, mended, states = back_at_rest(model, (after, y, states), first, batch, is_sound)
        return after, mended if out is None or mended is y else _written(out, mended), states
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
    # Longer ones would only take more memory.
    longest = max(LONGEST // max(1, math.prod(x.shape[:-2])), PIECES[0])
    count, rest = divmod(time, longest) if time > longest else (0, time)
    lengths = lengths_of(*program, kinds, x.shape[:-2], x.ndim, x.dtype)
    return [longest] * count + (lengths.cut(rest) if rest else [])


def _moves(value: Any, time: int) -> bool:
    return value.ndim > 0 and value.shape[-1] == time


def _one_after_the_other(
    run: Callable[..., Any],
    pieces: list[int],
    carry: Any,
    x: Any,
    values: Mapping[str, Array],
    forcing: Any,
    out: Any,
    dtype: Any,
) -> tuple[Any, Any, Array | None, bool]:
    """The pieces of a block; cut and joined by NumPy, which compiles nothing."""
    time, axis = sum(pieces), max(x.ndim - 2, 0)
    x, still = np.asarray(x), {name: value for name, value in values.items() if not _moves(value, time)}
    moving = {name: np.asarray(value) for name, value in values.items() if name not in still}
    shown = jax.tree.map(np.asarray, forcing)
    y, states = out, None
    is_sound: Any = True
    for start, stop in itertools.pairwise(itertools.accumulate(pieces, initial=0)):
        knobs = still | {name: value[..., start:stop] for name, value in moving.items()}
        part = shown if shown is None else _along(shown, start, stop)
        piece = _of_type(x[start:stop] if axis == 0 else x[..., start:stop, :], dtype, start)
        carry, own, seen, is_carry_sound = run(carry, piece, knobs, part)
        is_sound = is_also_finite(is_sound, own)
        y = _filled(y, own, start, time, axis)
        states = seen if seen is None else _filled(states, seen, start, time, axis)
    # To the device as it is: jnp.asarray would compile a program for each shape.
    observed = None if states is None else jax.device_put(states)
    return carry, y if out is not None else jax.device_put(y), observed, bool(is_sound) and bool(is_carry_sound)


def _of_type(piece: Any, dtype: Any, start: int) -> Any:
    """Of a signal of NumPy, in the model's precision."""
    if not isinstance(piece, np.ndarray) or piece.dtype == dtype:
        return piece
    with np.errstate(over="ignore"):
        piece = piece.astype(dtype)
    check_finite(f"x from sample {start} on" if start else "x", piece)
    return piece


def _filled(whole: Any, part: Any, start: int, time: int, axis: int) -> np.ndarray:
    """An array along time with a part of it written; made where there is none."""
    part = np.asarray(part)
    if whole is None:
        whole = np.empty((*part.shape[:axis], time, *part.shape[axis + 1 :]), part.dtype)
    whole[(*(slice(None),) * axis, slice(start, start + part.shape[axis]))] = part
    return whole


def _written(out: Any, y: Any) -> Any:
    out[...] = np.asarray(y)
    return out


def _checked_output(out: Any, x: Any, width: int) -> Any:
    """An array that the output of a block x can be written into.

    Raises:
        TypeError: for what is no array of NumPy, and where JAX traces.
        ValueError: for another shape, or a kind that holds no output.
    """
    if not isinstance(out, np.ndarray) or isinstance(x, jax.core.Tracer):
        raise TypeError(
            f"out takes an array of NumPy, in memory or mapped, and no traced signal; got {what_it_is(out)}"
        )
    check_kind("out", out.dtype)
    shape = signal_shape(x) if x.ndim == 1 and width == 1 else (*signal_shape(x), width)
    if out.shape != shape or not out.flags.writeable:
        raise ValueError(f"out must be a writeable array of the shape {shape}, got {out.shape}")
    return out


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
