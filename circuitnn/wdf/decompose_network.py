"""The networks inside junctions: a `Topology` of what is left of a circuit, its nodes and branches counted anew."""

import dataclasses
from collections.abc import Set
from typing import Any, final

from circuitnn.circuit.components import GROUND
from circuitnn.mna.elements import Branch
from circuitnn.mna.topology import REFERENCE, Topology
from circuitnn.wdf.decompose_edges import Edge
from circuitnn.wdf.tree import Junction, Leaf

PORT = "port"  # and a number, from 1 on: the reactive branch that a tree is on


@final
class Fixed:
    """What is inside of a junction and no tree: everything but two-terminal elements that nobody asks for a current.

    Args:
        topology: shape of the circuit.
        only: names of the controlled sources and voltage sources, for a junction below the root; None for the root.
        without: names of those that other junctions have.

    Attributes:
        is_root: whether the nonlinear devices are among it.
        voltage: sources that are controlled, nonlinear, or sensed.
        states: places among the circuit's `reactive` of coupled coils and charges.
        nodes: all that they touch or sense, and at the root ground.
    """

    def __init__(self, topology: Topology, *, only: Set[str] | None = None, without: Set[str] = frozenset()):
        self.is_root = only is None
        unknowns = {sensed.sensed for sensed in topology.sensing} | {port.branch for port in topology.ports}
        sensed = {branch.name for k, branch in enumerate(topology.voltage) if len(topology.nodes) + k in unknowns}
        independent = {*topology.inputs, *topology.constants} - sensed
        coupled = {k for pair in topology.mutual for k in (pair.a, pair.b)} if self.is_root else set()

        def chosen(parts):
            return tuple(
                part for part in parts if (part.name in only if only is not None else part.name not in without)
            )

        self.voltage = chosen(branch for branch in topology.voltage if branch.name not in independent)
        self.controlled, self.sensing = chosen(topology.controlled), chosen(topology.sensing)
        self.ports, self.drives = (topology.ports, topology.drives) if self.is_root else ((), ())
        self.states = tuple(
            k for k in range(len(topology.reactive)) if self.is_root and (topology.is_charge[k] or k in coupled)
        )
        branches = (*self.voltage, *(topology.reactive[k] for k in self.states))
        pairs = (*branches, *self.controlled, *self.sensing, *self.ports, *self.drives)
        touched = {node for part in pairs for node in (part.a, part.b)}
        touched |= {node for source in self.controlled for node in (source.c, source.d)}
        self.nodes = frozenset(touched | {REFERENCE} if self.is_root else touched)


def below(topology: Topology, edges: list[Edge], terminals: tuple[int, int]) -> Edge:
    """Edges between two nodes and none other of the rest as one edge, a junction."""
    reference, terminal = terminals
    return Edge(junction(topology, Fixed(topology, only=frozenset()), edges, terminals), terminal, reference)


def junction(topology: Topology, fixed: Fixed, edges: list[Edge], terminals: tuple[int, int] | None = None) -> Junction:
    """Trees on the ports of a network.

    Args:
        topology: shape of the circuit.
        fixed: what else is in the network.
        edges: the trees, with the nodes that they are between.
        terminals: below the root the negative and the positive terminal of the whole.
    """
    reference = REFERENCE if terminals is None else terminals[0]
    trees = [edge for edge in edges if not edge.is_current]
    nodes = sorted((fixed.nodes | {node for edge in edges for node in (edge.a, edge.b)}) - {reference})
    place = {node: k for k, node in enumerate(nodes)} | {reference: REFERENCE}
    state = {old: len(trees) + k for k, old in enumerate(fixed.states)} | {-1: -1}
    branch = {-1: -1}  # those that somebody refers to are all among the fixed sources of voltage
    for k, source in enumerate(topology.voltage):
        if source in fixed.voltage:
            branch[len(topology.nodes) + k] = len(nodes) + fixed.voltage.index(source)
    branch |= {
        topology.first_reactive + old: len(nodes) + len(fixed.voltage) + new for old, new in state.items() if old >= 0
    }

    def moved(part: Any) -> Any:
        changes = {name: place[getattr(part, name)] for name in "abcd" if name in part._fields}
        changes |= {name: branch[getattr(part, name)] for name in ("branch", "sensed") if name in part._fields}
        return part._replace(**changes)

    alone = {edge.tree.name for edge in edges if isinstance(edge.tree, Leaf)}
    current = tuple(moved(source) for source in topology.current if source.name in alone)
    inside = {source.name for source in (*fixed.voltage, *current)}
    n = len(trees)
    network = dataclasses.replace(
        topology,
        nodes=tuple(_name(topology, node) for node in nodes),
        resistors=(),
        pots=(),
        series=(),
        voltage=tuple(moved(source) for source in fixed.voltage),
        current=current,
        controlled=tuple(moved(source) for source in fixed.controlled),
        sensing=tuple(moved(sensed) for sensed in fixed.sensing),
        reactive=(*_ports(trees, place), *(moved(topology.reactive[k]) for k in fixed.states)),
        is_inductor=(*(False,) * n, *(topology.is_inductor[k] for k in fixed.states)),
        is_charge=(*(False,) * n, *(topology.is_charge[k] for k in fixed.states)),
        mutual=tuple(pair._replace(a=state[pair.a], b=state[pair.b]) for pair in topology.mutual if fixed.is_root),
        inputs=tuple(name for name in topology.inputs if name in inside),
        outputs=(),
        ports=tuple(moved(port) for port in fixed.ports),
        drives=tuple(moved(drive)._replace(charge=state[drive.charge]) for drive in fixed.drives),
        devices=topology.devices if fixed.is_root else (),
    )
    terminal = "" if terminals is None else _name(topology, terminals[1])
    return Junction(network, tuple(edge.tree for edge in trees), terminal, _name(topology, reference))


def _name(topology: Topology, node: int) -> str:
    return GROUND if node == REFERENCE else topology.nodes[node]


def _ports(edges: list[Edge], place: dict[int, int]) -> tuple[Branch, ...]:
    return tuple(Branch(f"{PORT} {k}", place[edge.a], place[edge.b]) for k, edge in enumerate(edges, 1))
