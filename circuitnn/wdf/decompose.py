"""A circuit becomes a tree: what is in series, in parallel, or behind two nodes is taken out until nothing is left to.

The rest is the root, with the nonlinear devices and everything that is no two-terminal element. What lies behind two
nodes and is neither series nor parallel is an R-type adaptor of its own, as small as it can be: the triconnected
components of the circuit's graph (Fränken, Ochs and Ochs 2005), whose tree is known as SPQR tree.
"""

from collections.abc import Iterator

from circuitnn.mna.topology import Topology
from circuitnn.wdf.decompose_edges import Edge, replaced, simplified, smallest_separable
from circuitnn.wdf.decompose_network import Fixed, below, junction
from circuitnn.wdf.tree import Junction, Leaf, Tree


def decompose(topology: Topology) -> Junction:
    """The root of the wave digital filter of a circuit.

    Each resistor, capacitor, inductor and independent source is a leaf of its tree. The root's network has what is
    none: devices, controlled sources, sources whose current is asked for, coupled coils, charges; and sources of
    current that nothing is in parallel to. Resistors with both ends at one node, which a subcircuit may have, carry
    nothing and are left out; a capacitor there keeps its voltage, and is a leaf.

    Args:
        topology: shape of the circuit.
    """
    fixed = Fixed(topology)
    edges = leaves_of(topology, fixed)
    while True:
        edges = simplified(edges, fixed.nodes, topology.nodes)
        separable = smallest_separable(edges, fixed.nodes)
        if separable is None:
            return junction(topology, fixed, edges)
        adaptor = below(topology, [edges[k] for k in separable.edges], separable.terminals)
        edges = replaced(edges, separable.edges, adaptor)


def children(tree: Tree) -> tuple[Tree, ...]:
    """The trees right below a tree."""
    match tree:
        case Leaf():
            return ()
        case Junction():
            return tree.parts
    return tuple(part for part, _ in tree.parts)


def leaves(tree: Tree) -> Iterator[Leaf]:
    """All leaves of a tree, from the left to the right."""
    if isinstance(tree, Leaf):
        yield tree
    for child in children(tree):
        yield from leaves(child)


def leaves_of(topology: Topology, fixed: Fixed) -> list[Edge]:
    """An edge for each element that may have a port of its own."""
    edges = [
        Edge(Leaf(part.name, "V", False), part.a, part.b) for part in topology.voltage if part not in fixed.voltage
    ]
    edges += [Edge(Leaf(part.name, "I", True), part.a, part.b) for part in topology.current]
    resistors = [Edge(Leaf(part.name, "R", True), part.a, part.b) for part in topology.resistors]
    resistors += [Edge(Leaf(part.name, "R", False), part.a, part.b) for part in topology.pots]
    resistors += [Edge(Leaf(topology.nodes[part.b], "RS", True), part.a, part.b) for part in topology.series]
    edges += [edge for edge in resistors if edge.a != edge.b]
    for k, part in enumerate(topology.reactive):
        if k not in fixed.states:
            edges.append(Edge(Leaf(part.name, "L" if topology.is_inductor[k] else "C", True), part.a, part.b))
    return edges
