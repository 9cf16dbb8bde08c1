"""Element lines: from the text of one line to a component and the number it brings."""

import re
from dataclasses import dataclass

from circuitnn.circuit.components import GROUND, Component
from circuitnn.circuit.errors import NetlistError
from circuitnn.circuit.expression import Expression, constant, names_in
from circuitnn.circuit.expression_parser import parse_expression
from circuitnn.circuit.lines import Line
from circuitnn.circuit.numbers import parse_number

KINDS = "RCLVID"
QUANTITIES = {"R": "resistance", "C": "capacitance", "L": "inductance", "V": "voltage", "I": "current", "D": "area"}
_WAVEFORMS = ("SIN", "SINE", "PULSE", "PWL", "EXP", "SFFM", "AM", "TRNOISE", "TRRANDOM", "WAVEFILE", "EXTERNAL")
_TOKEN = re.compile(r"\{[^{}]*\}|=|[^\s,(){}=]+|[{}]")

Value = float | Expression


@dataclass(frozen=True)
class Element:
    """A parsed element line: the component, its number where that is a literal, its waveform where it has one."""

    component: Component
    number: float | None
    waveform: str | None = None


def tokens(text: str) -> list[str]:
    """Words, ``=`` signs and whole ``{...}`` groups; parentheses and commas only separate."""
    found = _TOKEN.findall(text)
    if "{" in found or "}" in found:
        raise NetlistError("unbalanced braces")
    return found


def parse_value(text: str) -> Value:
    """A number, or the expression in braces; one without names is evaluated at once."""
    if not text.startswith("{"):
        return parse_number(text)
    expression = parse_expression(text[1:-1])
    if any(True for _ in names_in(expression)):
        return expression
    number = constant(expression)
    if number != number or abs(number) == float("inf"):
        raise NetlistError(f"the expression {text} has no finite value")
    return number


def parse_element(line: Line) -> Element:
    """The element on a line.

    Raises:
        NetlistError: naming the line, when it is none that this library knows.
    """
    try:
        return _parse_element(line)
    except NetlistError as error:
        raise error.at(line.number, line.text) from None


def _parse_element(line: Line) -> Element:
    name, *rest = tokens(line.text) or [""]
    kind = name[:1].upper()
    if kind == "X":
        raise NetlistError("subcircuits (X and .subckt) are not supported yet: write the components out")
    if kind not in KINDS or not kind:
        raise NetlistError(f"unknown device letter {name[:1]!r}; known: {' '.join(KINDS)}")
    nodes = tuple(_node(token) for token in rest[:2])
    if len(nodes) < 2 or "=" in rest[:3]:
        raise NetlistError(f"{name} needs two nodes, then its {'model' if kind == 'D' else 'value'}")
    if nodes[0] == nodes[1]:
        raise NetlistError(f"both ends of {name} are at the node {nodes[0]!r}")
    if kind in "VI":
        return _source(line, name, kind, nodes, rest[2:])
    words, assigned = assignments(rest[2:])
    if kind == "D":
        return _diode(line, name, nodes, words, assigned)
    return _passive(line, name, kind, nodes, words, assigned)


def _passive(line: Line, name: str, kind: str, nodes: tuple[str, ...], words: list[str], assigned: dict[str, str]):
    long_names = {"R": ("r", "resistance"), "C": ("c", "capacitance"), "L": ("l", "inductance")}[kind]
    words = words + [assigned.pop(given) for given in long_names if given in assigned]
    if kind != "R" and "ic" in assigned and parse_value(assigned.pop("ic")) != 0:
        raise NetlistError(f"{name}: initial conditions (IC=) are not supported; a circuit starts at rest")
    if assigned:
        raise NetlistError(f"{name}: unknown parameter {next(iter(assigned)).upper()}")
    if len(words) != 1:
        raise NetlistError(f"{name} needs one {QUANTITIES[kind]} after its two nodes, got {' '.join(words) or 'none'}")
    return _element(line, name, kind, nodes, parse_value(words[0]))


def _diode(line: Line, name: str, nodes: tuple[str, ...], words: list[str], assigned: dict[str, str]):
    if not words:
        raise NetlistError(f"{name} needs the name of a .model after its two nodes")
    model, *areas = words
    if "area" in assigned:
        areas.append(assigned.pop("area"))
    if assigned:
        raise NetlistError(f"{name}: unknown parameter {next(iter(assigned)).upper()}")
    if len(areas) > 1:
        raise NetlistError(f"{name} takes a model and an area factor after its two nodes, got {' '.join(words)}")
    return _element(line, name, "D", nodes, parse_value(areas[0]) if areas else 1.0, model=model)


def _source(line: Line, name: str, kind: str, nodes: tuple[str, ...], words: list[str]) -> Element:
    """``[[DC] value] [AC [magnitude [phase]]] [waveform]`` in any order; small-signal magnitudes do not matter here."""
    value: Value | None = None
    waveform, resting = None, 0.0
    position = 0
    while position < len(words):
        word = words[position].upper()
        position += 1
        if word == "AC":
            while position < len(words) and _is_number(words[position]):
                position += 1
        elif word in _WAVEFORMS:
            waveform = word
            resting = _resting_value(word, words[position:])
            break  # its arguments end the line: the signal takes their place
        elif value is None:
            if word == "DC":
                if words[position : position + 1] == ["="]:
                    position += 1
                if position == len(words):
                    raise NetlistError(f"{name}: DC without a value")
                word = words[position]
                position += 1
            else:
                word = words[position - 1]
            value = parse_value(word)
        else:
            raise NetlistError(f"{name}: unknown parameter {words[position - 1]!r}")
    return _element(line, name, kind, nodes, resting if value is None else value, waveform=waveform)


def _resting_value(waveform: str, arguments: list[str]) -> float:
    """What the source gives before its waveform starts; ngspice takes it as the DC value too."""
    index = {"SIN": 0, "SINE": 0, "PULSE": 0, "EXP": 0, "SFFM": 0, "PWL": 1}.get(waveform)
    if index is None or index >= len(arguments) or not _is_number(arguments[index]):
        return 0.0
    value = parse_value(arguments[index])
    return value if isinstance(value, float) else 0.0


def _is_number(word: str) -> bool:
    try:
        parse_value(word)
    except NetlistError:
        return False
    return True


def assignments(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """Plain words, and the ``name=value`` pairs by lower-case name."""
    plain, assigned = [], {}
    position = 0
    while position < len(words):
        if words[position] == "=":
            raise NetlistError("an '=' without a name before it")
        if words[position + 1 : position + 2] == ["="]:
            name = words[position].lower()
            if position + 2 >= len(words) or words[position + 2] == "=":
                raise NetlistError(f"{name.upper()}= without a value")
            if name in assigned:
                raise NetlistError(f"{name.upper()} is given twice")
            assigned[name] = words[position + 2]
            position += 3
        else:
            plain.append(words[position])
            position += 1
    return plain, assigned


def _node(token: str) -> str:
    if token.startswith("{"):
        raise NetlistError(f"{token} is no node name")
    return GROUND if token.lower() == "gnd" else token


def _element(
    line, name, kind, nodes, value: Value, *, model: str | None = None, waveform: str | None = None
) -> Element:
    number = value if isinstance(value, float) else None
    if number is not None and kind not in "VI" and not number > 0:
        raise NetlistError(f"the {QUANTITIES[kind]} of {name} must be positive, got {number:g}")
    expression = None if isinstance(value, float) else value
    return Element(Component(name, kind, nodes, expression, model, line.number), number, waveform)
