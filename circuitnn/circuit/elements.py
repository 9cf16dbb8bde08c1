"""Element lines: from the text of one line to components and the numbers they bring."""

from collections.abc import Mapping
from dataclasses import dataclass

from circuitnn.circuit.components import GROUND, Component
from circuitnn.circuit.lines import Line
from circuitnn.circuit.values import Value, assignments, is_value, parse_value, tokens
from circuitnn.devices.device import ModelDevice, Passive, Source
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.parser import Macro

NUMERALS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}
_WAVEFORMS = ("SIN", "SINE", "PULSE", "PWL", "EXP", "SFFM", "AM", "TRNOISE", "TRRANDOM", "WAVEFILE", "EXTERNAL")
_RATINGS = {"tol", "pwr", "v", "irms", "ipk", "mfg", "pn", "type", "pppkg", "rated"}  # LTspice's notes on parts
_PARASITIC = {"rser": "in series", "lser": "in series", "rpar": "in parallel", "cpar": "in parallel"}

Functions = Mapping[str, Macro]


@dataclass(frozen=True)
class Element:
    """A parsed element: the component, its number where that is a literal, its waveform where it has one."""

    component: Component
    number: float | None
    waveform: str | None = None


def element(
    line: Line, name: str, kind: str, nodes: tuple[str, ...], value: Value, *, waveform: str | None = None, **fields
) -> Element:
    """An element whose value is a number or an expression."""
    number = value if isinstance(value, float) else None
    expression = None if isinstance(value, float) else value
    component = Component(name, kind, nodes, expression, line=line.number, **fields)
    return Element(component, number, waveform)


def passive(
    line: Line, device: Passive, name: str, nodes: tuple[str, ...], rest: list[str], functions: Functions
) -> Element:
    """R, C, L: one value, maybe as ``R=``."""
    words, assigned = assignments(rest)
    words = words + [assigned.pop(key) for key in (device.letter.lower(), device.quantity) if key in assigned]
    if device.state and "ic" in assigned and parse_value(assigned.pop("ic")) != 0:
        raise NetlistError(f"{name}: initial conditions (IC=) are not supported; a circuit starts at rest")
    assigned = {key: text for key, text in assigned.items() if key not in _RATINGS}
    _refuse_parasitics(name, assigned)
    if assigned:
        raise NetlistError(f"{name}: unknown parameter {next(iter(assigned)).upper()}")
    if len(words) != 1:
        raise NetlistError(f"{name} needs one {device.quantity} after its two nodes, got {' '.join(words) or 'none'}")
    return element(line, name, device.letter, nodes, parse_value(words[0], functions))


def _refuse_parasitics(name: str, assigned: dict[str, str]) -> None:
    for key in [key for key in assigned if key in _PARASITIC]:
        if parse_value(assigned.pop(key)) != 0:
            raise NetlistError(f"{name}: {key.upper()}= is not supported: write the component {_PARASITIC[key]} out")


def with_model(
    line: Line, device: ModelDevice, name: str, nodes: tuple[str, ...], rest: list[str], functions: Functions
) -> Element:
    """A model and an area factor; maybe before them a node that carries nothing here, such as a substrate."""
    words, assigned = assignments(rest)
    words = [word for word in words if word.lower() != "off"]  # where ngspice starts its search from
    if device.optional_pin and len(words) > 1 and not is_value(words[1]):
        words = words[1:]
    if not words:
        kinds, count = " or ".join(device.kinds), NUMERALS[len(nodes)]
        raise NetlistError(f"{name} needs the name of a .model ({kinds}) after its {count} nodes")
    model, *areas = words
    if "area" in assigned:
        areas.append(assigned.pop("area"))
    if assigned:
        raise NetlistError(f"{name}: unknown parameter {next(iter(assigned)).upper()}")
    if len(areas) > 1:
        raise NetlistError(f"{name} takes a model and an area factor after its nodes, got {' '.join(words)}")
    area = parse_value(areas[0], functions) if areas else 1.0
    return element(line, name, device.letter, nodes, area, model=model)


def source(
    line: Line, device: Source, name: str, nodes: tuple[str, ...], words: list[str], functions: Functions
) -> Element:
    """``[[DC] value] [AC [magnitude [phase]]] [waveform]`` in any order; small-signal magnitudes do not matter here."""
    value: Value | None = None
    waveform, resting = None, 0.0
    words = _without_parasitics(name, words)
    position = 0
    while position < len(words):
        word = words[position].upper()
        position += 1
        if word == "AC":
            while position < len(words) and is_value(words[position]):
                position += 1
        elif word in _WAVEFORMS:
            waveform = word
            resting = _resting_value(word, words[position:])
            # Its arguments end the line, where the signal takes their place; only a DC value may follow them.
            following = (index for index in range(position, len(words)) if words[index].upper() == "DC")
            position = next(following, len(words))
        elif value is None:
            if word == "DC":
                position += words[position : position + 1] == ["="]
                if position == len(words):
                    raise NetlistError(f"{name}: DC without a value")
                position += 1
            value = parse_value(words[position - 1], functions)
        else:
            raise NetlistError(f"{name}: unknown parameter {words[position - 1]!r}")
    return element(line, name, device.letter, nodes, resting if value is None else value, waveform=waveform)


def _without_parasitics(name: str, words: list[str]) -> list[str]:
    """The words without LTspice's ``Rser=0``; another value is an error."""
    for index in range(len(words) - 2):
        if words[index].lower() in _PARASITIC and words[index + 1] == "=":
            _refuse_parasitics(name, {words[index].lower(): words[index + 2]})
            return _without_parasitics(name, words[:index] + words[index + 3 :])
    return words


def _resting_value(waveform: str, arguments: list[str]) -> float:
    """What the source gives before its waveform starts; ngspice takes it as the DC value too."""
    index = {"SIN": 0, "SINE": 0, "PULSE": 0, "EXP": 0, "SFFM": 0, "PWL": 1}.get(waveform)
    if index is None or index >= len(arguments) or not is_value(arguments[index]):
        return 0.0
    value = parse_value(arguments[index])
    return value if isinstance(value, float) else 0.0


def node(token: str) -> str:
    """The name of a node as written, ground as "0"."""
    if token.startswith(("{", "'", '"')):
        raise NetlistError(f"{token} is no node name")
    return GROUND if token.lower() == "gnd" else token


def words_of(line: Line) -> tuple[str, list[str]]:
    """The name at the start of a line, and the tokens after it."""
    name, *rest = tokens(line.text) or [""]
    return name, rest
