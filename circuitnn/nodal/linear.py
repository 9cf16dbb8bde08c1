"""The linear part of a circuit by modified nodal analysis."""

from dataclasses import dataclass
from typing import final

from circuitnn.discrete.stretches import in_stretches
from circuitnn.discrete.system import Discretisation, Linear
from circuitnn.mna.batches import solved_network
from circuitnn.mna.network import Network
from circuitnn.mna.stamps import Values, companion
from circuitnn.mna.topology import Topology


@final
@dataclass(frozen=True)
class NodalEquations(Linear):
    """All of it in one matrix, with the capacitors and inductors as their companions."""

    def solve(self, top: Topology, values: Values, how: Discretisation) -> Network:
        """As `Linear.solve`."""
        return in_stretches(
            lambda values: solved_network(top, values, lambda values: companion(top, values, how.step)), values
        )
