"""Where a network rests: the fixed point that silence leads it to, with its knobs where they are."""

import functools
import warnings
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array, lax

from circuitnn.arguments import checked_level
from circuitnn.model import Controls, Level, Model
from circuitnn.networks.layer import Layer

SECONDS = 2.0  # of silence, at most
ASSUMED_FS = 48_000  # of a model that does not know its rate
BLOCK = 101  # samples: a prime, so that a cycle of any other period is not where it was a block ago
SETTLED = 4  # units of rounding that a state at rest may still move by
REACHED = 1e-3  # what it may still move by in the second half of all the silence

Silence = Callable[[Any, Array, Array, Any], Array]  # (module, carry, x, knobs) -> carry


def rest(
    model: Model,
    start: Array,
    silence: Silence,
    *,
    batch: tuple[int, ...],
    controls: Controls | None,
    level: Level,
) -> Array:
    """The carry that silence leads a network to; a pure function of weights, knobs and level, without a gradient.

    Once for each position of the knobs and each level, and not for each entry of the batch. Where two seconds lead to
    no fixed point, because the network oscillates, runs away or creeps on, the carry is `start`, and a warning says so;
    inside of another compiled function it cannot.

    Args:
        model: the network.
        start: (n,) the carry that silence begins with.
        silence: a block of what goes in at rest: (model, carry (..., n), x (..., time, in_features), knobs) -> carry.
        batch: shape of the batch.
        controls: as for `Model.init_carry`.
        level: as for `Model.init_carry`.

    Returns:
        (..., n), which broadcasts against (*batch, n).
    """
    volts, knobs = what_rests(model, batch, controls, level)
    graph, variables = nnx.split(model)
    blocks = int(SECONDS * (getattr(model, "fs", None) or ASSUMED_FS) / BLOCK)
    numbers = lax.stop_gradient((variables, start, knobs, volts))
    carry, is_reached = _settled(graph, *numbers, silence, volts.shape[:-1], blocks)
    _warn_of_unrest(model, is_reached)
    return carry


def settled(layer: Layer, start: Array, u: Array, knobs: Array) -> Array:
    """The carry that a constant leads a layer to, as `rest` has it: one array, found by letting it hear the constant.

    Args:
        layer: whose carry is one array (..., n).
        start: (n,) the carry that it begins with.
        u: (..., features), as for `Layer.rest`.
        knobs: (..., controls), as for `Layer.rest`.

    Returns:
        (..., n)
    """
    graph, variables = nnx.split(layer)
    batch = np.broadcast_shapes(u.shape[:-1], knobs.shape[:-1])
    numbers = lax.stop_gradient((variables, start, knobs, u))
    carry, is_reached = _settled(graph, *numbers, _after_constant, batch, int(SECONDS * ASSUMED_FS / BLOCK))
    _warn_of_unrest(layer, is_reached)
    return carry


def _after_constant(layer: Layer, carry: Array, u: Array, knobs: Array) -> Array:
    return layer(carry, u, jnp.broadcast_to(knobs[..., None, :], (*u.shape[:-1], knobs.shape[-1])))[0]


def _warn_of_unrest(network: nnx.Module, is_reached: Array) -> None:
    if not isinstance(is_reached, jax.core.Tracer) and not np.all(is_reached):
        warnings.warn(
            f"{type(network).__name__}: no rest is reached in {SECONDS:g} s of silence, it oscillates, runs away or "
            "creeps on; it begins as if it had heard nothing",
            stacklevel=4,
        )


def what_rests(
    model: Model, batch: tuple[int, ...], controls: Controls | None, level: Level
) -> tuple[Array, dict[str, Array]]:
    """The volts that have gone in for long (*shape, in_features) and the knobs, of no larger a batch than they need."""
    knobs = first_positions(model, controls)
    volts = checked_level(level, (*batch, model.in_features), model.dtype)
    shape = np.broadcast_shapes(volts.shape[:-1], *(np.shape(knob)[:-1] for knob in knobs.values()))
    return jnp.broadcast_to(volts, (*shape, model.in_features)), knobs


def first_positions(model: Model, controls: Controls | None) -> dict[str, Array]:
    """The model's knobs at the first sample: (), or (..., 1) where the entries of a batch differ."""
    first = {}
    for name, position in (controls or {}).items():
        if name in model.controls:
            knob = jnp.asarray(position, model.dtype)
            knob = knob[..., :1] if knob.ndim else knob
            first[name] = knob.reshape(()) if knob.size == 1 else knob
    return first


@functools.partial(jax.jit, static_argnums=(0, 5, 6, 7))
def _settled(graph, variables, start, knobs, constant, silence: Silence, batch, blocks: int) -> tuple[Array, Array]:
    """The carry at rest (*batch, n), and where it was reached (*batch)."""
    module = nnx.merge(graph, variables)
    x = jnp.broadcast_to(constant[..., None, :], (*batch, BLOCK, constant.shape[-1]))
    start = jnp.broadcast_to(start, (*batch, start.shape[-1]))

    def distance(carry, other):
        return jnp.max(jnp.abs(carry - other) / jnp.maximum(1, jnp.abs(carry)), axis=-1)

    def is_going_on(state):
        _, _, _, moved, count = state
        return (count < blocks) & ~jnp.all(moved <= SETTLED * jnp.finfo(start.dtype).eps)

    def body(state):
        """Compared where twice the time has passed: what creeps is not taken for what rests."""
        before, mark, due, moved, count = state
        carry, count = silence(module, before, x, knobs), count + 1
        is_due = (count == due) | (count == blocks)
        moved = jnp.where(is_due, jnp.maximum(distance(carry, before), distance(carry, mark)), moved)
        return carry, jnp.where(is_due, carry, mark), jnp.where(is_due, 2 * due, due), moved, count

    never = jnp.full(batch, jnp.inf, start.dtype)
    carry, _, _, moved, _ = lax.while_loop(is_going_on, body, (start, start, jnp.int32(1), never, jnp.int32(0)))
    is_reached = moved <= REACHED
    return jnp.where(is_reached[..., None], carry, start), is_reached
