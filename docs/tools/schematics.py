"""Draws schematics of the catalogue into docs/assets/schematics/: python -m docs.tools.schematics [--check] [name ...].

Where the parts lie is said by hand, in `schematic_layouts`; their values are the netlist's. With
--check nothing is written, and what is there is compared.
"""

import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import schemdraw
import schemdraw.elements as elm
from schemdraw.segments import SegmentText

import circuitnn as cn
from circuitnn.files import replacing
from docs.tools.schematic_layouts import LAYOUTS
from docs.tools.schematic_parts import Box, Layout, Part, Point, Transistor, label, terminals

FOLDER = Path(__file__).parents[1] / "assets" / "schematics"
SUPPLIES = ("vcc", "vee")
FONT = 11
SYMBOLS = {
    "R": elm.Resistor,
    "C": elm.Capacitor,
    "L": elm.Inductor2,
    "D": elm.Diode,
    "cell": elm.Photoresistor,
    "core": elm.Inductor2,
    "winding": elm.Inductor2,
}


def main(arguments: list[str]) -> int:
    """Draws those named, or all."""
    schemdraw.use("svg")
    FOLDER.mkdir(parents=True, exist_ok=True)
    stale = []
    for name in [name for name in arguments if name != "--check"] or LAYOUTS:
        path, picture = FOLDER / f"{name}.svg", drawn(LAYOUTS[name])
        if "--check" not in arguments:
            with replacing(path) as file:
                file.write(picture)
        elif not path.exists() or path.read_bytes() != picture:
            stale.append(name)
    if stale:
        print(f"not what the layouts say: python -m docs.tools.schematics {' '.join(stale)}", file=sys.stderr)
    return 1 if stale else 0


def drawn(layout: Layout) -> bytes:
    """The picture, as SVG."""
    circuit = cn.circuits.CATALOGUE[layout.circuit]()
    drawing = schemdraw.Drawing(show=False, fontsize=FONT, lw=1.4)
    drawing.config(margin=0.6, bgcolor="white")
    for item in layout.items:
        if isinstance(item, Part):
            _draw_part(drawing, circuit, item)
        elif isinstance(item, Transistor):
            _draw_transistor(drawing, circuit, item)
        else:
            _draw_box(drawing, circuit, item)
    for wire in layout.wires:
        _draw_lines(drawing, wire)
    for stroke in layout.strokes:
        _draw_lines(drawing, stroke, ls="--" if len(stroke) > 2 else "-", lw=1)
    for point in sorted(_junctions(layout)):
        drawing += elm.Dot(radius=0.07).at(point)
    for name, point in layout.marks:
        _draw_mark(drawing, layout, name, point)
    return drawing.get_imagedata("svg")


def _draw_lines(drawing: schemdraw.Drawing, points: Sequence[Point], **style: Any) -> None:
    for start, end in pairwise(points):
        drawing += elm.Line(**style).at(start).to(end)


def _draw_part(drawing: schemdraw.Drawing, circuit: cn.Circuit, part: Part) -> None:
    kind = elm.Potentiometer if part.wiper else SYMBOLS[part.symbol or part.names[0]]
    drawing += kind().at(part.a).to(part.b)
    away = 0.5 if kind is elm.Inductor2 else 0.35
    (x0, y0), (x1, y1) = part.a, part.b
    x, y = part.beside or (0.5 * (x0 + x1), 0.5 * (y0 + y1))
    text = label(circuit, part)
    if x0 != x1 and not part.beside:
        _write(drawing, (x, y + away), text.replace("\n", " "), "center", "bottom")
    elif part.is_left:
        _write(drawing, (x - away, y), text, "right")
    else:
        _write(drawing, (x + away, y), text)
    if part.symbol == "core":
        for offset in (0.5, 0.62):
            drawing += elm.Line(lw=1).at((x + offset, y - 0.6)).to((x + offset, y + 0.6))


def _draw_transistor(drawing: schemdraw.Drawing, circuit: cn.Circuit, item: Transistor) -> None:
    kind = elm.BjtPnp if item.is_pnp else elm.BjtNpn
    drawing += kind(circle=True).at(terminals(item)["base"]).anchor("base").theta(0)
    x, y = item.middle
    _write(drawing, (x + 0.45, y), label(circuit, item))


def _draw_box(drawing: schemdraw.Drawing, circuit: cn.Circuit, box: Box) -> None:
    (left, bottom), (right, top) = box.low, box.high
    _draw_lines(drawing, ((left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)))
    _write(drawing, (0.5 * (left + right), 0.5 * (bottom + top)), label(circuit, box), "center")


def _write(drawing: schemdraw.Drawing, point: Point, text: str, across: str = "left", along: str = "center") -> None:
    words = elm.Element()
    words.segments.append(SegmentText((0, 0), text, align=(across, along), fontsize=FONT))
    drawing += words.at(point).theta(0)


def _draw_mark(drawing: schemdraw.Drawing, layout: Layout, name: str, point: Point) -> None:
    if name == "0":
        drawing += elm.Ground().at(point)
    elif name in SUPPLIES:
        circuit = cn.circuits.CATALOGUE[layout.circuit]()
        volts = f"{float(circuit[f'V{name[1:]}'].value):+g} V"
        drawing += (elm.Vdd() if name == "vcc" else elm.Vss()).at(point).label(volts)
    else:
        x, y = point
        drawing += elm.Dot(open=True).at(point)
        is_left = any(x < max(start[0], end[0]) and y == start[1] == end[1] for start, end in _lines(layout))
        across = "right" if is_left else "left"
        _write(drawing, (x + (-0.25 if is_left else 0.25), y), layout.words.get(name, name), across)


def _lines(layout: Layout) -> Iterator[tuple[Point, Point]]:
    yield from ((part.a, part.b) for part in layout.items if isinstance(part, Part))
    for wire in layout.wires:
        yield from pairwise(wire)


def _junctions(layout: Layout) -> set[Point]:
    """Where three ends or more meet."""
    ends: dict[Point, int] = {}
    for item in layout.items:
        if isinstance(item, Part):
            points = [item.a, item.b]
        elif isinstance(item, Transistor):
            points = list(terminals(item).values())
        else:
            points = list(item.pins.values())
        for point in points:
            ends[point] = ends.get(point, 0) + 1
    for wire in layout.wires:
        for index, point in enumerate(wire):
            ends[point] = ends.get(point, 0) + (1 if index in (0, len(wire) - 1) else 2)
    for point in ends:
        ends[point] += 2 * sum(_is_between(point, start, end) for start, end in _lines(layout))
    return {point for point, count in ends.items() if count > 2}


def _is_between(point: Point, start: Point, end: Point) -> bool:
    (x, y), (x0, y0), (x1, y1) = point, start, end
    if x0 == x1:
        return x == x0 and min(y0, y1) < y < max(y0, y1)
    return y0 == y1 == y and min(x0, x1) < x < max(x0, x1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
