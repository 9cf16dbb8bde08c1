"""From nested constructors to a circuit and the structure of its tree."""

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import chain

from circuitnn.circuit.circuit import Circuit
from circuitnn.circuit.components import GROUND
from circuitnn.expressions.errors import CircuitError
from circuitnn.mna.checks import rest_is_determined
from circuitnn.mna.topology import REFERENCE, Topology, topology
from circuitnn.wdf import elements as el
from circuitnn.wdf import roots
from circuitnn.wdf.assembly import Adaptor, Port, Sketch, add_element, add_r_type
from circuitnn.wdf.decompose import leaves, leaves_of
from circuitnn.wdf.decompose_edges import Edge
from circuitnn.wdf.decompose_network import Fixed, junction
from circuitnn.wdf.elements import Element
from circuitnn.wdf.explicit import PairLaw, pair_law
from circuitnn.wdf.neural import NeuralLaw
from circuitnn.wdf.root_devices import TOP, add_root
from circuitnn.wdf.roots import Root
from circuitnn.wdf.schematic import Schematic, TreeError
from circuitnn.wdf.tree import Junction, Leaf, Tree


def build(
    tree: Element,
    root: Root | Element | Sequence[Root | Element] | None,
    output: str | Sequence[str] | None,
    controls: Mapping[str, float] | None,
) -> tuple[Circuit, Junction, PairLaw | NeuralLaw | None]:
    """The circuit of a tree, its structure, and the law of the wave at its root where that is one.

    Raises:
        TreeError: naming the element that cannot be where it is.
    """
    devices = (root,) if isinstance(root, Root | Element) else tuple(root or ())
    try:
        schematic, ports, inside = _assembled(tree, devices, output, controls or {})
        circuit = schematic.circuit(_outputs(output))
    except CircuitError as error:
        raise TreeError(getattr(error, "message", str(error))) from None
    shape = topology(circuit)
    if rest_is_determined(shape, circuit.resolve()):
        circuit = dataclasses.replace(circuit, uncharged=False)
        shape = topology(circuit)
    edges = _edges(shape, ports)
    below = schematic.inside - inside
    fixed = Fixed(shape, without=below)
    # What the devices bring along: series resistances, the elements of a subcircuit.
    in_tree = below.union(leaf.name for edge in edges for leaf in leaves(edge.tree))
    edges += [edge for edge in leaves_of(shape, fixed) if next(leaves(edge.tree)).name not in in_tree]
    return circuit, junction(shape, fixed, edges), _law(shape, devices)


def _assembled(
    tree: Element, devices: tuple[Root | Element, ...], output: str | Sequence[str] | None, controls
) -> tuple[Schematic, list[Port], set[str]]:
    """All components, the trees on the ports of the root, and the names of what else is in its network."""
    adaptor = tree if isinstance(tree, el.RType) and tree.port is None else None
    reserved: list[str] = [node for device in devices for node in getattr(device, "nodes", None) or ()]
    if adaptor is not None:
        # The nodes of an adaptor at the root keep the names that the user gave them.
        reserved += [*chain(*adaptor.nodes, *adaptor.nullors), *adaptor.inside.split()]
    schematic, inside = Schematic(controls, reserved), set()
    if adaptor is None:
        ports = [Port(add_element(schematic, tree, TOP, GROUND), TOP, GROUND)]
    elif output is None:
        raise TreeError("say what is heard: output='v(C1)', since an R-type adaptor at the root has no one voltage")
    else:
        ports, inside = add_r_type(schematic, adaptor, str)
    return schematic, ports + add_root(schematic, devices, is_one_port=adaptor is None), inside


def _outputs(output: str | Sequence[str] | None) -> tuple[str, ...]:
    """As `read_netlist` has them; the name of an element alone is the voltage across it."""
    names = (TOP,) if output is None else (output,) if isinstance(output, str) else tuple(output)
    return tuple(name if "(" in name or name == TOP else f"v({name})" for name in names)


def _edges(shape: Topology, ports: Sequence[Port]) -> list[Edge]:
    place = {name.lower(): k for k, name in enumerate(shape.nodes)} | {GROUND: REFERENCE}

    def completed(sketch: Sketch) -> Tree:
        match sketch:
            case Leaf():
                return sketch
            case Adaptor(below, inside, high, low):
                fixed = Fixed(shape, only=inside)
                return junction(shape, fixed, edges(below), terminals=(place[low.lower()], place[high.lower()]))
        return dataclasses.replace(sketch, parts=tuple((completed(part), sign) for part, sign in sketch.parts))

    def edges(ports: Sequence[Port]) -> list[Edge]:
        return [Edge(completed(port.tree), place[port.high.lower()], place[port.low.lower()]) for port in ports]

    return edges(ports)


def _law(shape: Topology, devices: tuple[Root | Element, ...]) -> PairLaw | NeuralLaw | None:
    """What a device that is alone at the root makes of the incident wave; None where the voltages are solved for."""
    match devices:
        case (roots.DiodePair(up=up, down=down, law=name),) if name != "newton":
            return pair_law(shape, name, (up, down))
        case (roots.Diode(),):
            return pair_law(shape, "exact")
        case (roots.NeuralRoot(like, network),):
            counts = (like.up, like.down) if isinstance(like, roots.DiodePair) else (1, 1)
            replaced = pair_law(shape, "exact", counts)
            if replaced is None:
                raise TreeError("a NeuralRoot has to be the only device of its circuit")
            return NeuralLaw(network.symmetric, replaced)
    return None
