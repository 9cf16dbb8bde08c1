"""The linear part of a circuit by modified nodal analysis."""

from dataclasses import dataclass
from typing import final

from circuitnn.mna.batches import solved_network
from circuitnn.mna.network import Network
from circuitnn.mna.stamps import Values, companion
from circuitnn.mna.topology import Topology
from circuitnn.transient.chunks import in_chunks
from circuitnn.transient.system import Discretisation, Linear


@final
@dataclass(frozen=True)
class NodalEquations(Linear):
    """All of it in one matrix, with the capacitors and inductors as their companions."""

    def solve(self, topology: Topology, values: Values, discretisation: Discretisation) -> Network:
        """As `Linear.solve`."""
        return in_chunks(
            lambda values: solved_network(
                topology, values, lambda values: companion(topology, values, discretisation.steps(topology))
            ),
            values,
        )
