"""Schematics as data: parts between points of a plane, and what of the netlist they join and say.

Nothing in a layout says what a part is worth or what it is connected to in the circuit: `nets` finds from the points
what is joined in the picture, and a test holds that against the netlist's nodes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import circuitnn as cn

Point = tuple[float, float]
BASE, LIMB = 0.752, 0.697  # of a transistor, from its middle to its base, and to its collector and emitter


@dataclass(frozen=True)
class Part:
    """Elements in a row from a to b, in the order of the netlist's nodes; a potentiometer has a wiper as well.

    What is written stands above it, or to the right of one that stands upright; to the left, or beside a point, if
    said so.
    """

    names: str
    a: Point
    b: Point
    wiper: Point | None = None
    symbol: str = ""
    is_left: bool = False
    label: str = ""
    pins: tuple[int, int] = (0, 1)
    beside: Point | None = None


@dataclass(frozen=True)
class Transistor:
    """Around its middle, the base to the left."""

    name: str
    middle: Point
    is_pnp: bool = False


@dataclass(frozen=True)
class Box:
    """Elements that are drawn as a block: nodes by name with the points where they leave it."""

    names: str
    low: Point
    high: Point
    pins: dict[str, Point]
    label: str


@dataclass(frozen=True)
class Layout:
    """A picture.

    Attributes:
        circuit: name in the catalogue.
        items: parts, transistors and boxes.
        wires: lines through points.
        marks: points that are nodes of these names; "0" becomes a ground, a supply an arrow, others a terminal.
        strokes: lines that join nothing, as a core.
        hidden: elements that are not drawn for themselves.
        is_whole: false of a picture of a part of the circuit.
    """

    circuit: str
    items: tuple
    wires: tuple
    marks: tuple
    strokes: tuple = ()
    hidden: str = ""
    is_whole: bool = True
    words: dict[str, str] = field(default_factory=dict)


def value(circuit: cn.Circuit, names: str) -> str:
    """What stands beside a part: its value, of a potentiometer the sum of its halves, or the name of its model."""
    parts = [part for part in circuit.components if part.name in names.split()]
    model = next((part.model for part in parts if part.model), None)
    if model:
        return str(model)
    total = float(sum(float(circuit[part.name].value) for part in parts))
    for power, letter in ((6, "M"), (3, "k"), (0, ""), (-3, "m"), (-6, "u"), (-9, "n"), (-12, "p")):
        if total >= 0.9999999 * 10.0**power:
            return f"{total / 10.0**power:.4g}{letter}"
    return f"{total:g}"


def label(circuit: cn.Circuit, item: Part | Transistor | Box) -> str:
    """What is written beside or in it."""
    if isinstance(item, Transistor):
        return f"{item.name}\n{value(circuit, item.name)}"
    if isinstance(item, Box) or item.symbol in ("core", "winding"):
        return item.label.format_map(_Values(circuit))
    return f"{item.label or item.names}\n{value(circuit, item.names)}"


class _Values(dict):
    """Of elements by name, where a text asks for them."""

    def __init__(self, circuit: cn.Circuit):
        self.circuit = circuit

    def __missing__(self, name: str) -> str:
        return value(self.circuit, name)


def nets(layout: Layout) -> list[set[str]]:
    """The names that the circuit's nodes have at what is joined in the picture: one each, if both agree."""
    circuit = cn.circuits.CATALOGUE[layout.circuit]()
    claims = [*_claims(layout, circuit), *layout.marks]
    points = {tuple(round(c, 3) for c in point) for _, point in claims}
    points |= {point for wire in layout.wires for point in wire}
    group = {point: point for point in points}

    def root(point):
        while group[point] != point:
            point = group[point]
        return point

    for wire in layout.wires:
        for start, end in pairwise(wire):
            for point in points:
                if _is_on(point, start, end):
                    group[root(point)] = root(start)
    by_name: dict[str, Point] = {}
    for name, point in layout.marks:  # a ground is one, wherever it is drawn
        group[root(point)] = root(by_name.setdefault(name, point))
    joined: dict[Point, set[str]] = {}
    for name, point in claims:
        joined.setdefault(root(tuple(round(c, 3) for c in point)), set()).add(name)
    return list(joined.values())


def terminals(transistor: Transistor) -> dict[str, Point]:
    """Collector, base and emitter."""
    x, y = transistor.middle
    up, down = ("emitter", "collector") if transistor.is_pnp else ("collector", "emitter")
    return {up: (x, round(y + LIMB, 3)), "base": (round(x - BASE, 3), y), down: (x, round(y - LIMB, 3))}


def _claims(layout: Layout, circuit: cn.Circuit) -> Iterator[tuple[str, Point]]:
    nodes = {part.name: part.nodes for part in circuit.components}
    for item in layout.items:
        if isinstance(item, Transistor):
            at = terminals(item)
            yield from zip(nodes[item.name], (at["collector"], at["base"], at["emitter"]), strict=True)
        elif isinstance(item, Box):
            yield from item.pins.items()
        else:
            names = item.names.split()
            first, last = item.pins
            yield nodes[names[0]][first], item.a
            yield nodes[names[-1]][last], item.b
            if item.wiper:
                yield nodes[names[0]][1], item.wiper


def _is_on(point: Point, start: Point, end: Point) -> bool:
    (x, y), (x0, y0), (x1, y1) = point, start, end
    along = (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)
    inside = min(x0, x1) - 1e-6 <= x <= max(x0, x1) + 1e-6 and min(y0, y1) - 1e-6 <= y <= max(y0, y1) + 1e-6
    return abs(along) < 1e-6 and inside
