"""Parts by name that a netlist uses and does not define: diodes, transistors and amplifiers.

LTspice, PSpice and KiCad have libraries of their own, which their netlists name and nobody else has. The files in
parts/ stand in for them: by typical values that go through points of data sheets, by published model parameters where a
line ``* published:`` says whose they are; ``* unchecked:`` names those whose data sheets nobody has opened.
"""

import re
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import NamedTuple, final

from circuitnn.circuit.lines import Line, logical_lines
from circuitnn.devices.registry import model_device

# What other programs bring along, by the last name of the file.
_OWN = re.compile(
    r"standard\.\w+|(universalopamp\w*|opamp|ltc\d*|adi\d*|dtl|ccs|level)\.(sub|lib)|(nomd?|eval|breakout|opamp)\.lib"
    r"|simulation_spice\.(sp|lib)",
    re.IGNORECASE,
)
_LIMITS = " and any output current"
_PINS = {"": f"in+ in- V+ V- out{_LIMITS}", "opamp": f"in- in+ out{_LIMITS}", "POT": "end wiper end"}  # of subcircuits
_FILES = (
    "diodes.lib",
    "transistors.lib",
    "fets.lib",
    "optocouplers.lib",
    "tubes.lib",
    "otas.lib",
    "opamps.lib",
    "pots.lib",
)
_GENERIC = re.compile(r"level\d|opamp|kicad_builtin_opamp|POT")  # have no data sheet
_HELPERS = ("amplifier", "linear", "level3")  # subcircuits that others are made of
_PREFIX = re.compile(r"^[dqjmux](?=\d?[a-z]*\d)", re.IGNORECASE)  # Q2N3904 and D1N4148 of PSpice's libraries
_SUFFIX = re.compile(r"[a-z]{1,3}(?:[/-]\w+)?|[/-]\w+", re.IGNORECASE)  # of packages: TL072CP


@final
class StandardPart(NamedTuple):
    """A ``.model`` or a ``.subckt`` of the library.

    Attributes:
        name: in the library.
        lines: what defines it.
        origin: where its values are from, as a user is told.
        pins: of a subcircuit that is one device.
    """

    name: str
    lines: tuple[Line, ...]
    origin: str
    pins: str = ""

    def message(self, wanted: str) -> str:
        """What is said when it stands in for a part of a name."""
        like = "" if self.name.lower() == wanted.lower() else f" as {self.name}"
        has_pins = self.lines[0].text.startswith(".subckt")
        pins = f", with the pins {self.pins or _PINS.get(self.name, _PINS[''])}" if has_pins else ""
        return f"{wanted} is not in the netlist and taken from this library's own parts{like}, {self.origin}{pins}"


def is_brought_along(file: str) -> bool:
    """Whether a file is one of another program's own libraries."""
    return _OWN.fullmatch(file) is not None


def standard_part(name: str, *, directive: str) -> StandardPart | None:
    """The part of a name, or of the name without what says its package.

    Args:
        name: in any case.
        directive: ".model" or ".subckt".
    """
    parts = _parts()
    key = name.lower()
    candidates = [key, _PREFIX.sub("", key, count=1)]
    candidates += [known for known in sorted(parts, reverse=True) if len(known) > 4 and key.startswith(known)]
    for known in candidates:
        part = parts.get(known)
        is_same = known in candidates[:2] or _SUFFIX.fullmatch(key[len(known) :])
        if part is None or not is_same:
            continue
        if part.lines[0].text.lower().startswith(directive):
            return part
        if directive == ".subckt" and (wrapped := _as_subcircuit(part)) is not None:
            return wrapped
    return None


def parts_of_kinds(kinds: set[str]) -> list[str]:
    """Names of the library's models of these kinds, such as "D" or "NPN", in its order."""
    found: dict[str, None] = {}
    for part in _parts().values():
        directive, name, kind = part.lines[0].text.replace("(", " ").split()[:3]
        if directive == ".model" and kind.upper() in kinds:
            found[name] = None
    return list(found)


def _as_subcircuit(part: StandardPart) -> StandardPart | None:
    """A device that other programs have as a subcircuit, such as a tube; None for a ``.model`` that all have."""
    model = part.lines[0]
    _, name, kind = model.text.replace("(", " ").split()[:3]
    device = model_device(kind.upper())
    if device is None or device.equivalent is None:
        return None
    pins = " ".join(device.pins)
    texts = (f".subckt {name} {pins}", f"{device.letter}1 {pins} {name}", model.text, ".ends")
    return part._replace(lines=tuple(replace(model, text=text) for text in texts), pins=pins)


@cache
def _parts() -> dict[str, StandardPart]:
    """All parts by lower-case name."""
    parts: dict[str, StandardPart] = {}
    for file in _FILES:
        text = resources.files("circuitnn.circuit").joinpath("parts", file).read_text("utf-8")
        lines = logical_lines(text, file)
        comments = [
            (number, match[1], match[2])
            for number, raw in enumerate(text.splitlines(), 1)
            if (match := re.fullmatch(r"\* (also|published|unchecked): (.+)", raw))
        ]
        at = 0
        while at < len(lines):
            end = at + 1
            if lines[at].text.startswith(".subckt"):
                while not lines[end - 1].text.startswith(".ends"):
                    end += 1
            name = lines[at].text.split()[1]
            following = lines[end].number if end < len(lines) else len(text)
            remarks = [(key, words) for number, key, words in comments if lines[at].number < number < following]
            aliases = [alias for key, words in remarks if key == "also" for alias in words.split()]
            for alias in (name, *aliases):
                parts[alias.lower()] = StandardPart(name, tuple(lines[at:end]), _origin(name, alias, remarks))
            at = end
    return {
        name: part._replace(lines=(*part.lines, *_helpers(parts, part))) if name not in _HELPERS else part
        for name, part in parts.items()
    }


def _origin(name: str, alias: str, remarks: list[tuple[str, str]]) -> str:
    """Where the values of a part are from, as it is told for one of its names."""
    if _GENERIC.fullmatch(name):
        return "with the values that the netlist gives"
    for key, words in remarks:
        if key == "published":
            return f"with published model parameters ({words})"
        if key == "unchecked" and alias in words.split():
            return "with values typical of its kind, which are not checked against a data sheet"
    return "with typical values, not its vendor's model"


def _helpers(parts: dict[str, StandardPart], part: StandardPart) -> list[Line]:
    if part.lines[0].text.startswith(".model"):
        return []
    return [line for name in _HELPERS if part.name != name for line in parts[name].lines]
