"""What a circuit would make of a signal at many knob positions and levels, and how that changes with its values."""

import dataclasses
from typing import Any, final

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp
from numpy.typing import NDArray

from circuitnn.estimation.excerpts import loudest
from circuitnn.estimation.unknowns import moved
from circuitnn.nodal.model import NodalModel

PIECES = 3  # of the signal: the recording's other excerpts are taken to tell as much each


def _static() -> Any:
    return dataclasses.field(metadata={"static": True})


@final
@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class PlannedAudio:
    """A circuit with what is played into it, piece by piece.

    Unknowns are (p,): the changes of `names` (see `moved`), each divided by its `spread`.
    """

    model: NodalModel  # with nominal values
    x: Array  # (pieces, before + time), volts
    controls: dict[str, Array]  # (pieces, 1)
    spread: Array  # (p,)
    names: tuple[str, ...] = _static()
    positions: tuple[str, ...] = _static()
    before: int = _static()

    def output(self, unknowns: Array, turned: Array) -> Array:
        """Volts (pieces, time), with each knob, in the order of names, turned by so much (knobs,)."""
        change = self.spread * unknowns
        values = moved(self.model.circuit, self.names, change, self.positions)
        model = self.model.with_parameters({"values": {"nominal": values}})
        controls = {name: self.controls[name] + turned[k] for k, name in enumerate(sorted(self.controls))}
        carry = model.init_carry(self.x.shape[:-1], controls)
        _, y = model(carry, self.x[..., None], controls)
        return y[..., self.before :, 0]


@jax.jit
def sensitive(played: PlannedAudio) -> tuple[Array, Array, Array]:
    """Volts (pieces, time); their slopes with unknowns (pieces, time, p), and with knobs (pieces, time, knobs)."""
    at = jnp.zeros(played.spread.size), jnp.zeros(len(played.controls))

    def twice(unknowns: Array, turned: Array) -> tuple[Array, Array]:
        y = played.output(unknowns, turned)
        return y, y

    (slopes, turns), y = jax.jacfwd(twice, argnums=(0, 1), has_aux=True)(*at)
    return y, slopes, turns


def loud_pieces(x: NDArray, count: int, length: int, before: int) -> NDArray:
    """(pieces, before + length): the loudest piece of each of `count` equal stretches, with what comes before it."""
    first = before if len(x) > before + length else 0
    grid = np.arange(first, max(len(x) - length, first) + 1, length)
    energy = np.concatenate([[0.0], np.cumsum(x**2)])
    loud = energy[np.minimum(grid + length, len(x))] - energy[grid]
    padded = np.pad(x, (before, length))
    return padded[grid[loudest(loud, count)][:, None] + np.arange(before + length)]
