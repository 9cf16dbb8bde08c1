"""From nested constructors to a circuit and the structure of its tree: the tree is written down as a netlist.

A tree built by hand is then a `Circuit` like any other: it has knobs and learnable values, an operating point, a
netlist for ngspice and a nodal model to be compared with.
"""

import dataclasses
import math
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import final

import numpy as np

from circuitnn.circuit.circuit import Circuit
from circuitnn.circuit.components import GROUND, NULLOR
from circuitnn.circuit.reader import read_netlist
from circuitnn.expressions.errors import CircuitError
from circuitnn.expressions.numbers import parse_number
from circuitnn.mna.checks import rest_is_determined
from circuitnn.mna.topology import REFERENCE, Topology, topology
from circuitnn.wdf import elements as el
from circuitnn.wdf import roots
from circuitnn.wdf.decompose import leaves, leaves_of
from circuitnn.wdf.decompose_edges import Edge
from circuitnn.wdf.decompose_network import Fixed, junction
from circuitnn.wdf.elements import Element, Value
from circuitnn.wdf.explicit import LAWS, PairLaw, pair_law
from circuitnn.wdf.neural import NeuralLaw, NeuralOnePort
from circuitnn.wdf.roots import Root
from circuitnn.wdf.tree import Junction, Leaf, Parallel, Series, Tree

TOP = "out"  # the positive terminal of a tree at the root
OPEN = "1e12"  # ohms of an open switch

Planned = Callable[[Topology], Tree]  # once the nodes have their numbers
Placed = tuple[Planned, str, str]  # with the nodes that it is between


@final
class TreeError(CircuitError):
    """A tree that is no wave digital filter."""


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
    plan = _Plan(controls or {})
    at_root = (root,) if isinstance(root, Root | Element) else tuple(root or ())
    is_one_port = not isinstance(tree, el.RType) or tree.port is not None
    if isinstance(tree, el.RType) and not is_one_port:
        if output is None:
            raise TreeError("say what is heard: output='v(C1)', since an R-type adaptor at the root has no one voltage")
        pairs, inside = plan.r_type_parts(tree, lambda node: node)
    else:
        pairs, inside = [(plan.emit(tree, TOP, GROUND), TOP, GROUND)], set()
    for device in at_root:
        if isinstance(device, roots.NeuralRoot):
            _check_neural(device, is_alone=is_one_port and len(at_root) == 1)
        pairs += plan.at_root(device, is_one_port=is_one_port)
    text = "\n".join(["wave digital filter", *plan.lines, ".end", ""])
    outputs = (TOP,) if output is None else plan.outputs(output)
    try:
        circuit = read_netlist(text, inputs=plan.inputs or ("Vin",), outputs=outputs, uncharged=True)
    except CircuitError as error:
        raise TreeError(getattr(error, "message", str(error))) from None
    circuit = dataclasses.replace(
        circuit,
        components=tuple(
            dataclasses.replace(part, quantity=NULLOR) if part.name in plan.nullors else part
            for part in circuit.components
        ),
    )
    top = topology(circuit)
    if rest_is_determined(top, circuit.resolve()):
        circuit = dataclasses.replace(circuit, uncharged=False)
        top = topology(circuit)
    edges = _edges(top, pairs)
    below = plan.claimed - inside
    fixed = Fixed(top, without=below)
    # What the devices bring along: series resistances, the elements of a subcircuit.
    known = below.union(leaf.name for edge in edges for leaf in leaves(edge.tree))
    edges += [edge for edge in leaves_of(top, fixed) if next(leaves(edge.tree)).name not in known]
    law: PairLaw | NeuralLaw | None = None
    if len(at_root) == 1:
        match at_root[0]:
            case roots.DiodePair(up=up, down=down, law=name) if name != "newton":
                law = pair_law(top, name, (up, down))
            case roots.Diode():
                law = pair_law(top, "exact")
            case roots.NeuralRoot(like, network):
                counts = (like.up, like.down) if isinstance(like, roots.DiodePair) else (1, 1)
                replaced = pair_law(top, "exact", counts)
                if replaced is None:
                    raise TreeError("a NeuralRoot has to be the only device of its circuit")
                law = NeuralLaw(network.symmetric, replaced)
    return circuit, junction(top, fixed, edges), law


@final
class _Plan:
    """Lines of a netlist, and the names in it."""

    def __init__(self, controls: Mapping[str, float]):
        self.lines = [f".param {_word(name)}={float(value)!r}" for name, value in controls.items()]
        self.inputs: list[str] = []
        self.nullors: set[str] = set()
        self.claimed: set[str] = set()  # ideal elements inside of adaptors
        self.seen: dict[int, Element] = {}  # by identity; kept, so that no two ever have the same
        self.names: set[str] = set()
        self.nodes = 0

    def node(self) -> str:
        self.nodes += 1
        return f"n{self.nodes}"

    def name(self, kind: str, given: str | None) -> str:
        """A name of the netlist: the one given, with the kind's letter in front if it has not got it, or a new one."""
        if given is None:
            count = 1
            while f"{kind}{count}".lower() in self.names:
                count += 1
            given = f"{kind}{count}"
        name = _word(given)
        name = name if name[0].upper() == kind[0] else kind[0] + name
        if name.lower() in self.names:
            raise TreeError(f"{name} is there twice: each element has one port, and each port one place")
        self.names.add(name.lower())
        return name

    def outputs(self, output: str | Sequence[str]) -> tuple[str, ...]:
        asked = (output,) if isinstance(output, str) else tuple(output)
        return tuple(each if "(" in each or each == TOP else f"v({each})" for each in asked)

    def source(self, kind: str, given: str | None, value: Value | None) -> tuple[str, str]:
        name = self.name(kind, given)
        if value is None:
            self.inputs.append(name)
        return name, _text(0.0 if value is None else value, name)

    def emit(self, element: Element, high: str, low: str) -> Planned:
        """Write an element between two nodes; gives what builds its tree."""
        if id(element) in self.seen:
            raise TreeError(f"{_called(element)} is there twice: each element has one port, and each port one place")
        self.seen[id(element)] = element
        match element:
            case el.Resistor(value, name):
                return self.leaf("R", name, value, high, low)
            case el.Capacitor(value, name):
                return self.leaf("C", name, value, high, low)
            case el.Inductor(value, name):
                return self.leaf("L", name, value, high, low)
            case el.Switch(closed, name):
                return self.leaf("R", name, f"({closed}) > 0.5 ? 0 : {OPEN}", high, low)
            case el.ResistiveVoltageSource(resistance, name, voltage):
                source, text = self.source("V", name, voltage)
                middle = self.node()
                self.lines.append(f"{source} {high} {middle} {text}")
                resistor = self.leaf("R", f"R{source}", resistance, middle, low)
                return lambda top: Series(((Leaf(source, "V", False), 1), (resistor(top), 1)), (middle,))
            case el.ResistiveCurrentSource(resistance, name, current):
                source, text = self.source("I", name, current)
                self.lines.append(f"{source} {high} {low} {text}")
                resistor = self.leaf("R", f"R{source}", resistance, high, low)
                return lambda top: Parallel(((Leaf(source, "I", True), 1), (resistor(top), 1)))
            case el.Series(parts):
                return self.series(parts, high, low)
            case el.Parallel(parts):
                return self.parallel(parts, high, low)
            case el.Inverter(part):
                inner = self.emit(part, low, high)
                return lambda top: Series(((inner(top), -1),), ())
            case el.Transformer(part, ratio, name):
                return self.two_port(part, high, low, *self.transformer(ratio, name, high, low))
            case el.YParameters():
                return self.two_port(element.part, high, low, *self.admittances(element, high, low))
            case el.RType():
                return self.r_type(element, high, low)
            case el.VoltageSource() | el.CurrentSource() | el.Short() | el.Open():
                raise TreeError(_no_port(element))
        raise TreeError(f"{_called(element)} is no element of a tree; nonlinear devices are for the root")

    def leaf(self, kind: str, given: str | None, value: Value, high: str, low: str) -> Planned:
        name = self.name(kind, given)
        text = _text(value, name)
        if not text.startswith("{") and not parse_number(text) > 0:
            raise TreeError(f"the port resistance of {name} must be positive: its value is {value}")
        self.lines.append(f"{name} {high} {low} {text}")
        leaf = Leaf(name, kind, is_positive=kind != "R" or not text.startswith("{"))
        return lambda top: leaf

    def series(self, parts: tuple[Element, ...], high: str, low: str) -> Planned:
        if not parts:
            raise TreeError("a series adaptor without parts")
        nodes = [high, *(self.node() for _ in parts[1:]), low]
        emitted: list[Planned] = []
        for part, a, b in zip(parts, nodes, nodes[1:], strict=False):
            if isinstance(part, el.Short):
                emitted.append(self.ideal(el.VoltageSource(part.name, 0.0), a, b))
            else:
                emitted.append(self.emit(part, a, b))
        if all(isinstance(part, el.Short) for part in parts):
            raise TreeError("a series adaptor of shorts alone has no port resistance")
        return lambda top: Series(tuple((each(top), 1) for each in emitted), tuple(nodes[1:-1]))

    def parallel(self, parts: tuple[Element, ...], high: str, low: str) -> Planned:
        emitted: list[Planned] = []
        for part in parts:
            if isinstance(part, el.Open):
                emitted.append(self.ideal(el.CurrentSource(part.name, 0.0), high, low))
            else:
                emitted.append(self.emit(part, high, low))
        if all(isinstance(part, el.Open) for part in parts):
            raise TreeError("a parallel adaptor without parts has no port resistance")

        def planned(top: Topology) -> Tree:
            trees = [each(top) for each in emitted]
            zero = [tree for tree in trees if not tree.is_positive]
            if len(zero) > 1:
                names = " and ".join(_first_name(tree) for tree in zero[:2])
                raise TreeError(f"{names} may both have no resistance, and are in parallel: no current is certain then")
            return Parallel(tuple((tree, 1) for tree in trees))

        return planned

    def transformer(self, ratio: Value, given: str | None, high: str, low: str) -> tuple[str, str, set[str]]:
        """v = n v1 by a controlled source of voltage, i1 = n i by one of current; returns the secondary."""
        name, second, middle = self.name("ET", given and f"E{given}"), self.node(), self.node()
        text = _text(ratio, name)
        sense, back = self.name("V", f"V{name}"), self.name("F", f"F{name}")
        self.lines += [f"{sense} {high} {middle} 0", f"{name} {middle} {low} {second} {low} {text}"]
        self.lines.append(f"{back} {low} {second} {sense} {text}")
        return second, low, {name, sense, back}

    def admittances(self, two_port: el.YParameters, high: str, low: str) -> tuple[str, str, set[str]]:
        second, given = self.node(), two_port.name or "Y"
        values = {"11": two_port.y11, "12": two_port.y12, "21": two_port.y21, "22": two_port.y22}
        at = {"1": high, "2": second}
        names = set()
        for place, value in values.items():
            name = self.name("G", f"G{given}_{place}")
            self.lines.append(f"{name} {at[place[0]]} {low} {at[place[1]]} {low} {_text(value, name)}")
            names.add(name)
        return second, low, names

    def two_port(self, part: Element, high: str, low: str, second: str, common: str, names: set[str]) -> Planned:
        self.claimed |= names
        inner = self.emit(part, second, common)
        return lambda top: _below(top, [(inner, second, common)], high, low, names)

    def r_type(self, adaptor: el.RType, high: str, low: str) -> Planned:
        if adaptor.port is None:
            raise TreeError("an R-type adaptor below the root needs port=, the two nodes that lead up")
        prefix = self.node()
        names = {adaptor.port[0]: high, adaptor.port[1]: low}
        pairs, own = self.r_type_parts(adaptor, lambda node: names.get(node, f"{prefix}_{node}"))
        return lambda top: _below(top, pairs, high, low, own)

    def r_type_parts(self, adaptor: el.RType, rename: Callable[[str], str]) -> tuple[list[Placed], set[str]]:
        """The parts with their nodes, and the names of what is inside of the adaptor."""
        if len(adaptor.parts) != len(adaptor.nodes):
            raise TreeError(
                f"an R-type adaptor with {len(adaptor.parts)} parts and {len(adaptor.nodes)} pairs of nodes"
            )
        pairs = []
        voltages: dict[str, Placed] = {}
        for part, (a, b) in zip(adaptor.parts, adaptor.nodes, strict=True):
            a, b = rename(_word(a)), rename(_word(b))
            if isinstance(part, el.VoltageSource | el.CurrentSource):
                pairs.append((self.ideal(part, a, b), a, b))
                if isinstance(part, el.VoltageSource):
                    voltages[self.lines[-1].split()[0]] = pairs[-1]
            else:
                pairs.append((self.emit(part, a, b), a, b))
        own, sensed = set(), set()
        for line in adaptor.inside.splitlines():
            words = line.split()
            if not words:
                continue
            kind = words[0][0].upper()
            count = {"E": 4, "G": 4, "F": 2, "H": 2}.get(kind)
            if count is None or len(words) < count + 2:
                raise TreeError(f"inside an R-type adaptor are controlled sources E, G, F and H, not {line.strip()!r}")
            name = self.name(kind, words[0])
            own.add(name)
            if kind in "FH":
                found = [each for each in voltages if each.lower() == words[3].lower()]
                if not found:
                    raise TreeError(f"{name} senses {words[3]}, which is no VoltageSource on a port of its adaptor")
                sensed.add(found[0])
            self.lines.append(" ".join([name, *(rename(_word(w)) for w in words[1 : count + 1]), *words[count + 1 :]]))
        for output, plus, minus in adaptor.nullors:
            name = self.name("EN", None)
            own.add(name)
            self.nullors.add(name)
            out, low, plus, minus = (rename(_word(node)) for node in (output, GROUND, plus, minus))
            self.lines.append(f"{name} {out} {low} {plus} {minus} 1")
        # A source whose current is an unknown of the network is in the network.
        own |= sensed
        self.claimed |= own
        return [pair for pair in pairs if all(pair is not voltages[name] for name in sensed)], own

    def ideal(self, source: el.VoltageSource | el.CurrentSource, high: str, low: str) -> Planned:
        """An ideal source, at the root or on a port of an R-type adaptor."""
        if isinstance(source, el.VoltageSource):
            name, text = self.source("V", source.name, source.voltage)
            leaf = Leaf(name, "V", False)
        else:
            name, text = self.source("I", source.name, source.current)
            leaf = Leaf(name, "I", True)
        self.lines.append(f"{name} {high} {low} {text}")
        return lambda top: leaf

    def at_root(self, device: Root | Element, *, is_one_port: bool) -> list[Placed]:
        """Write a device at the root; gives the leaves among them."""
        match device:
            case el.VoltageSource() | el.CurrentSource():
                return [(self.ideal(device, TOP, GROUND), TOP, GROUND)]
            case el.Short(name):
                return [(self.ideal(el.VoltageSource(name, 0.0), TOP, GROUND), TOP, GROUND)]
            case el.Open():
                return []
            case roots.Diode(saturation, emission, nodes, given):
                self.diodes(nodes, given, saturation, [(emission, True)], is_one_port)
            case roots.DiodePair(saturation, emission, up, down, nodes, given, law):
                if law not in (*LAWS, "newton"):
                    raise TreeError(f"no law of a diode pair named {law!r}: there are {', '.join(LAWS)} and newton")
                strings = [(_times(up, emission), True), (_times(down, emission), False)]
                self.diodes(nodes, given, saturation, strings, is_one_port)
            case roots.NeuralRoot(like):
                return self.at_root(like, is_one_port=is_one_port)
            case roots.BJT(nodes, kind, parameters, given):
                name = self.name("Q", given)
                self.lines.append(f"{name} {' '.join(map(_word, nodes))} M{name}")
                self.lines.append(f".model M{name} {_word(kind)}({_assigned(parameters)})")
            case roots.Triode(nodes, kind, parameters, given):
                name = self.name("X", given)
                if f"triode_{kind}" not in _triodes():
                    raise TreeError(f"no triode of kind {kind!r}: there are koren and dempwolf")
                self.lines.append(f"{name} {' '.join(map(_word, nodes))} triode_{kind} {_assigned(parameters)}")
                if _triodes() not in self.lines:
                    self.lines.append(_triodes())
            case _:
                raise TreeError(f"{_called(device)} is no root: devices and ideal sources are, trees are not")
        return []

    def diodes(self, nodes, given, saturation: Value, strings, is_one_port: bool) -> None:
        if nodes is None and not is_one_port:
            raise TreeError("a diode on an R-type adaptor needs nodes=, its anode and cathode")
        a, b = (TOP, GROUND) if nodes is None else map(_word, nodes)
        models: dict[Value, str] = {}  # equal diodes share one, so that their values are learnt together
        for emission, is_forward in strings:
            name = self.name("D", given if is_forward or given is None else f"{given}b")
            if emission not in models:
                models[emission] = f"M{name}"
                self.lines.append(f".model M{name} D(IS={_text(saturation, name)} N={_text(emission, name)})")
            self.lines.append(
                f"{name} {a} {b} {models[emission]}" if is_forward else f"{name} {b} {a} {models[emission]}"
            )


def _check_neural(device: roots.NeuralRoot, *, is_alone: bool) -> None:
    if not isinstance(device.like, roots.DiodePair | roots.Diode):
        raise TreeError(f"a NeuralRoot stands in for a Diode or a DiodePair, not for {_called(device.like)}")
    if not isinstance(device.network, NeuralOnePort):
        raise TreeError(f"the network of a NeuralRoot is a NeuralOnePort, not {_called(device.network)}")
    if not is_alone or device.like.nodes is not None:
        raise TreeError("a NeuralRoot has to be alone at the root of a tree, without nodes of an R-type adaptor")


def _below(top: Topology, pairs: list[Placed], high: str, low: str, names: set[str]) -> Junction:
    index = _places(top)
    return junction(top, Fixed(top, only=names), _edges(top, pairs), terminals=(index[low], index[high]))


def _edges(top: Topology, pairs: list[Placed]) -> list[Edge]:
    index = _places(top)
    return [Edge(planned(top), index[a], index[b]) for planned, a, b in pairs]


def _places(top: Topology) -> dict[str, int]:
    return {name: k for k, name in enumerate(top.nodes)} | {GROUND: REFERENCE}


def _first_name(tree: Tree) -> str:
    while not isinstance(tree, Leaf):
        tree = tree.parts[0] if isinstance(tree, Junction) else tree.parts[0][0]
    return tree.name


def _called(element: object) -> str:
    name = getattr(element, "name", None)
    kind = type(element).__name__
    return f"{kind} {name}" if name else f"a {kind}"


def _no_port(element: Element) -> str:
    what = f"{_called(element)} has no port resistance and cannot be adapted"
    match element:
        case el.VoltageSource():
            return f"{what}: put it at the root, on an R-type adaptor, or use a ResistiveVoltageSource"
        case el.CurrentSource():
            return f"{what}: put it at the root, on an R-type adaptor, or use a ResistiveCurrentSource"
        case el.Short():
            return f"{what}: it may be in series with something, or the root"
    return f"{what}: it may be in parallel with something, or the root"


def _word(text: str) -> str:
    if not isinstance(text, str) or not re.fullmatch(r"[\w#.+-]+", text):
        raise TreeError(f"{text!r} is no name: letters, digits and _ # . + - are allowed")
    return text


def _text(value: Value, name: str) -> str:
    """A number or an expression as a netlist has it."""
    if not isinstance(value, str):
        if np.ndim(value) != 0 or not np.isrealobj(value) or not _is_finite(value):
            raise TreeError(f"the value of {name} must be a finite number or an expression, got {value!r}")
        return repr(float(value))
    if not value.isprintable() or set(value) & set("{};'\"$"):
        raise TreeError(f"the value of {name} is no number and no expression: {value!r}")
    try:
        return repr(parse_number(value.strip()))
    except CircuitError:
        return f"{{{value}}}"


def _is_finite(value: object) -> bool:
    try:
        return math.isfinite(value)  # type: ignore[arg-type]
    except TypeError:  # no number at all
        return False


def _times(count: int, emission: Value) -> Value:
    if not (isinstance(count, int) and count > 0):
        raise TreeError(f"a string of {count} diodes: there has to be one at least")
    return count * emission if not isinstance(emission, str) else f"{count}*({emission})"


def _assigned(parameters: Mapping[str, Value]) -> str:
    return " ".join(f"{_word(name)}={_text(value, name)}" for name, value in parameters.items())


def _triodes() -> str:
    return resources.files("circuitnn.circuit.catalogue").joinpath("triodes.lib").read_text(encoding="utf-8")
