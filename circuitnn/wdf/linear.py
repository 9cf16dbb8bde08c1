"""The linear part of a circuit as a tree of adaptors."""

import dataclasses
from dataclasses import dataclass
from typing import final

from jax import Array
from jax import numpy as jnp

from circuitnn.mna.network import Network
from circuitnn.mna.port_map import Devices, PortMap, absolute, port_map_of
from circuitnn.mna.stamps import Values
from circuitnn.mna.topology import Topology
from circuitnn.transient.chunks import in_chunks
from circuitnn.transient.system import Discretisation, Linear
from circuitnn.wdf.columns import Columns
from circuitnn.wdf.explicit import PairLaw
from circuitnn.wdf.neural import NeuralLaw, NeuralWeights
from circuitnn.wdf.tree import Junction
from circuitnn.wdf.waves import network_of


@final
@dataclass(frozen=True)
class WaveTree(Linear):
    """Series, parallel and R-type adaptors with the nonlinear ports at the root.

    Attributes:
        tree: from the root on.
        law: of a diode, a pair or a network that is a function of the wave; None where the devices are solved for.
    """

    tree: Junction
    law: PairLaw | NeuralLaw | None = None

    @property
    def numbers(self) -> NeuralWeights | None:
        """The weights of a network at the root."""
        return self.law.weights if isinstance(self.law, NeuralLaw) else None

    def with_numbers(self, numbers: NeuralWeights | None) -> "WaveTree":
        """As `Linear.with_numbers`."""
        if not isinstance(self.law, NeuralLaw):
            return self
        return dataclasses.replace(self, law=dataclasses.replace(self.law, weights=numbers))

    def solve(self, topology: Topology, values: Values, discretisation: Discretisation) -> Network:
        """As `Linear.solve`."""
        steps = discretisation.step, discretisation.steps(topology)
        return in_chunks(lambda values: network_of(Columns(topology, values, *steps), self.tree), values)

    def port_map(self, topology: Topology) -> PortMap:
        """Which device sits on which ports; one that is a function of the wave has the wave for a port."""
        ports = port_map_of(topology)
        if self.law is None:
            return ports
        return ports._replace(devices=(self.law.device(),), exponents=((),), is_explicit=True)

    def at_ports(self, topology: Topology, values: Values, solved: Network) -> tuple[Network, Devices]:
        """As `Linear.at_ports`: the incident wave is the voltage of the open port, whatever the device does."""
        if self.law is None:
            return super().at_ports(topology, values, solved)
        ports = solved.ports
        all_devices = self._at_root(self.law, values, -ports.i)
        ports = dataclasses.replace(ports, i=jnp.zeros_like(ports.i))
        return dataclasses.replace(solved, ports=ports), all_devices

    def imposed_map(self, topology: Topology) -> PortMap:
        """As `Linear.imposed_map`: a curve that is not that of the circuit's diodes stays what it is."""
        if not self._has_own_curve:
            return super().imposed_map(topology)
        return self.port_map(topology)._replace(is_explicit=False)

    def at_imposed_ports(
        self, topology: Topology, values: Values, solved: Network, discretisation: Discretisation
    ) -> tuple[Network, Devices]:
        """As `Linear.at_imposed_ports`: ``v = w - K' i`` is ``a = w - (K' - R) i`` with the R of the running filter."""
        if self.law is None or not self._has_own_curve:
            return super().at_imposed_ports(topology, values, solved, discretisation)
        resistance = -self.solve(topology, values, discretisation).ports.i
        all_devices = self._at_root(self.law, values, resistance)
        ports = dataclasses.replace(solved.ports, i=solved.ports.i + resistance)
        return dataclasses.replace(solved, ports=ports), all_devices

    @property
    def _has_own_curve(self) -> bool:
        return self.law is not None and not (isinstance(self.law, PairLaw) and self.law.law == "exact")

    @staticmethod
    def _at_root(law: PairLaw | NeuralLaw, values: Values, resistance: Array) -> Devices:
        """The law at a port of that resistance, (time or 1, 1, 1, batch or 1)."""
        parameters = law.parameters(values, resistance[:, 0, 0])
        return absolute(((parameters,),), jnp.zeros((1, 0, 1), resistance.dtype), 1, 1)
