"""The carry of a circuit in discrete time."""

import dataclasses
from dataclasses import dataclass
from typing import NamedTuple, final

import jax
from jax import Array
from jax import numpy as jnp

from circuitnn.numerics.report import SolveReport


@final
class Reference(NamedTuple):
    """Where a circuit rests, in volts and amperes: a fixed point that everything is counted from.

    Rounding is then relative to the signal, not to supplies and bias voltages, and rest stays where it is. Any other
    point gives the same sound, but for rounding: knobs and values may move away from those that belong to it.
    """

    states: Array  # (..., n_states)
    ports: Array  # (..., n_ports)
    inputs: Array  # (..., n_in)


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class CircuitCarry:
    """A circuit between two samples, in physical units, so that a block may start with other component values.

    Attributes:
        reference: what deviation, previous and ports are counted from.
        deviation: (..., n_states) capacitor voltages and inductor currents.
        dual: (..., n_states) capacitor currents and inductor voltages.
        previous: (..., n_states) the deviation one sample earlier, for the rules that need them; else (..., 0).
        ports: (..., n_ports) voltages of the devices, where the next solve starts from.
        u: (..., n_in) the last input.
        report: how the solves went.
        clock: (..., n_clocks, 2) of a circuit that depends on the time, see `circuitnn.transient.clock`; else None.
    """

    reference: Reference
    deviation: Array
    dual: Array
    previous: Array
    ports: Array
    u: Array
    report: SolveReport
    clock: Array | None = None

    @property
    def states(self) -> Array:
        """(..., n_states) capacitor voltages and inductor currents, in volts and amperes."""
        return self.reference.states + self.deviation

    def from_one_point(self) -> "tuple[Reference, CircuitCarry]":
        """The point where the first entry of the batch rests, (n,) each, and the carry with all counted from it.

        They mostly rest at one point. Numbers that each has for itself keep the compiler from making vectors.
        """
        if self.deviation.ndim == 1:
            return self.reference, self
        point = jax.tree.map(lambda rows: rows[(0,) * (rows.ndim - 1)], self.reference)
        farther = jax.tree.map(lambda rows, row: rows - row, self.reference, point)
        return point, dataclasses.replace(
            self,
            reference=jax.tree.map(lambda rows, row: jnp.broadcast_to(row, rows.shape), self.reference, point),
            deviation=self.deviation + farther.states,
            previous=self.previous + farther.states[..., : self.previous.shape[-1]],
            ports=self.ports + farther.ports,
        )
