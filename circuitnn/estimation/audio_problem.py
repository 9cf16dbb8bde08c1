"""What a circuit makes of excerpts of a recording, as a function of its values, and how far off that is."""

import dataclasses
from typing import Any, final

import jax
from jax import Array
from jax import numpy as jnp

from circuitnn.circuit.circuit import Circuit
from circuitnn.estimation.excerpts import REACH
from circuitnn.estimation.unknowns import moved
from circuitnn.nodal.model import NodalModel
from circuitnn.numerics.fractional_delay import delayed
from circuitnn.numerics.report import SolveReport


def _static() -> Any:
    return dataclasses.field(metadata={"static": True})


@final
@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class AudioProblem:
    """A circuit, what is to be learnt of it, and the excerpts that it should make of its input.

    The static fields: what is learnt (`names`), and what of that are positions of knobs;
    samples of warm-up. Unknowns are (p,): the changes of `names` (see `moved`), then the delay of the recording in
    samples, then the logarithm of its gain over `gain` where that is fitted; each divided by its `spread`.
    """

    model: NodalModel  # with nominal values, none of them trainable
    x: Array  # (pieces, warm-up, HALF and REACH samples on each side, latency, and time)
    y: Array  # (pieces, time)
    keep: Array  # (pieces, time)
    basis: Array  # (pieces, time, b)
    gain: Array  # ()
    spread: Array  # (p,)
    controls: dict[str, Array]  # (pieces, 1): the knobs of each; where there are none the circuit's own
    names: tuple[str, ...] = _static()
    positions: tuple[str, ...] = _static()
    has_gain: bool = _static()
    before: int = _static()

    @property
    def circuit(self) -> Circuit:
        """With nominal values."""
        return self.model.circuit

    def values(self, unknowns: Array) -> dict[str, Array]:
        return moved(self.circuit, self.names, (self.spread * unknowns)[: len(self.names)], self.positions)

    def delay(self, unknowns: Array) -> Array:
        """Samples."""
        return (self.spread * unknowns)[len(self.names)]

    def level(self, unknowns: Array) -> Array:
        return self.gain * jnp.exp((self.spread * unknowns)[-1]) if self.has_gain else self.gain

    def solved(self, unknowns: Array) -> tuple[Array, SolveReport]:
        """Volts (pieces, time + 2 (REACH + HALF)), neither delayed nor amplified, and how the solves went."""
        model = self.model.with_parameters({"values": {"nominal": self.values(unknowns)}})
        carry = model.init_carry(self.x.shape[:-1], self.controls)
        carry, y = model(carry, self.x[..., None], self.controls)
        return y[..., self.before + model.latency :, 0], carry.report

    def prediction(self, unknowns: Array) -> Array:
        """Volts (pieces, time), as they should have been recorded."""
        return self.level(unknowns) * delayed(self.solved(unknowns)[0], self.delay(unknowns), REACH)

    def observed(self, y: Array) -> Array:
        """Volts (pieces, time), without what lies in the basis."""
        kept = self.keep * y
        along = jnp.einsum("ptb,pt->pb", self.basis, kept)
        return kept - jnp.einsum("ptb,pb->pt", self.basis, along)

    def residual(self, unknowns: Array) -> Array:
        """Volts (pieces time,)."""
        return self.observed(self.prediction(unknowns) - self.y).ravel()
