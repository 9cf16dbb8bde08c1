"""Parts by name that a netlist uses and does not define: diodes, transistors and amplifiers written from data sheets.

LTspice, PSpice and KiCad have libraries of their own, which their netlists name and nobody else has. The files in
parts/ stand in for them.
"""

import re
from functools import cache
from importlib import resources
from typing import NamedTuple, final

from circuitnn.circuit.lines import Line, logical_lines

# What other programs bring along, by the last name of the file.
_OWN = re.compile(
    r"standard\.\w+|(universalopamp\w*|opamp|ltc\d*|adi\d*|dtl|ccs|level)\.(sub|lib)|(nomd?|eval|breakout|opamp)\.lib"
    r"|simulation_spice\.(sp|lib)",
    re.IGNORECASE,
)
_LIMITS = " and any output current"
_PINS = {"": f"in+ in- V+ V- out{_LIMITS}", "opamp": f"in- in+ out{_LIMITS}", "POT": "end wiper end"}  # of subcircuits
_FILES = ("diodes.lib", "transistors.lib", "fets.lib", "opamps.lib", "pots.lib")
_HELPERS = ("amplifier", "linear", "level3")  # subcircuits that others are made of
_PREFIX = re.compile(r"[dqjmux](?=\d?[a-z]*\d)", re.IGNORECASE)  # Q2N3904 and D1N4148 of PSpice's libraries
_SUFFIX = re.compile(r"[a-z]{1,3}(?:[/-]\w+)?|[/-]\w+", re.IGNORECASE)  # of packages: TL072CP


@final
class StandardPart(NamedTuple):
    """A ``.model`` or a ``.subckt`` of the library.

    Attributes:
        name: in the library.
        lines: what defines it.
    """

    name: str
    lines: tuple[Line, ...]

    def message(self, wanted: str) -> str:
        """What is said when it stands in for a part of a name."""
        like = "" if self.name.lower() == wanted.lower() else f" as {self.name}"
        has_pins = self.lines[0].text.startswith(".subckt")
        pins = f", with the pins {_PINS.get(self.name, _PINS[''])}" if has_pins else ""
        return f"{wanted} is not in the netlist and taken from this library's own parts{like}, by data sheet{pins}"


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
        if part is not None and is_same and part.lines[0].text.lower().startswith(directive):
            return part
    return None


@cache
def _parts() -> dict[str, StandardPart]:
    """All parts by lower-case name."""
    parts: dict[str, StandardPart] = {}
    for file in _FILES:
        text = resources.files("circuitnn.circuit").joinpath("parts", file).read_text("utf-8")
        lines = logical_lines(text, file)
        also = {number: raw[7:].split() for number, raw in enumerate(text.splitlines(), 1) if raw.startswith("* also:")}
        at = 0
        while at < len(lines):
            end = at + 1
            if lines[at].text.startswith(".subckt"):
                while not lines[end - 1].text.startswith(".ends"):
                    end += 1
            name = lines[at].text.split()[1]
            following = lines[end].number if end < len(lines) else len(text)
            others = [
                other for number, names in also.items() if lines[at].number < number < following for other in names
            ]
            part = StandardPart(name, tuple(lines[at:end]))
            parts |= {other.lower(): part for other in (name, *others)}
            at = end
    return {
        name: part._replace(lines=(*part.lines, *_helpers(parts, part))) if name not in _HELPERS else part
        for name, part in parts.items()
    }


def _helpers(parts: dict[str, StandardPart], part: StandardPart) -> list[Line]:
    if part.lines[0].text.startswith(".model"):
        return []
    return [line for name in _HELPERS if part.name != name for line in parts[name].lines]
