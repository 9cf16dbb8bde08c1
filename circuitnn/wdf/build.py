"""From nested constructors to a circuit and the structure of its tree."""

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from circuitnn.circuit.circuit import Circuit
from circuitnn.circuit.components import GROUND
from circuitnn.expressions.errors import CircuitError
from circuitnn.mna.checks import rest_is_determined
from circuitnn.mna.topology import REFERENCE, Topology, topology
from circuitnn.wdf import elements as el
from circuitnn.wdf import roots
from circuitnn.wdf.assembly import Adaptor, Port, add_element, add_ideal_source, add_r_type, title
from circuitnn.wdf.decompose import leaves, leaves_of
from circuitnn.wdf.decompose_edges import Edge
from circuitnn.wdf.decompose_network import Fixed, junction
from circuitnn.wdf.elements import Element, Value
from circuitnn.wdf.explicit import LAWS, PairLaw, pair_law
from circuitnn.wdf.neural import NeuralLaw, NeuralOnePort
from circuitnn.wdf.roots import Root
from circuitnn.wdf.schematic import Schematic, TreeError, node_named, triodes, word
from circuitnn.wdf.tree import Junction, Leaf, Tree

TOP = "out"  # the positive terminal of a tree at the root


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
    schematic = Schematic(controls, reserved)
    inside: set[str] = set()
    if adaptor is None:
        ports = [Port(add_element(schematic, tree, TOP, GROUND), TOP, GROUND)]
    elif output is None:
        raise TreeError("say what is heard: output='v(C1)', since an R-type adaptor at the root has no one voltage")
    else:
        ports, inside = add_r_type(schematic, adaptor, str)
    return schematic, ports + _add_root(schematic, devices, is_one_port=adaptor is None), inside


def _outputs(output: str | Sequence[str] | None) -> tuple[str, ...]:
    """As `read_netlist` has them; the name of an element alone is the voltage across it."""
    names = (TOP,) if output is None else (output,) if isinstance(output, str) else tuple(output)
    return tuple(name if "(" in name or name == TOP else f"v({name})" for name in names)


def _edges(shape: Topology, ports: Sequence[Port]) -> list[Edge]:
    place = {name.lower(): k for k, name in enumerate(shape.nodes)} | {GROUND: REFERENCE}

    def completed(sketch: Any) -> Tree:
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


def _add_root(schematic: Schematic, devices: tuple[Root | Element, ...], *, is_one_port: bool) -> list[Port]:
    """Put what is at the root down; gives the ideal sources among it, which are leaves.

    Raises:
        TreeError: naming what cannot be there.
    """
    ports = []
    for device in devices:
        match device:
            case el.Short(name):
                device = el.VoltageSource(name, 0.0)
            case roots.NeuralRoot(like):
                _check_neural(device, is_alone=is_one_port and len(devices) == 1)
                device = like
        if isinstance(device, el.VoltageSource | el.CurrentSource):
            ports.append(Port(add_ideal_source(schematic, device, TOP, GROUND), TOP, GROUND))
        elif not isinstance(device, el.Open):
            _add_device(schematic, device, is_one_port=is_one_port)
    return ports


def _add_device(schematic: Schematic, device: Root | Element, *, is_one_port: bool) -> None:
    match device:
        case roots.Diode() | roots.DiodePair() if device.nodes is None and not is_one_port:
            raise TreeError("a diode on an R-type adaptor needs nodes=, its anode and cathode")
        case roots.Diode():
            _add_diode(schematic, device, device.name, device.emission, is_forward=True)
        case roots.DiodePair(law=law):
            if law not in (*LAWS, "newton"):
                raise TreeError(f"no law of a diode pair named {law!r}: there are {', '.join(LAWS)} and newton")
            up, down = _times(device.up, device.emission), _times(device.down, device.emission)
            model = _add_diode(schematic, device, device.name, up, is_forward=True)
            back = device.name and f"{device.name}b"
            # Equal diodes share a model, so that their values are learnt together.
            _add_diode(schematic, device, back, down, is_forward=False, model=model if up == down else None)
        case roots.BJT(nodes, kind, parameters, wish):
            name = schematic.name("Q", wish)
            model = schematic.model(name, word(kind), parameters)
            schematic.add(name, tuple(map(node_named, nodes)), 1.0, model=model)
        case roots.Triode(nodes, kind, parameters, wish):
            if f"triode_{kind}" not in triodes():
                raise TreeError(f"no triode of kind {kind!r}: there are koren and dempwolf")
            name = schematic.name("X", wish)
            schematic.instance(name, tuple(map(node_named, nodes)), f"triode_{kind}", parameters)
        case _:
            raise TreeError(f"{title(device)} is no root: devices and ideal sources are, trees are not")


def _add_diode(
    schematic: Schematic,
    device: roots.Diode | roots.DiodePair,
    wish: str | None,
    emission: Value,
    *,
    is_forward: bool,
    model: str | None = None,
) -> str:
    """A diode or a string of them; the name of its model."""
    nodes = (TOP, GROUND) if device.nodes is None else tuple(map(node_named, device.nodes))
    name = schematic.name("D", wish)
    model = model or schematic.model(name, "D", {"IS": device.saturation, "N": emission})
    schematic.add(name, nodes if is_forward else nodes[::-1], 1.0, model=model)
    return model


def _check_neural(device: roots.NeuralRoot, *, is_alone: bool) -> None:
    if not isinstance(device.like, roots.DiodePair | roots.Diode):
        raise TreeError(f"a NeuralRoot stands in for a Diode or a DiodePair, not for {title(device.like)}")
    if not isinstance(device.network, NeuralOnePort):
        raise TreeError(f"the network of a NeuralRoot is a NeuralOnePort, not {title(device.network)}")
    if not is_alone or device.like.nodes is not None:
        raise TreeError("a NeuralRoot has to be alone at the root of a tree, without nodes of an R-type adaptor")


def _times(count: int, emission: Value) -> Value:
    if not (isinstance(count, int) and count > 0):
        raise TreeError(f"a string of {count} diodes: there has to be one at least")
    return count * emission if not isinstance(emission, str) else f"{count}*({emission})"
