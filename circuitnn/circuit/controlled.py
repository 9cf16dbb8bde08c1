"""Element lines of controlled sources, B sources and coupled inductors; and the choice among all elements."""

import itertools
import re

from circuitnn.circuit.elements import (
    NUMERALS,
    Functions,
    node,
    passive,
    source,
    with_model,
    words_of,
)
from circuitnn.circuit.lines import Line
from circuitnn.circuit.parsed import Element, element
from circuitnn.circuit.polynomials import by_table, poly
from circuitnn.circuit.values import assignments, parse_value
from circuitnn.devices.behavioural import BEHAVIOURAL_SOURCE
from circuitnn.devices.device import Coupling, ModelDevice, Passive, Source
from circuitnn.devices.registry import DEVICES, SUBCIRCUIT
from circuitnn.devices.resistor import RESISTOR
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.parser import check_extent, parse_expression
from circuitnn.expressions.tree import Binary, Expression, Number, voltage

MAX_COUPLED = 10  # inductors on one K line

_BEHAVIOUR = re.compile(
    r"\s*(?P<name>[^\s,(){}=]+)[\s,(]+(?P<plus>[^\s,(){}=]+)[\s,]+(?P<minus>[^\s,(){}=]+)[\s,)]+"
    r"(?P<key>[A-Za-z]+)\s*(?:=|(?=\{))\s*(?P<text>.*)",
    re.DOTALL,
)
_SENSING_RESISTOR = re.compile(
    r"\s*(?P<name>[rR][^\s,(){}=]*)[\s,(]+(?P<plus>[^\s,(){}=]+)[\s,]+(?P<minus>[^\s,(){}=]+)[\s,)]+"
    r"(?:R\s*=\s*)?(?P<text>.*)",
    re.DOTALL | re.IGNORECASE,
)
_NO_RESISTANCE = 1e-12  # ohms; below, nothing flows: a search that starts from 0 V everywhere does not start with 0/0
_SENSES = re.compile(r"\b(?:v|i|i[bcdegs])\s*\(", re.IGNORECASE)
_UNSUPPORTED = ("LAPLACE", "FREQ", "CHEBYSHEV", "AND", "NAND", "OR", "NOR")


def parse_elements(line: Line, functions: Functions | None = None) -> list[Element]:
    """The elements on a line: one, except that a K line of several inductors couples each pair of them.

    Raises:
        NetlistError: naming the line, when it is none that this library knows.
    """
    try:
        return _parse_elements(line, functions or {})
    except NetlistError as error:
        raise error.at(line.number, line.text, line.file) from None


def _parse_elements(line: Line, functions: Functions) -> list[Element]:
    device = DEVICES.get(line.text.lstrip(" ,(")[:1].upper())
    if isinstance(device, Source) and device.expressions:
        behaviour = _behaviour(line, device, functions)
        if behaviour is not None:
            return [behaviour]
    if device is RESISTOR and _SENSES.search(line.text):
        return [_sensing_resistor(line, functions)]
    name, rest = words_of(line)
    device = DEVICES.get(name[:1].upper())
    if device is None:
        raise NetlistError(f"unknown device letter {name[:1]!r}; known: {' '.join((*DEVICES, SUBCIRCUIT))}")
    if device is BEHAVIOURAL_SOURCE:
        raise NetlistError(f"{name} needs two nodes, then V=expression or I=expression")
    if isinstance(device, Coupling):
        return _couplings(line, device, name, rest, functions)
    count = len(device.pins)
    if len(rest) < count or "=" in rest[: count + 1]:
        what = "model" if isinstance(device, ModelDevice) else "value"
        raise NetlistError(f"{name} needs {NUMERALS[count]} nodes, then its {what}")
    nodes = tuple(node(token) for token in rest[:count])
    check_ends(name, nodes)
    rest = rest[count:]
    match device:
        case Passive():
            return passive(line, device, name, nodes, rest, functions)
        case ModelDevice():
            return [with_model(line, device, name, nodes, rest, functions)]
        case Source(is_independent=True):
            return source(line, device, name, nodes, rest, functions)
        case Source():
            return _controlled(line, device, name, nodes, rest, functions)
    raise TypeError(f"no way to read {device.word}")


def check_ends(name: str, nodes: tuple[str, ...]) -> None:
    # An element of a subcircuit may come to lie across one node, and does nothing there.
    if len(nodes) == 2 and nodes[0].lower() == nodes[1].lower() and "." not in name:
        raise NetlistError(f"both ends of {name} are at the node {nodes[0]!r}")


def _controlled(
    line: Line, device: Source, name: str, nodes: tuple[str, ...], rest: list[str], functions: Functions
) -> list[Element]:
    """E, G: two sensed nodes and a gain; F, H: the voltage source whose current is sensed, and a gain."""
    upper = [word.upper() for word in rest]
    if upper[:1] == ["POLY"]:
        return poly(line, device, name, nodes, rest[1:], functions)
    if device.sensed_pins and "TABLE" in (upper[0:1] + upper[2:3]):
        return by_table(line, device, name, nodes, rest, functions)
    words, assigned = assignments(rest)
    if words and words[0].upper() in _UNSUPPORTED:
        raise NetlistError(f"{name}: {words[0].upper()} is not supported; write a B source or VALUE={{...}}")
    if assigned:
        raise NetlistError(f"{name}: unknown parameter {next(iter(assigned)).upper()}")
    what = "two sensed nodes" if device.sensed_pins else "the voltage source that is sensed"
    if len(words) != (len(device.sensed_pins) or 1) + 1:
        raise NetlistError(f"{name} needs two nodes, {what} and a {device.quantity}, got {' '.join(words) or 'none'}")
    value = parse_value(words[-1], functions)
    if device.sensed_pins:
        return [element(line, name, device.letter, (*nodes, *(node(token) for token in words[:-1])), value)]
    return [element(line, name, device.letter, nodes, value, sense=words[0])]


def _couplings(line: Line, device: Coupling, name: str, rest: list[str], functions: Functions) -> list[Element]:
    words, assigned = assignments(rest)
    if assigned:
        raise NetlistError(f"{name}: unknown parameter {next(iter(assigned)).upper()}")
    *coils, last = words or [""]
    if not 2 <= len(coils) <= MAX_COUPLED:
        raise NetlistError(f"{name} needs the names of two or more inductors, then a coupling coefficient")
    if len({coil.lower() for coil in coils}) < len(coils):
        raise NetlistError(f"{name} couples an inductor with itself")
    value = parse_value(last, functions)
    pairs = list(itertools.combinations(coils, 2))
    names = [name, *(f"{name}_{number}" for number in range(2, len(pairs) + 1))]
    return [
        element(line, pair_name, device.letter, (), value, couples=pair)
        for pair_name, pair in zip(names, pairs, strict=True)
    ]


def _behaviour(line: Line, device: Source, functions: Functions) -> Element | None:
    """A B source, or an E or G whose value is an expression; None for any other line."""
    match = _BEHAVIOUR.fullmatch(line.text)
    if match is None:
        return None
    name, key = match["name"], match["key"].lower()
    quantity = device.expressions.get(key)
    if quantity is None:
        if device is not BEHAVIOURAL_SOURCE:
            return None
        raise NetlistError(f"{name}: {key.upper()}= is not supported; a B source has V=expression or I=expression")
    nodes = (node(match["plus"]), node(match["minus"]))
    check_ends(name, nodes)
    tree = _expression(match["text"], functions)
    return element(line, name, BEHAVIOURAL_SOURCE.letter, nodes, tree, quantity=quantity)


def _expression(text: str, functions: Functions) -> Expression:
    text = text.strip()
    if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]:
        text = text[1:-1]
    # Braces inside are ngspice's way to say that only parameters are in them.
    return parse_expression(text.replace("{", "(").replace("}", ")"), behavioural=True, functions=functions)


def _sensing_resistor(line: Line, functions: Functions) -> Element:
    """A resistor whose resistance depends on the circuit: a source of the current v/R, named "G.R1"."""
    match = _SENSING_RESISTOR.fullmatch(line.text)
    if match is None:
        raise NetlistError("a resistor needs two nodes, then R=expression")
    plus, minus = nodes = (node(match["plus"]), node(match["minus"]))
    check_ends(match["name"], nodes)
    resistance = _expression(match["text"], functions)
    squared = Binary("+", Binary("*", resistance, resistance), Number(_NO_RESISTANCE**2))
    tree = Binary("/", Binary("*", voltage(plus, minus), resistance), squared)
    check_extent(tree)
    return element(line, f"G.{match['name']}", BEHAVIOURAL_SOURCE.letter, nodes, tree, quantity="I")
