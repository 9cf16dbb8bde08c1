"""LTspice's flat schematics (``.asc``): symbols, wires and texts as the netlist that LTspice makes of them."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from circuitnn.circuit.groups import Groups
from circuitnn.circuit.journal import Journal, words_in
from circuitnn.circuit.lines import MAX_LINES, Line, logical_lines, physical_lines
from circuitnn.circuit.symbols import VALUES, Point, Symbol, Symbols
from circuitnn.circuit.wires import Wire, nodes
from circuitnn.expressions.dialect import LTSPICE
from circuitnn.expressions.errors import NetlistError

_TURNS = {"R0": (1, 0, 0, 1), "R90": (0, -1, 1, 0), "R180": (-1, 0, 0, -1), "R270": (0, 1, -1, 0)} | {
    "M0": (-1, 0, 0, 1),
    "M90": (0, -1, -1, 0),
    "M180": (1, 0, 0, -1),
    "M270": (0, 1, 1, 0),
}
_SYMBOL = re.compile(r"SYMBOL\s+(\S.*?)\s+(-?\d{1,9})\s+(-?\d{1,9})\s+(\S+)\s*")
_FILE = re.compile(r"\.(lib|sub|sp|spi|cir|mod|model|inc|txt|bjt|dio|jft|mos)$", re.IGNORECASE)
_MODELS = ("NPN", "PNP", "LPNP", "D", "NJF", "PJF", "NMOS", "PMOS")  # each is one of its own name, without parameters


@dataclass
class _Part:
    """A symbol where it stands, with the attributes that follow its line."""

    symbol: Symbol
    line: Line
    origin: Point
    turn: tuple[int, int, int, int]
    own: dict[str, str] = field(default_factory=dict)

    @property
    def pins(self) -> list[Point]:
        (x, y), (a, b, c, d) = self.origin, self.turn
        return [(x + a * u + b * v, y + c * u + d * v) for u, v in self.symbol.pins]

    def words(self, names: list[str]) -> Iterator[str]:
        """What its line in a netlist says, and its library's."""
        attributes = {key: value for key, value in {**self.symbol.attributes, **self.own}.items() if value != '""'}
        prefix, name = self.own.get("Prefix", self.symbol.prefix), self.own.get("InstName", "")
        letter = prefix[:1].upper()
        if not name or not re.match("[A-Z]", letter):
            raise NetlistError("a SYMBOL without " + ("a prefix" if name else "a name (SYMATTR InstName)"))
        if name[0].upper() != letter:
            name = f"{letter}{'' if letter == 'X' else '§'}{name}"
        if len(names) == 3 and prefix[:2].upper() in ("MN", "MP"):
            names = [*names, names[-1]]
        elif len(names) == 3 and prefix[:2].upper() in ("QN", "QP"):
            names = [*names, "0"]
        libraries = [attributes["ModelFile"]] if attributes.get("ModelFile") else []
        if letter == "X":
            if _FILE.search(attributes.get("SpiceModel", "")):
                libraries.append(attributes.pop("SpiceModel"))
                is_named = bool(attributes.get("Value2"))
            else:
                is_named = bool(attributes.get("SpiceModel"))
            if is_named and "=" not in attributes.get("Value", ""):
                attributes.pop("Value", None)  # what is shown in the drawing
        yield " ".join([name, *names, *(attributes[key] for key in VALUES if attributes.get(key))])
        yield from (f".lib {library}" for library in libraries)


@dataclass
class _Sheet:
    """What is drawn, as far as it makes a netlist."""

    symbols: Symbols
    wires: list[Wire] = field(default_factory=list)
    flags: list[tuple[Point, str]] = field(default_factory=list)
    parts: list[_Part] = field(default_factory=list)
    directives: list[Line] = field(default_factory=list)
    part: _Part | None = None

    def read(self, line: Line) -> None:
        """Take one line in.

        Raises:
            NetlistError: without its place, ValueError or IndexError, when it is none.
        """
        word, *rest = line.text.split(maxsplit=1)
        words = rest[0].split() if rest else []
        match word:
            case "WIRE":
                x1, y1, x2, y2 = map(_coordinate, words)
                self.wires.append(((x1, y1), (x2, y2)))
            case "FLAG":
                self.flags.append(((_coordinate(words[0]), _coordinate(words[1])), words[2]))
            case "BUSTAP":
                raise NetlistError("buses are not read; let LTspice write the netlist (View, SPICE Netlist)")
            case "SYMBOL":
                self.part = None
                match = _SYMBOL.fullmatch(line.text)
                if match is None or match[4] not in _TURNS:
                    raise ValueError
                place = int(match[2]), int(match[3])
                self.part = _Part(self.symbols.symbol(match[1]), line, place, _TURNS[match[4]])
                self.parts.append(self.part)
            case "SYMATTR" if self.part is not None:
                key, *value = rest[0].split(maxsplit=1)
                self.part.own[key] = " ".join(value).strip()
            case "TEXT" if "!" in line.text:
                mark = rest[0].split(maxsplit=4)[-1]
                if mark.startswith("!"):
                    self.directives += _lines(mark[1:].replace("\\n", "\n"), line)


def is_schematic(text: str) -> bool:
    """Whether a text is a schematic of LTspice's."""
    return re.match(r"\s*Version\s+4(\.\d+)?\s*[\r\n]+\s*SHEET\b", text) is not None


def netlist_of(text: str, folder: Path | None = None, root: Path | None = None) -> str:
    """The netlist of a schematic as a text; arguments and errors as of `schematic_lines`."""
    return "\n".join(["* schematic", *(line.text for line in schematic_lines(text, folder, root)), ".end", ""])


def schematic_lines(
    text: str, folder: Path | None = None, root: Path | None = None, journal: Journal | None = None
) -> list[Line]:
    """The lines of the netlist of a schematic, each with the number of the line that it is drawn by.

    Args:
        text: of the file.
        folder: that it is in, where symbols of its own are looked for; None for none.
        root: symbols in or below it may be read; None for the folder.
        journal: is told of parts that are left out.

    Raises:
        NetlistError: with all symbols that are not known, and what is no schematic.
    """
    sheet = _Sheet(Symbols(folder, root))
    faults: list[NetlistError] = []
    for number, raw in enumerate(physical_lines(text), start=1):
        line = Line(number, raw.strip(), dialect=LTSPICE)
        if not line.text:
            continue
        if number > MAX_LINES:
            raise line.error(f"more than {MAX_LINES} lines")
        try:
            sheet.read(line)
        except NetlistError as error:
            faults.append(error.at(number, line.text))
        except (ValueError, IndexError):
            faults.append(line.error(f"no {line.text.split()[0]} of a schematic"))
    if faults:
        raise NetlistError.of(faults)
    return [*_elements(sheet, journal or Journal()), *sheet.directives]


def _elements(sheet: _Sheet, journal: Journal) -> list[Line]:
    """The parts with the nodes that they are at, then what LTspice adds to them."""
    parts = [part for part in sheet.parts if part.symbol.pins]
    names = nodes(sheet.wires, sheet.flags, [pin for part in parts for pin in part.pins])
    parts = _connected(parts, names, sheet, journal)
    lines: list[Line] = []
    faults: list[NetlistError] = []
    libraries: dict[str, Line] = {}
    for part in parts:
        at = [names[pin] for pin in part.pins]
        try:
            if part.symbol.is_guess and sum(name.startswith("NC_") for name in at) > 2:
                raise NetlistError("the pins of this symbol are not known; put its .asy beside the schematic")
            element, *extra = part.words(at)
        except NetlistError as error:
            faults.append(error.at(part.line.number, part.line.text))
            continue
        lines += _lines(element, part.line)
        for library in extra:
            libraries.setdefault(library.lower(), replace(part.line, text=library))
    if faults:
        raise NetlistError.of(faults)
    defined = {line.text.split()[1].lower() for line in sheet.directives if line.word == ".model" and " " in line.text}
    used = {word: line for line in lines if line.text[0] in "DQJM" for word in line.text.split()[3:] if word in _MODELS}
    models = [replace(line, text=f".model {word} {word}") for word, line in used.items() if word.lower() not in defined]
    return [*lines, *models, *libraries.values()]


def _connected(parts: list[_Part], names: dict[Point, str], sheet: _Sheet, journal: Journal) -> list[_Part]:
    """The parts without those that lie about: connected to no ground, to no name, and named by nothing else."""
    groups: Groups[str] = Groups()
    for part in parts:
        for pin in part.pins:
            groups.join(names[pin], names[part.pins[0]])
    texts = [line.text for line in sheet.directives] + [text for part in parts for text in part.own.values()]
    mentions = Counter(word for text in texts for word in words_in(text))
    held = {groups.find(name) for name in ("0", *(name for _, name in sheet.flags))}
    held |= {groups.find(names[part.pins[0]]) for part in parts if mentions[part.own.get("InstName", "").lower()] != 1}
    loose = {
        id(part): part for part in parts if not part.symbol.is_guess and groups.find(names[part.pins[0]]) not in held
    }
    if len(loose) == len(parts):
        return parts
    for part in loose.values():
        message = f"{part.own['InstName']} is left out: it is connected to no ground and to no node with a name"
        journal.note(part.line, message)
    return [part for part in parts if id(part) not in loose]


def _lines(text: str, line: Line) -> list[Line]:
    """The lines of a netlist that one line of a schematic says."""
    return [replace(part, number=line.number) for part in logical_lines(text, dialect=LTSPICE)]


def _coordinate(word: str) -> int:
    if len(word) > 10:
        raise ValueError
    return int(word)
