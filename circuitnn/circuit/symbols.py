"""Symbols of LTspice's schematics: those that come with it, and ``.asy`` files that lie beside a schematic."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, final

from circuitnn.circuit.includes import MAX_FILES, as_spelled
from circuitnn.circuit.lines import load_file, physical_lines
from circuitnn.expressions.errors import NetlistError
from circuitnn.opening import reason

Point = tuple[int, int]

VALUES = ("SpiceModel", "Value", "Value2", "SpiceLine", "SpiceLine2")  # in the order of a netlist


@final
class Symbol(NamedTuple):
    """One of LTspice's.

    Attributes:
        prefix: what begins the lines of its parts; the first letter says their kind.
        pins: in the order of a netlist.
        attributes: the values of parts that have none of their own.
        is_guess: whether the pins are those that are usual, and no more is known.
    """

    prefix: str
    pins: tuple[Point, ...]
    attributes: Mapping[str, str] = {}
    is_guess: bool = False


_UPRIGHT = ((16, 16), (16, 96))
_SHORT = ((16, 0), (16, 64))
_VOLTAGE = ((0, 16), (0, 96))
_CURRENT = ((0, 0), (0, 80))
_BIPOLAR = ((64, 0), (0, 48), (64, 96))
_FIELD_EFFECT = ((48, 0), (0, 80), (48, 96))
_JUNCTION_FET = ((48, 0), (0, 64), (48, 96))
_CONTROL = ((-48, 32), (-48, 80))
_LINE = ((-48, -16), (-48, 16), (48, -16), (48, 16))
_AMPLIFIER = ((-32, 80), (-32, 48), (0, 32), (0, 96), (32, 64))  # in+, in-, V+, V-, out
_SMALL_AMPLIFIER = ((-32, 16), (-32, -16), (0, -32), (0, 32), (32, 0))
_OUTPUT_THIRD = ((-32, 16), (-32, -16), (32, 0), (0, -32), (0, 32))

# prefix, pins, value: names. A pin's coordinates are facts of LTspice's own drawings.
_STANDARD: tuple[tuple[str, tuple[Point, ...], str, str], ...] = (
    ("R", _UPRIGHT, "R", "res misc/europeanresistor"),
    ("R", _SHORT, "R", "res2"),
    ("R", ((-32, 64), (32, 64)), "0", "misc/jumper"),
    ("C", _SHORT, "C", "cap polcap misc/europeancap misc/europeanpolcap misc/xtal"),
    ("L", _UPRIGHT, "L", "ind ind2 misc/fixedind"),
    ("V", _VOLTAGE, "", "voltage misc/battery"),
    ("V", ((0, 0), (0, 64)), "", "misc/cell"),
    ("V", _VOLTAGE, "SINE(0 1 1K)", "misc/signal"),
    ("I", _CURRENT, "", "current load2"),
    ("I", _SHORT, "", "load"),
    ("B", _VOLTAGE, "", "bv"),
    ("B", _CURRENT, "", "bi"),
    ("B", _CURRENT[::-1], "", "bi2"),
    ("E", _VOLTAGE, "", "misc/epoly"),
    ("E", _VOLTAGE + _CONTROL, "", "e"),
    ("E", _VOLTAGE + _CONTROL[::-1], "", "e2"),
    ("G", _VOLTAGE[::-1], "", "misc/gpoly"),
    ("G", _VOLTAGE[::-1] + _CONTROL, "", "g"),
    ("G", _VOLTAGE[::-1] + _CONTROL[::-1], "", "g2"),
    ("F", _CURRENT, "", "f"),
    ("H", _VOLTAGE, "", "h"),
    ("S", _VOLTAGE + _CONTROL[::-1], "SW", "sw"),
    ("W", _CURRENT, "CSW", "csw"),
    ("T", _LINE, "Td=50n Z0=50", "tline"),
    ("O", _LINE, "LTRA", "ltline"),
    ("D", _SHORT, "D", "diode zener schottky led varactor tvsdiode"),
    ("QN", _BIPOLAR, "NPN", "npn npn2 npn3"),
    ("QP", _BIPOLAR, "PNP", "pnp pnp2"),
    ("QN", (*_BIPOLAR, (64, 48)), "NPN", "npn4"),
    ("QP", (*_BIPOLAR, (64, 48)), "PNP", "pnp4"),
    ("QP", (*_BIPOLAR, (64, 48)), "LPNP", "lpnp"),
    ("JN", _JUNCTION_FET, "NJF", "njf"),
    ("JP", _JUNCTION_FET, "PJF", "pjf"),
    ("MN", _FIELD_EFFECT, "NMOS", "nmos"),
    ("MP", _FIELD_EFFECT, "PMOS", "pmos"),
    ("MN", (*_FIELD_EFFECT, (48, 48)), "NMOS", "nmos4"),
    ("MP", (*_FIELD_EFFECT, (48, 48)), "PMOS", "pmos4"),
    ("Z", _FIELD_EFFECT, "NMF", "mesfet"),
    ("X", ((0, -48), (-48, 0), (-32, 48)), "Triode", "misc/triode"),
    ("X", ((0, -48), (48, 0), (-48, 16), (-32, 64)), "Tetrode", "misc/tetrode"),
    ("X", ((-32, 64), (-48, 16), (48, 0), (-48, -16), (0, -64)), "Pentode", "misc/pentode"),
    ("X", _UPRIGHT, "varistor", "misc/xvaristor"),
    ("X", ((-32, 48), (-32, 80), (32, 64)), "opamp", "opamps/opamp"),
    ("X", ((-32, 80), (-32, 48), (16, 32), (0, 96), (32, 64)), "LM308", "opamps/lm308"),  # its others compensate it
)
# Of LTspice's amplifiers most have the pins of its opamp2; these have others.
_SMALL = """
    ad8618 ada4177 ada4177-1 ada4177-2 ada4177-4 lt118a lt318a lt1360 lt1494 lt1801 lt1802 lt1814 lt1880 lt1882 lt1885
    lt6002 lt6003 lt6004 lt6005 lt6015 lt6016 lt6017 lt6220 lt6221 lt6222 lt6274 lt6275 ltc6078 ltc6079 ltc6082 ltc6085
    ltc6088 ltc6240 ltc6241 ltc6242 ltc6244 ltc6244hv rh1814
"""
_THIRD = """
    lt1457 lt1672 lt1673 lt1674 lt1678 lt1679 lt1803 lt1804 lt1805 lt1815 lt1816 lt1817 lt1818 lt1819 lt6013 lt6014
    lt6201 lt6202 lt6203 lt6204 lt6205 lt6206 lt6207 lt6231 lt6232 lt6234 lt6235 lt6237 lt6238 ltc2052 ltc2054 ltc2055
"""
_BY_NAME = {
    name: Symbol(prefix, pins, {"Value": value}) for prefix, pins, value, names in _STANDARD for name in names.split()
}
_AMPLIFIERS = dict.fromkeys(_SMALL.split(), _SMALL_AMPLIFIER) | dict.fromkeys(_THIRD.split(), _OUTPUT_THIRD)
_UNIVERSAL = re.compile(r"universalopamps?(\d?[ab]?)")
_LEVELS = {"": "level1", "2": "level2"}  # by the end of a name; others are called by it


@final
class Symbols:
    """The symbols of one schematic: of a file in its folder, or in the root, before LTspice's own."""

    def __init__(self, folder: Path | None, root: Path | None) -> None:
        self._root = None if folder is None else (root or folder).resolve()
        self._folders = [] if folder is None else list(dict.fromkeys((folder.resolve(), (root or folder).resolve())))
        self._files = 0
        self._known: dict[str, Symbol] = {}

    def symbol(self, name: str) -> Symbol:
        """The symbol of a name, which may have folders before it.

        Raises:
            NetlistError: when there is none, or it is a sheet of its own.
        """
        key = name.replace("\\ ", " ").replace("\\", "/").replace("//", "/").lower()
        if key not in self._known:
            path = self._beside(key, ".asy")
            self._known[key] = self._own(key, name) if path is None else self._of_file(path)
        return self._known[key]

    def _own(self, key: str, name: str) -> Symbol:
        folder, _, last = key.rpartition("/")
        if key in _BY_NAME:
            return _BY_NAME[key]
        if folder in ("opamps", "") and (universal := _UNIVERSAL.fullmatch(last)):
            level = _LEVELS.get(universal[1], f"level{universal[1]}")
            return Symbol("X", _SMALL_AMPLIFIER, {"SpiceModel": level})
        if folder == "opamps":
            pins = _AMPLIFIERS.get(last)
            return Symbol("X", pins or _AMPLIFIER, {"Value": last.upper()}, is_guess=pins is None and last != "opamp2")
        file = re.split(r"[\\/]", name)[-1]
        if self._beside(key, ".asc") is not None:
            raise NetlistError(f"{name} is a sheet of its own: hierarchical schematics are not read; {_REMEDY}")
        where = "beside the schematic" if self._folders else "without a folder; name one, root='folder'"
        raise NetlistError(
            f"the symbol {name} is none of LTspice's usual ones, and there is no {file}.asy {where}; "
            f"put a copy there, or {_REMEDY[0].lower()}{_REMEDY[1:]}"
        )

    def _beside(self, key: str, ending: str) -> Path | None:
        """The file of a symbol, by its whole name or its last one."""
        parts = [part for part in key.split("/") if part and ":" not in part]
        if not parts or ".." in parts:
            return None
        for folder in self._folders:
            for names in dict.fromkeys((tuple(parts), (parts[-1],))):
                path = _inside(self._root, folder, (*names[:-1], names[-1] + ending))
                if path is not None:
                    return path
        return None

    def _of_file(self, path: Path) -> Symbol:
        self._files += 1
        if self._files > MAX_FILES:
            raise NetlistError(f"more than {MAX_FILES} files of symbols")
        try:
            return symbol_of(load_file(path), path.name)
        except OSError as error:
            raise NetlistError(f"{path.name}: {reason(error)}") from None


_REMEDY = "let LTspice write the netlist (View, SPICE Netlist) and read that"


def symbol_of(text: str, file: str) -> Symbol:
    """The symbol that an ``.asy`` file draws.

    Raises:
        NetlistError: when it is none, or says nothing that a netlist could have.
    """
    pins: list[tuple[Point, list[int]]] = []
    attributes: dict[str, str] = {}
    for line in physical_lines(text):
        words = line.split(maxsplit=2)
        try:
            match words[:2]:
                case ["PIN", x]:
                    pins.append(((int(x), int(words[2].split()[0])), []))
                case ["PINATTR", "SpiceOrder"]:
                    pins[-1][1].append(int(words[2]))
                case ["SYMATTR", key]:
                    attributes[key] = " ".join(words[2:]).strip()
        except (ValueError, IndexError):
            raise NetlistError(f"{file}: no line of a symbol: {line[:80]!r}") from None
    prefix = attributes.pop("Prefix", "")
    if not re.match("[A-Za-z]", prefix) and pins:
        raise NetlistError(f"{file} has no prefix: it is a sheet of its own (hierarchical), or no part; {_REMEDY}")
    ordered = sorted(pins, key=lambda pin: pin[1] or [len(pins)])
    return Symbol(prefix, tuple(point for point, _ in ordered), attributes)


def _inside(root: Path | None, folder: Path, parts: tuple[str, ...]) -> Path | None:
    """A file of a folder, if it is there; nothing outside of the root is even looked at."""
    try:
        path = as_spelled(folder, parts).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        return None
    return path if root is not None and path.is_relative_to(root) and path.is_file() else None
