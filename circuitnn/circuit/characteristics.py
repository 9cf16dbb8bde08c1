"""Resistors, capacitors and inductors that depend on the circuit or the time, as sources of what flows or is across."""

import dataclasses
import re

from circuitnn.circuit.elements import check_ends, multiplicity, node
from circuitnn.circuit.lines import Line
from circuitnn.circuit.parsed import Element, element
from circuitnn.circuit.temperatures import growth, temperature_of
from circuitnn.circuit.values import parse_value
from circuitnn.devices.behavioural import BEHAVIOURAL_SOURCE
from circuitnn.devices.device import Passive
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.parser import Functions, check_extent, parse_expression
from circuitnn.expressions.tree import Binary, Call, Current, Expression, Name, Number, substitute, voltage
from circuitnn.expressions.values import combined, tree_of

_LINE = re.compile(
    r"\s*(?P<name>[rclRCL][^\s,(){}=]*)[\s,(]+(?P<plus>[^\s,(){}=]+)[\s,]+(?P<minus>[^\s,(){}=]+)[\s,)]+"
    r"(?:(?P<key>R|C|L|Q|Flux)\s*=\s*)?(?P<text>.*)",
    re.DOTALL | re.IGNORECASE,
)
_TRAILING = re.compile(
    r"(?P<text>.*?)[\s,]+(?P<key>[A-Za-z]\w*)\s*=(?!=)\s*(?P<value>\{[^{}]*\}|[^\s=,{}]+)"
    r"(?:(?<=[\w}])[\s,]+(?P<second>\{[^{}]*\}|[+-]?[\d.][^\s=,{}]*))?\s*",
    re.DOTALL,
)
_DEPENDS = re.compile(r"\b(?:v|i|i[bcdegs])\s*\(|\btime\b|\bddt\b|(?:\bQ|\bFlux)\s*=", re.IGNORECASE)
_KEYS = {"R": ("r",), "C": ("c", "q"), "L": ("l", "flux")}  # the first one may be left out
_SILENT = {"noisy", "noiseless"}
_NO_RESISTANCE = 1e-12  # ohms; below, nothing flows: a search that starts from 0 V everywhere does not start with 0/0


def depends_on_circuit(text: str) -> bool:
    """Whether the line of a resistor, capacitor or inductor has an expression that is more than a number."""
    return _DEPENDS.search(text) is not None


def behavioural_expression(text: str, functions: Functions) -> Expression:
    """That of a B source, in braces, quotes or neither."""
    text = text.strip()
    if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]:
        text = text[1:-1]
    # Braces inside are ngspice's way to say that only parameters are in them.
    return parse_expression(text.replace("{", "(").replace("}", ")"), behavioural=True, functions=functions)


def by_characteristic(line: Line, device: Passive, functions: Functions) -> Element:
    """A part whose value is an expression of the circuit: a source "G.R1", "G.C1" or "E.L1".

    Of a resistor it is the current v/R; of a capacitor dq/dt with its charge ``Q=``, or C dv/dt as ngspice has ``C=``;
    of an inductor the voltage of its ``Flux=``, or L di/dt. In them x is the voltage across the part, or an inductor's
    current.
    """
    match = _LINE.fullmatch(line.text)
    if match is None:
        raise NetlistError(f"a {device.word} needs two nodes, then {device.letter}=expression")
    name, text, keys = match["name"], match["text"], _KEYS[device.letter]
    key = (match["key"] or keys[0]).lower()
    if key not in keys:
        raise NetlistError(f"{name}: {key.upper()}= is of no {device.word}")
    plus, minus = nodes = (node(match["plus"]), node(match["minus"]))
    check_ends(name, nodes)
    text, assigned = trailing(text)
    source = f"{'E' if device.letter == 'L' else 'G'}.{name}"
    x = Current(source) if device.letter == "L" else voltage(plus, minus)
    count = multiplicity(assigned, functions)
    if count != 1.0 and device.letter == "L":  # one of several side by side
        x = Binary("/", x, tree_of(count))
    written = warmed(behavioural_expression(text, functions), assigned, functions)
    start = parse_value(assigned.pop("ic"), functions) if "ic" in assigned and device.state else None
    unknown = next((key for key in assigned if key not in _SILENT), None)
    if unknown:
        raise NetlistError(f"{name}: unknown parameter {unknown.upper()}")
    value = substitute(written, lambda leaf: x if isinstance(leaf, Name) and leaf.name.lower() == "x" else leaf)
    tree = _law(key, value, x)
    if count != 1.0 and device.letter != "L":
        tree = Binary("*", tree_of(count), tree)
    check_extent(tree)
    quantity = "V" if device.letter == "L" else "I"
    part = element(line, source, BEHAVIOURAL_SOURCE.letter, nodes, tree, quantity=quantity, stands_for=name)
    return dataclasses.replace(part, start=start)


def _law(key: str, value: Expression, x: Expression) -> Expression:
    match key:
        case "r":
            squared = Binary("+", Binary("*", value, value), Number(_NO_RESISTANCE**2))
            return Binary("/", Binary("*", x, value), squared)
        case "q" | "flux":
            return Call("ddt", (value,))
    return Binary("*", value, Call("ddt", (x,)))


def trailing(text: str) -> tuple[str, dict[str, str]]:
    """The text of an expression, and what is assigned after it by lower-case name."""
    assigned: dict[str, str] = {}
    while match := _TRAILING.fullmatch(text):
        text = match["text"]
        assigned.setdefault(match["key"].lower(), match["value"])
        if match["second"] is not None:
            if match["key"].lower() != "tc":
                raise NetlistError(f"{match['key'].upper()}= has two values")
            assigned["tc2"] = match["second"]
    if "tc" in assigned:
        assigned["tc1"] = assigned.pop("tc")
    return text, assigned


def warmed(tree: Expression, assigned: dict[str, str], functions: Functions) -> Expression:
    """The expression at the temperature of its part; TC=, TC1=, TC2=, TEMP= and DTEMP= are taken out."""
    temperature = temperature_of(assigned, functions)
    stated = {key.upper(): parse_value(assigned.pop(key), functions) for key in ("tc1", "tc2") if key in assigned}
    return tree_of(combined("*", tree, growth(stated, temperature)))
