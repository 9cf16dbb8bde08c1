"""The linear part of a circuit as a tree of adaptors."""

from dataclasses import dataclass
from typing import final

from circuitnn.discrete.system import Discretisation, Linear
from circuitnn.mna.network import Network
from circuitnn.mna.stamps import Values
from circuitnn.mna.topology import Topology
from circuitnn.wdf.tree import Junction
from circuitnn.wdf.waves import Columns, root


@final
@dataclass(frozen=True)
class WaveTree(Linear):
    """Series, parallel and R-type adaptors with the nonlinear ports at the root."""

    tree: Junction

    def solve(self, top: Topology, values: Values, how: Discretisation) -> Network:
        """As `Linear.solve`."""
        return root(Columns(top, values, how.step), self.tree)
