"""A circuit on many pieces of a signal, and what its values and its input change in what it puts out."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple, final

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp
from numpy.typing import NDArray

from circuitnn.estimation.unknowns import moved
from circuitnn.nodal.model import NodalModel

AT_ONCE = 12  # pieces side by side; all runs have this many, so that there is one program to compile


@final
class Pieces(NamedTuple):
    """What a circuit hears.

    Attributes:
        u: (pieces, time), volts.
        controls: (pieces, 1), the knobs of each; where there are none the circuit's own.
        before: samples of warm-up.
        at_once: pieces that run side by side.
    """

    u: NDArray
    controls: Mapping[str, NDArray]
    before: int
    at_once: int = AT_ONCE


@final
class Learnt(NamedTuple):
    """What of a circuit moves: names of the values, and those of them that are on a linear scale."""

    names: tuple[str, ...]
    linear: tuple[str, ...]


def simulated(model: NodalModel, learnt: Learnt, change: NDArray, pieces: Pieces) -> tuple[NDArray, int]:
    """Volts (pieces, time - before - latency), and how many samples were not solved."""
    start = pieces.before + model.latency
    # All parts are set off before the first is waited for, so that they run on as many cores as there are.
    running = [
        (*_simulated(model, jnp.asarray(change), jnp.asarray(part), controls, learnt), count)
        for part, controls, count in _parts(pieces)
    ]
    failed = sum(int(np.sum(np.asarray(bad)[:count])) if np.ndim(bad) else int(bad) for _, bad, count in running)
    return np.concatenate([np.asarray(y)[:count, start:] for y, _, count in running]), failed


def linearised(
    model: NodalModel, learnt: Learnt, change: NDArray, pieces: Pieces, slopes: Sequence[NDArray]
) -> tuple[NDArray, NDArray]:
    """As `simulated`, without the count, and its derivatives.

    Args:
        model: with nominal values.
        learnt: names (p,).
        change: (p,) of these.
        pieces: what the circuit hears.
        slopes: derivatives of what it hears with respect to other unknowns, (pieces, time) or () each.

    Returns:
        Volts (pieces, time), and derivatives (p + q, pieces, time), of the changes and along the slopes.
    """
    count, others = len(learnt.names), len(slopes)
    directions = jnp.asarray(np.eye(count, count + others).T)
    start = pieces.before + model.latency
    running = []
    for first, (part, controls, used) in zip(range(0, len(pieces.u), pieces.at_once), _parts(pieces), strict=True):
        along = np.zeros((count + others, *part.shape))
        for k, slope in enumerate(slopes):
            along[count + k, :used] = slope[first : first + used] if np.ndim(slope) else slope
        heard = jnp.asarray(part), controls, directions, jnp.asarray(along)
        running.append((*_linearised(model, jnp.asarray(change), *heard, learnt), used))
    return (
        np.concatenate([np.asarray(y)[:used, start:] for y, _, used in running]),
        np.concatenate([np.asarray(dy)[:, :used, start:] for _, dy, used in running], axis=1),
    )


def _parts(pieces: Pieces) -> Iterator[tuple[NDArray, dict[str, Array], int]]:
    """So many at a time, the last of them again where there are not as many, with how many there are."""
    for first in range(0, len(pieces.u), pieces.at_once):
        chosen = np.minimum(np.arange(first, first + pieces.at_once), len(pieces.u) - 1)
        controls = {name: jnp.asarray(value)[chosen] for name, value in pieces.controls.items()}
        yield pieces.u[chosen], controls, min(pieces.at_once, len(pieces.u) - first)


def _run(model: NodalModel, change: Array, u: Array, controls: dict[str, Array], learnt: Learnt) -> tuple[Array, Array]:
    values = moved(model.circuit, learnt.names, change, learnt.linear)
    model = model.with_parameters({"values": {"nominal": values}})
    carry, y = model(model.init_carry(u.shape[:-1], controls), u[..., None], controls)
    return y[..., 0], carry.report.failed


_simulated = partial(jax.jit, static_argnames=("learnt",))(_run)


@partial(jax.jit, static_argnames=("learnt",))
def _linearised(model, change, u, controls, directions, along, learnt) -> tuple[Array, Array]:
    def output(change: Array, u: Array) -> Array:
        return _run(model, change, u, controls, learnt)[0]

    def one(direction: Array, slope: Array) -> tuple[Array, Array]:
        return jax.jvp(output, (change, u), (direction, slope))

    return jax.vmap(one, out_axes=(None, 0))(directions, along)
