"""What a model remembers where a window begins: at rest there, or what it had heard of the recording until then."""

from typing import Any, Literal, NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from circuitnn.model import Carry, Forcing, Model, StateModel
from circuitnn.train.dataset import Windows
from circuitnn.train.objective import Starts, previous_states, run_block, starting_carry

Start = Literal["rest", "stored"]
MEMORY = 4.0  # seconds of the recording, at least, that a stored start has heard, where there are as many before it


@final
class Recordings(NamedTuple):
    """How windows lie in their recordings.

    Attributes:
        number: of recordings, each with as many windows.
        hop: samples between the starts of two windows that follow each other.
        memory: samples that a stored start has heard, at least.
    """

    number: int
    hop: int
    memory: int


def stored_starts(model: Model, rests: Carry, starts: Starts, windows: Windows, recordings: Recordings) -> Carry:
    """The carry that the model itself has at the start of each window; the windows are its first axis.

    The recordings are gone through once, as excerpts of `memory` samples side by side: each begins at rest as much
    earlier (or where the recording begins), so that a start has heard between one and two times `memory`. Where the
    true states are known they are shown all the way, and it is the other memory that is stored.

    Args:
        model: with the weights that it has now.
        rests: `resting_carry` of the settings.
        starts: of the windows.
        windows: all of a data set, in order.
        recordings: how they lie in it.
    """
    steps, has_begun, first, place = _walk(len(windows.x), recordings)

    def chosen(index: Any) -> Windows:
        initial, before = jax.tree.map(lambda a: a[index], (windows.initial, windows.before))
        piece = jax.tree.map(lambda a: a[index, : recordings.hop], windows._replace(initial=None, before=None))
        return piece._replace(initial=initial, before=before)

    def step(carry: Carry, inputs: tuple[Array, Array]) -> tuple[Carry, Carry]:
        index, begun = inputs
        after = run_block(model, carry, chosen(index), _true_states(model, chosen(index)))[0]
        return jax.tree.map(lambda new, old: _where(begun, new, old), after, carry), carry

    carry = starting_carry(model, starts.choose(rests, first), chosen(first))
    _, found = lax.scan(step, carry, (jnp.asarray(steps), jnp.asarray(has_begun)))
    return lax.stop_gradient(jax.tree.map(lambda leaf, rest: leaf[place] if rest.ndim else rest, found, carry))


def _true_states(model: Model, piece: Windows) -> Forcing | None:
    previous = previous_states(piece) if isinstance(model, StateModel) else None
    return None if previous is None else Forcing(previous)


def _where(begun: Array, new: Array, old: Array) -> Array:
    return jnp.where(begun.reshape(-1, *(1,) * (new.ndim - 1)), new, old) if new.ndim else old


def _walk(windows: int, recordings: Recordings) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[Any, Any]]:
    """How the excerpts go through the windows.

    Returns:
        The window before each step (steps, excerpts), whether the excerpt has begun there, the window that each excerpt
        begins with, and for each window the step and the excerpt that have its start.
    """
    each = windows // recordings.number
    size = min(each, max(1, round(recordings.memory / recordings.hop)))
    excerpts = -(-each // size)
    began = (np.arange(excerpts) - 1) * size
    local = began + np.arange(2 * size)[:, None]  # (steps, excerpts), the same in each recording
    has_begun = (local >= 0) & (local < each)
    offsets = each * np.repeat(np.arange(recordings.number), excerpts)
    steps = offsets + np.tile(np.clip(local, 0, each - 1), recordings.number)
    first = offsets + np.tile(np.maximum(began, 0), recordings.number)
    recording, inside = np.divmod(np.arange(windows), each)
    place = size + inside % size, recording * excerpts + inside // size
    return steps, np.tile(has_begun, recordings.number), first, place
