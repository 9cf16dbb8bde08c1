"""Element lines of controlled sources, B sources and coupled inductors; and the choice among all elements."""

import re

from circuitnn.circuit.elements import (
    NODE_COUNTS,
    PARSERS,
    QUANTITIES,
    Element,
    Functions,
    element,
    node,
    words_of,
)
from circuitnn.circuit.lines import Line
from circuitnn.circuit.values import assignments, parse_value
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.parser import parse_expression

KINDS = "RCLKVIEGFHBDQJX"
MAX_COUPLED = 10  # inductors on one K line

_BEHAVIOUR = re.compile(
    r"\s*(?P<name>[^\s,(){}=]+)[\s,(]+(?P<plus>[^\s,(){}=]+)[\s,]+(?P<minus>[^\s,(){}=]+)[\s,)]+"
    r"(?P<key>[A-Za-z]+)\s*(?:=|(?=\{))\s*(?P<text>.*)",
    re.DOTALL,
)
_KEYS = {"b": {"v": "V", "i": "I"}, "e": {"value": "V", "vol": "V"}, "g": {"value": "I", "cur": "I"}}
_UNSUPPORTED = ("POLY", "TABLE", "LAPLACE", "FREQ", "CHEBYSHEV", "AND", "NAND", "OR", "NOR")


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
    letter = line.text.lstrip(" ,(")[:1].upper()
    if letter in ("B", "E", "G"):
        behaviour = _behaviour(line, functions)
        if behaviour is not None:
            return [behaviour]
    name, rest = words_of(line)
    kind = name[:1].upper()
    if kind not in KINDS or not kind:
        raise NetlistError(f"unknown device letter {name[:1]!r}; known: {' '.join(KINDS)}")
    if kind == "B":
        raise NetlistError(f"{name} needs two nodes, then V=expression or I=expression")
    if kind == "K":
        return _couplings(line, name, rest, functions)
    count = NODE_COUNTS[kind]
    if len(rest) < count or "=" in rest[: count + 1]:
        numeral = {2: "two", 3: "three"}[count]
        what = "model" if kind in "DQJ" else "value"
        raise NetlistError(f"{name} needs {numeral} nodes, then its {what}")
    nodes = tuple(node(token) for token in rest[:count])
    check_ends(name, nodes)
    if kind in PARSERS:
        return [PARSERS[kind](line, name, nodes, rest[count:], functions)]
    return [_controlled(line, name, nodes, rest[count:], functions)]


def check_ends(name: str, nodes: tuple[str, ...]) -> None:
    # An element of a subcircuit may come to lie across one node, and does nothing there.
    if len(nodes) == 2 and nodes[0].lower() == nodes[1].lower() and "." not in name:
        raise NetlistError(f"both ends of {name} are at the node {nodes[0]!r}")


def _controlled(line: Line, name: str, nodes: tuple[str, ...], rest: list[str], functions: Functions) -> Element:
    """E, G: two sensed nodes and a gain; F, H: the voltage source whose current is sensed, and a gain."""
    kind = name[0].upper()
    words, assigned = assignments(rest)
    if words and words[0].upper() in _UNSUPPORTED:
        raise NetlistError(f"{name}: {words[0].upper()} is not supported; write a B source or VALUE={{...}}")
    if assigned:
        raise NetlistError(f"{name}: unknown parameter {next(iter(assigned)).upper()}")
    what = "two sensed nodes" if kind in "EG" else "the voltage source that is sensed"
    count = 3 if kind in "EG" else 2
    if len(words) != count:
        raise NetlistError(f"{name} needs two nodes, {what} and a {QUANTITIES[kind]}, got {' '.join(words) or 'none'}")
    value = parse_value(words[-1], functions)
    if kind in "EG":
        return element(line, name, kind, (*nodes, *(node(token) for token in words[:2])), value)
    return element(line, name, kind, nodes, value, sense=words[0])


def _couplings(line: Line, name: str, rest: list[str], functions: Functions) -> list[Element]:
    words, assigned = assignments(rest)
    if assigned:
        raise NetlistError(f"{name}: unknown parameter {next(iter(assigned)).upper()}")
    *coils, last = words or [""]
    if not 2 <= len(coils) <= MAX_COUPLED:
        raise NetlistError(f"{name} needs the names of two or more inductors, then a coupling coefficient")
    if len({coil.lower() for coil in coils}) < len(coils):
        raise NetlistError(f"{name} couples an inductor with itself")
    value = parse_value(last, functions)
    pairs = [(a, b) for at, a in enumerate(coils) for b in coils[at + 1 :]]
    names = [name, *(f"{name}_{number}" for number in range(2, len(pairs) + 1))]
    return [element(line, own, "K", (), value, couples=pair) for own, pair in zip(names, pairs, strict=True)]


def _behaviour(line: Line, functions: Functions) -> Element | None:
    """A B source, or an E or G whose value is an expression; None for any other line."""
    match = _BEHAVIOUR.fullmatch(line.text)
    if match is None:
        return None
    name, key = match["name"], match["key"].lower()
    quantity = _KEYS[name[0].lower()].get(key)
    if quantity is None:
        if name[0].lower() != "b":
            return None
        raise NetlistError(f"{name}: {key.upper()}= is not supported; a B source has V=expression or I=expression")
    nodes = (node(match["plus"]), node(match["minus"]))
    check_ends(name, nodes)
    text = match["text"].strip()
    if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]:
        text = text[1:-1]
    # Braces inside are ngspice's way to say that only parameters are in them.
    tree = parse_expression(text.replace("{", "(").replace("}", ")"), behavioural=True, functions=functions)
    return element(line, name, "B", nodes, tree, quantity=quantity)
