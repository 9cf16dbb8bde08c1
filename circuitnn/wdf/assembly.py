"""From nested constructors to the components of a circuit, and to trees over them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, final

from circuitnn.circuit.components import GROUND, NULLOR
from circuitnn.circuit.controlled import parse_elements
from circuitnn.circuit.lines import Line
from circuitnn.expressions.errors import CircuitError
from circuitnn.wdf import elements as el
from circuitnn.wdf.elements import Element, Value
from circuitnn.wdf.schematic import Schematic, TreeError, node_named, value_of, word
from circuitnn.wdf.tree import Leaf, Parallel, Series

OPEN = 1e12  # ohms of an open switch


@final
class Port(NamedTuple):
    """A tree between two nodes, the positive one first."""

    tree: "Sketch"
    high: str
    low: str


@final
@dataclass(frozen=True)
class Adaptor:
    """An R-type adaptor of which only names are known: the nodes of a circuit have their numbers once it is complete.

    Attributes:
        ports: the trees on it.
        inside: names of the ideal elements in its network.
        high: positive terminal of the port to what is above.
        low: negative terminal.
    """

    ports: tuple[Port, ...]
    inside: frozenset[str]
    high: str
    low: str

    @property
    def is_positive(self) -> bool:
        """As of a `Junction`."""
        return all(port.tree.is_positive for port in self.ports)


Sketch = Leaf | Series | Parallel | Adaptor  # whose parts may be adaptors at any depth


def add_element(schematic: Schematic, element: Element, high: str, low: str) -> Sketch:
    """Put an element down between two nodes; gives its tree.

    Raises:
        TreeError: naming the element that cannot be where it is.
    """
    if id(element) in schematic.placed:
        raise TreeError(f"{title(element)} is there twice: each element has one port, and each port one place")
    schematic.placed[id(element)] = element
    match element:
        case el.Resistor(value, name):
            return _leaf(schematic, "R", name, value, high, low)
        case el.Capacitor(value, name):
            return _leaf(schematic, "C", name, value, high, low)
        case el.Inductor(value, name):
            return _leaf(schematic, "L", name, value, high, low)
        case el.Switch(closed, name):
            return _leaf(schematic, "R", name, f"({closed}) > 0.5 ? 0 : {OPEN}", high, low)
        case el.ResistiveVoltageSource(resistance, name, voltage):
            middle = schematic.node()
            source = schematic.source("V", name, voltage, high, middle)
            resistor = _leaf(schematic, "R", f"R{source}", resistance, middle, low)
            return Series(((Leaf(source, "V", False), 1), (resistor, 1)), (middle,))
        case el.ResistiveCurrentSource(resistance, name, current):
            source = schematic.source("I", name, current, high, low)
            resistor = _leaf(schematic, "R", f"R{source}", resistance, high, low)
            return Parallel(((Leaf(source, "I", True), 1), (resistor, 1)))
        case el.Series(parts):
            return _series(schematic, parts, high, low)
        case el.Parallel(parts):
            return _parallel(schematic, parts, high, low)
        case el.Inverter(part):
            return Series(((add_element(schematic, part, low, high), -1),), ())  # type: ignore[arg-type]
        case el.Transformer():
            return _transformer(schematic, element, high, low)
        case el.YParameters():
            return _admittances(schematic, element, high, low)
        case el.RType(port=None):
            raise TreeError("an R-type adaptor below the root needs port=, the two nodes that lead up")
        case el.RType(port=(top, bottom)):
            prefix, terminals = schematic.node(), {top: high, bottom: low}
            ports, inside = add_r_type(schematic, element, lambda node: terminals.get(node, f"{prefix}_{node}"))
            return Adaptor(tuple(ports), frozenset(inside), high, low)
        case el.VoltageSource() | el.CurrentSource() | el.Short() | el.Open():
            raise TreeError(_without_port(element))
    raise TreeError(f"{title(element)} is no element of a tree; nonlinear devices are for the root")


def add_ideal_source(schematic: Schematic, source: el.VoltageSource | el.CurrentSource, high: str, low: str) -> Leaf:
    """An ideal source, at the root or on a port of an R-type adaptor."""
    if isinstance(source, el.VoltageSource):
        return Leaf(schematic.source("V", source.name, source.voltage, high, low), "V", False)
    return Leaf(schematic.source("I", source.name, source.current, high, low), "I", True)


def add_r_type(schematic: Schematic, adaptor: el.RType, rename: Callable[[str], str]) -> tuple[list[Port], set[str]]:
    """The trees on the ports of an R-type adaptor, and the names of what is inside of it."""
    if len(adaptor.parts) != len(adaptor.nodes):
        raise TreeError(f"an R-type adaptor with {len(adaptor.parts)} parts and {len(adaptor.nodes)} pairs of nodes")
    ports: list[Port] = []
    for part, (high, low) in zip(adaptor.parts, adaptor.nodes, strict=True):
        high, low = rename(node_named(high)), rename(node_named(low))
        if isinstance(part, el.VoltageSource | el.CurrentSource):
            ports.append(Port(add_ideal_source(schematic, part, high, low), high, low))
        else:
            ports.append(Port(add_element(schematic, part, high, low), high, low))
    leaves = [port.tree for port in ports if isinstance(port.tree, Leaf)]
    voltages = {leaf.name.lower(): leaf.name for leaf in leaves if leaf.kind == "V"}
    inside: set[str] = set()
    for line in filter(str.strip, adaptor.inside.splitlines()):
        inside |= _add_controlled(schematic, line, voltages, rename)
    for output, plus, minus in adaptor.nullors:
        name = schematic.name("EN", None)
        schematic.add(
            name, tuple(rename(node_named(node)) for node in (output, GROUND, plus, minus)), 1.0, quantity=NULLOR
        )
        inside.add(name)
    schematic.inside |= inside
    return [port for port in ports if not (isinstance(port.tree, Leaf) and port.tree.name in inside)], inside


def _add_controlled(
    schematic: Schematic, line: str, voltages: Mapping[str, str], rename: Callable[[str], str]
) -> set[str]:
    """A controlled source; its name, and that of the source whose current it senses: it is in the network as well."""
    try:
        (parsed,) = parse_elements(Line(0, line))
        source = parsed.component
    except CircuitError:
        source = None
    if source is None or not source.is_controlled_source or source.is_behavioural:
        raise TreeError(f"inside an R-type adaptor are controlled sources E, G, F and H, not {line.strip()!r}")
    name, sense = schematic.name(source.kind, source.name), source.sense
    if sense is not None:
        if sense.lower() not in voltages:
            raise TreeError(f"{name} senses {sense}, which is no VoltageSource on a port of its adaptor")
        sense = voltages[sense.lower()]
    value: Any = source.value if parsed.number is None else parsed.number
    schematic.add(name, tuple(rename(word(node)) for node in source.nodes), value, sense=sense)
    return {name} if sense is None else {name, sense}


def _leaf(schematic: Schematic, kind: str, wish: str | None, value: Value, high: str, low: str) -> Leaf:
    name = schematic.name(kind, wish)
    number = value_of(value, name)
    if isinstance(number, float) and not number > 0:
        raise TreeError(f"the port resistance of {name} must be positive: its value is {value}")
    schematic.add(name, (high, low), number)
    return Leaf(name, kind, is_positive=kind != "R" or isinstance(number, float))


def _series(schematic: Schematic, parts: tuple[Element, ...], high: str, low: str) -> Series:
    if not parts:
        raise TreeError("a series adaptor without parts")
    nodes = [high, *(schematic.node() for _ in parts[1:]), low]
    trees: list[Sketch] = []
    for part, a, b in zip(parts, nodes, nodes[1:], strict=False):
        if isinstance(part, el.Short):
            trees.append(add_ideal_source(schematic, el.VoltageSource(part.name, 0.0), a, b))
        else:
            trees.append(add_element(schematic, part, a, b))
    if all(isinstance(part, el.Short) for part in parts):
        raise TreeError("a series adaptor of shorts alone has no port resistance")
    return Series(tuple((tree, 1) for tree in trees), tuple(nodes[1:-1]))  # type: ignore[misc]


def _parallel(schematic: Schematic, parts: tuple[Element, ...], high: str, low: str) -> Parallel:
    trees: list[Sketch] = []
    for part in parts:
        if isinstance(part, el.Open):
            trees.append(add_ideal_source(schematic, el.CurrentSource(part.name, 0.0), high, low))
        else:
            trees.append(add_element(schematic, part, high, low))
    if all(isinstance(part, el.Open) for part in parts):
        raise TreeError("a parallel adaptor without parts has no port resistance")
    zero = [tree for tree in trees if not tree.is_positive]
    if len(zero) > 1:
        names = " and ".join(_first_name(tree) for tree in zero[:2])
        raise TreeError(f"{names} may both have no resistance, and are in parallel: no current is certain then")
    return Parallel(tuple((tree, 1) for tree in trees))  # type: ignore[misc]


def _transformer(schematic: Schematic, transformer: el.Transformer, high: str, low: str) -> Adaptor:
    """v = n v1 by a controlled source of voltage, i1 = n i by one of current."""
    name = schematic.name("ET", transformer.name and f"E{transformer.name}")
    second, middle = schematic.node(), schematic.node()
    ratio = value_of(transformer.ratio, name)
    sense, back = schematic.name("V", f"V{name}"), schematic.name("F", f"F{name}")
    schematic.add(sense, (high, middle), 0.0)
    schematic.add(name, (middle, low, second, low), ratio)
    schematic.add(back, (low, second), ratio, sense=sense)
    return _two_port(schematic, transformer.part, high, low, second, {name, sense, back})


def _admittances(schematic: Schematic, two_port: el.YParameters, high: str, low: str) -> Adaptor:
    second, names = schematic.node(), set()
    node = {"1": high, "2": second}
    for row, column in ("11", "12", "21", "22"):
        name = schematic.name("G", f"G{two_port.name or 'Y'}_{row}{column}")
        value = value_of(getattr(two_port, f"y{row}{column}"), name)
        schematic.add(name, (node[row], low, node[column], low), value)
        names.add(name)
    return _two_port(schematic, two_port.part, high, low, second, names)


def _two_port(schematic: Schematic, part: Element, high: str, low: str, second: str, inside: set[str]) -> Adaptor:
    schematic.inside |= inside
    return Adaptor((Port(add_element(schematic, part, second, low), second, low),), frozenset(inside), high, low)


def _first_name(tree: Sketch) -> str:
    while not isinstance(tree, Leaf):
        tree = tree.ports[0].tree if isinstance(tree, Adaptor) else tree.parts[0][0]  # type: ignore[assignment]
    return tree.name


def title(element: object) -> str:
    """What a message calls an element."""
    name = getattr(element, "name", None)
    kind = type(element).__name__
    return f"{kind} {name}" if name else f"a {kind}"


def _without_port(element: Element) -> str:
    places = {
        el.VoltageSource: "put it at the root, on an R-type adaptor, or use a ResistiveVoltageSource",
        el.CurrentSource: "put it at the root, on an R-type adaptor, or use a ResistiveCurrentSource",
        el.Short: "it may be in series with something, or the root",
        el.Open: "it may be in parallel with something, or the root",
    }
    return f"{title(element)} has no port resistance and cannot be adapted: {places[type(element)]}"
