"""LTspice's flat schematics (``.asc``): symbols, wires and texts as the netlist that LTspice makes of them."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple, final

from circuitnn.circuit.lines import physical_lines
from circuitnn.expressions.errors import NetlistError

Point = tuple[int, int]


@final
class Symbol(NamedTuple):
    """One of LTspice's: its letter, its pins in the order of a netlist, and its value where none is written."""

    letter: str
    pins: tuple[Point, ...]
    value: str = ""


_UPRIGHT = ((16, 16), (16, 96))
_SHORT = ((16, 0), (16, 64))
_SOURCE = ((0, 16), (0, 96))
_BIPOLAR = ((64, 0), (0, 48), (64, 96))
_AMPLIFIER = ((-32, 80), (-32, 48), (0, 32), (0, 96), (32, 64))
_SYMBOLS = {
    "res": Symbol("R", _UPRIGHT, "R"),
    "res2": Symbol("R", _UPRIGHT, "R"),
    "cap": Symbol("C", _SHORT, "C"),
    "polcap": Symbol("C", _SHORT, "C"),
    "ind": Symbol("L", _UPRIGHT, "L"),
    "ind2": Symbol("L", _UPRIGHT, "L"),
    "voltage": Symbol("V", _SOURCE),
    "bv": Symbol("B", _SOURCE),
    "current": Symbol("I", ((0, 0), (0, 80))),
    "bi": Symbol("B", ((0, 0), (0, 80))),
    **dict.fromkeys(("diode", "zener", "schottky", "led", "varactor"), Symbol("D", _SHORT, "D")),
    "npn": Symbol("Q", _BIPOLAR, "NPN"),
    "pnp": Symbol("Q", _BIPOLAR, "PNP"),
    "njf": Symbol("J", ((48, 0), (0, 64), (48, 96)), "NJF"),
    "opamp2": Symbol("X", _AMPLIFIER),
    **dict.fromkeys(
        ("universalopamp2", "universalopamps2"),
        Symbol("X", ((-32, 16), (-32, -16), (0, -32), (0, 32), (32, 0)), "level2"),
    ),
}
_TURNS = {"R0": (1, 0, 0, 1), "R90": (0, -1, 1, 0), "R180": (-1, 0, 0, -1), "R270": (0, 1, -1, 0)} | {
    "M0": (-1, 0, 0, 1),
    "M90": (0, -1, -1, 0),
    "M180": (1, 0, 0, -1),
    "M270": (0, 1, 1, 0),
}
_ATTRIBUTES = ("SpiceModel", "Value", "Value2", "SpiceLine", "SpiceLine2")


def is_schematic(text: str) -> bool:
    """Whether a text is a schematic of LTspice's."""
    return re.match(r"\s*Version\s+4(\.\d+)?\s*[\r\n]+\s*SHEET\b", text) is not None


def netlist_of(text: str) -> str:
    """The netlist of a schematic: nodes by their flags, others N001, N002, ...

    Raises:
        NetlistError: with all symbols that are not known, and what is no schematic.
    """
    wires: list[tuple[Point, Point]] = []
    flags: list[tuple[Point, str]] = []
    parts: list[tuple[Symbol, Point, str, dict[str, str]]] = []
    directives: list[str] = []
    faults: list[NetlistError] = []
    attributes: dict[str, str] = {}
    for number, line in enumerate(physical_lines(text), start=1):
        word, *rest = line.split(maxsplit=1) or [""]
        words = (rest or [""])[0].split()
        try:
            match word:
                case "WIRE":
                    x1, y1, x2, y2 = map(int, words[:4])
                    wires.append(((x1, y1), (x2, y2)))
                case "FLAG":
                    flags.append(((int(words[0]), int(words[1])), words[2]))
                case "SYMBOL":
                    attributes = {}
                    *name, x, y, turn = words
                    key = re.split(r"[\\/]", " ".join(name))[-1].lower()
                    symbol = _SYMBOLS[key]
                    parts.append((symbol, (int(x), int(y)), turn, attributes))
                case "SYMATTR":
                    key, *value = rest[0].split(maxsplit=1)
                    attributes[key] = " ".join(value)
                case "TEXT":
                    mark = rest[0].split(maxsplit=4)[-1]
                    directives += mark[1:].split("\\n") if mark.startswith("!") else []
        except KeyError:
            message = f"the symbol {' '.join(words[:-3])} is none of those that are read: {', '.join(_SYMBOLS)}"
            faults.append(NetlistError(message, number, line))
        except (ValueError, IndexError):
            faults.append(NetlistError(f"no {word} of a schematic", number, line))
    if faults:
        raise NetlistError.of(faults)
    return "\n".join(["* schematic", *_elements(parts, wires, flags), *directives, ".end", ""])


def _elements(
    parts: list[tuple[Symbol, Point, str, dict[str, str]]],
    wires: list[tuple[Point, Point]],
    flags: list[tuple[Point, str]],
) -> Iterator[str]:
    placed = [[_pin(pin, origin, turn) for pin in symbol.pins] for symbol, origin, turn, _ in parts]
    names = _nodes(wires, flags, [pin for pins in placed for pin in pins])
    defaults = {}
    for (symbol, _, _, said), pins in zip(parts, placed, strict=True):
        letter, name = said.get("Prefix", symbol.letter), said.get("InstName", "")
        full = name if name[:1].upper() == letter[:1].upper() else f"{letter[:1]}{name}"
        said = {key: value for key, value in said.items() if value != '""'}
        values = [said[key] for key in _ATTRIBUTES if said.get(key)]
        if symbol.letter == "X" and said.get("SpiceModel"):
            values = [said[key] for key in _ATTRIBUTES if said.get(key) and key != "Value"]
        if not said.get("Value") and not said.get("SpiceModel") and symbol.value:
            values = [symbol.value, *values]
        if values and values[0] == symbol.value and symbol.letter in "DQJ":
            defaults[symbol.value] = f".model {symbol.value} {symbol.value}"
        yield " ".join([full, *(names[pin] for pin in pins), *values])
    yield from defaults.values()


def _pin(pin: Point, origin: Point, turn: str) -> Point:
    a, b, c, d = _TURNS[turn]
    return origin[0] + a * pin[0] + b * pin[1], origin[1] + c * pin[0] + d * pin[1]


def _nodes(wires: list[tuple[Point, Point]], flags: list[tuple[Point, str]], pins: Iterable[Point]) -> dict[Point, str]:
    """The names of the nodes that pins are at: of what lies on a wire, its ends too, all is one."""
    pins = list(pins)
    points = dict.fromkeys([*pins, *(point for point, _ in flags), *(end for wire in wires for end in wire)])
    parent = {point: point for point in points}

    def find(point: Point) -> Point:
        while parent[point] != point:
            parent[point] = parent[parent[point]]
            point = parent[point]
        return point

    for start, end in wires:
        for point in points:
            if _is_on(point, start, end):
                parent[find(point)] = find(start)
    named: dict[Point, str] = {}
    by_name: dict[str, Point] = {}
    for point, name in flags:
        root = find(by_name.setdefault(name.lower(), point))
        other = find(point)
        named[root] = named.get(root, named.get(other, name)) if name != "0" else "0"
        parent[other] = root
    for point in pins:
        named.setdefault(find(point), f"N{len(named) + 1:03d}")
    return {point: named[find(point)] for point in pins}


def _is_on(point: Point, start: Point, end: Point) -> bool:
    (x, y), (x1, y1), (x2, y2) = point, start, end
    is_along = (x - x1) * (y2 - y1) == (y - y1) * (x2 - x1)
    return is_along and min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2)
