"""The carry of a circuit in discrete time."""

from dataclasses import dataclass
from typing import final

import jax
from jax import Array

from circuitnn.numerics.report import SolveReport


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class CircuitCarry:
    """A circuit between two samples, in physical units, so that a block may start with other component values.

    Attributes:
        states: (..., n_states) capacitor voltages and inductor currents.
        dual: (..., n_states) capacitor currents and inductor voltages.
        previous: (..., n_states) the states one sample earlier, for the rules that need them; else (..., 0).
        ports: (..., n_ports) voltages of the devices, where the next solve starts from.
        u: (..., n_in) the last input.
        report: how the solves went.
    """

    states: Array
    dual: Array
    previous: Array
    ports: Array
    u: Array
    report: SolveReport
