"""The structure of a wave digital filter: which elements meet in which adaptors. No numbers; static and hashable.

Each tree is a one-port between a positive terminal and a negative one. A current into the tree enters at the positive
one, a voltage is counted from there to the negative one.
"""

from dataclasses import dataclass
from typing import final

from circuitnn.mna.topology import Topology


@final
@dataclass(frozen=True)
class Leaf:
    """An element with a port of its own: R, C, L, V, I, or the series resistance of a device.

    Attributes:
        name: as in the circuit; of a series resistance "Q1#RC", the name of the node inside the device.
        kind: "R", "C", "L", "V", "I", or "RS" for a series resistance.
        is_positive: its port resistance is positive whatever the knobs do. Not so for a pot, or a source of voltage.
    """

    name: str
    kind: str
    is_positive: bool


@final
@dataclass(frozen=True)
class Series:
    """Trees one after the other: their voltages add up, the first at the positive terminal.

    Attributes:
        parts: with 1, or -1 for those whose positive terminal is towards the negative one of the whole.
        nodes: between each part and the next; ends with none.
    """

    parts: tuple[tuple["Tree", int], ...]
    nodes: tuple[str, ...]

    @property
    def is_positive(self) -> bool:
        """One resistance is enough."""
        return any(part.is_positive for part, _ in self.parts)


@final
@dataclass(frozen=True)
class Parallel:
    """Trees side by side: their currents add up. All but one have a positive port resistance, or are current sources.

    Attributes:
        parts: with 1, or -1 for those the other way round.
    """

    parts: tuple[tuple["Tree", int], ...]

    @property
    def is_positive(self) -> bool:
        """All have to be."""
        return all(part.is_positive for part, _ in self.parts)


@final
@dataclass(frozen=True)
class Junction:
    """An R-type adaptor: trees on the ports of a network that is neither series nor parallel.

    Attributes:
        network: what is connected to what. Its `reactive` are first the ports that the trees are on, as capacitors
            named "port 1", "port 2" and so on, in the order of `parts`; then the states that have no tree (coupled
            inductors, charges of junctions). At the root it has the circuit's nonlinear ports, drives and devices, its
            reference is ground and its `outputs` are empty. Below the root it has none; its reference is the negative
            terminal.
        parts: the trees, each with its positive terminal at the first node of its port.
        terminal: name of the positive terminal; "" at the root.
        reference: name of the node that counts as zero in `network`.
    """

    network: Topology
    parts: tuple["Tree", ...]
    terminal: str
    reference: str

    @property
    def is_positive(self) -> bool:
        """Only known of networks of resistances."""
        return all(part.is_positive for part in self.parts)


Tree = Leaf | Series | Parallel | Junction
