"""The linear part of a circuit as a tree of adaptors."""

import dataclasses
from dataclasses import dataclass
from typing import final

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
        parameters = self.law.parameters(values, -ports.i[:, 0, 0])
        all_devices = absolute(((parameters,),), jnp.zeros((1, 0, 1), ports.i.dtype), 1, 1)
        ports = dataclasses.replace(ports, i=jnp.zeros_like(ports.i))
        return dataclasses.replace(solved, ports=ports), all_devices
