"""Controlled sources of several variables, POLY, and by a table of points, TABLE."""

import dataclasses
import itertools
import re
from collections.abc import Callable

from circuitnn.circuit.elements import node
from circuitnn.circuit.lines import Line
from circuitnn.circuit.parsed import Element, element
from circuitnn.circuit.values import parse_value
from circuitnn.devices.behavioural import BEHAVIOURAL_SOURCE
from circuitnn.devices.device import Source
from circuitnn.expressions.composed import polynomial, table
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.numbers import UNSIGNED
from circuitnn.expressions.parser import Functions, check_extent, parse_expression
from circuitnn.expressions.tree import Current, Expression, number, voltage
from circuitnn.expressions.values import Value

MAX_VARIABLES = 50
_ADJOINED = re.compile(rf"[+-]?{UNSIGNED}(?=[+-]|$)")


def poly(
    line: Line, device: Source, name: str, nodes: tuple[str, ...], words: list[str], functions: Functions
) -> list[Element]:
    """``POLY(n)``, what is sensed, coefficients.

    One of first degree is linear sources: those of voltage in series, those of current in parallel, "E2.E1", ...; a
    constant is an independent one. Any other is a B source.

    Raises:
        NetlistError: for too few words.
    """
    per_variable = 2 if device.sensed_pins else 1
    count = int(words[0]) if words and words[0].isdecimal() and len(words[0]) < 4 else 0
    sensed, given = words[1 : 1 + count * per_variable], words[1 + count * per_variable :]
    if not 1 <= count <= MAX_VARIABLES or not given:
        what = "two nodes" if device.sensed_pins else "a voltage source"
        raise NetlistError(f"{name} needs POLY(n), n from 1 to {MAX_VARIABLES}, {what} for each, then coefficients")
    given = [part for word in given for part in _apart(word)]
    coefficients = [parse_value(word, functions) for word in given]
    pairs = [tuple(sensed[at : at + per_variable]) for at in range(0, len(sensed), per_variable)]
    notes: tuple[str, ...] = ()
    if count == 1 and len(given) == 1:
        notes = (f"{name}: the only coefficient of POLY(1) is the constant, as in ngspice; write 0 before a gain",)
    if len(given) <= count + 1:
        elements = _linear(line, device, name, nodes, pairs, coefficients)
        return [dataclasses.replace(elements[0], notes=notes), *elements[1:]]
    if device.sensed_pins:
        variables: list[Expression] = [voltage(node(plus), node(minus)) for plus, minus in pairs]
    else:
        variables = [Current(source) for (source,) in pairs]
    tree = polynomial(variables, [number(value) if isinstance(value, float) else value for value in coefficients])
    return [_behavioural(line, device, name, nodes, tree)]


def _apart(word: str) -> list[str]:
    """``1.5-2e-3``, two coefficients that nothing is between, as PSpice reads them."""
    return _ADJOINED.findall(word) if _ADJOINED.sub("", word) == "" else [word]


def by_table(
    line: Line, device: Source, name: str, nodes: tuple[str, ...], words: list[str], functions: Functions
) -> list[Element]:
    """``TABLE {expression} = (x,y) (x,y) ...``, or LTspice's ``c d TABLE=(x,y,x,y,...)``.

    Raises:
        NetlistError: where there is no expression, or no pairs of numbers that rise.
    """
    words = [word for word in words if word != "="]
    place = [word.upper() for word in words].index("TABLE")
    before, points = words[:place], words[place + 1 :]
    if len(before) == 2:
        x = voltage(node(before[0]), node(before[1]))
    elif not before and points and points[0][:1] in ("{", "'", '"'):
        x = parse_expression(points.pop(0)[1:-1], behavioural=True, functions=functions)
    else:
        raise NetlistError(f"{name} needs TABLE {{expression}} = (x,y) (x,y) ...")
    values = [parse_value(word, functions) for word in points]
    tree = table(x, [number(value) if isinstance(value, float) else value for value in values])
    return [_behavioural(line, device, name, nodes, tree)]


def _behavioural(line: Line, device: Source, name: str, nodes: tuple[str, ...], tree: Expression) -> Element:
    """A B source; an F or H goes by the name of a G or E, since these alone may have an expression."""
    check_extent(tree)
    name = name if device.sensed_pins else f"{'E' if device.fixes == 'V' else 'G'}.{name}"
    return element(line, name, BEHAVIOURAL_SOURCE.letter, nodes, tree, quantity=device.fixes)


def _linear(
    line: Line,
    device: Source,
    name: str,
    nodes: tuple[str, ...],
    sensed: list[tuple[str, ...]],
    coefficients: list[Value],
) -> list[Element]:
    constant, *gains = coefficients
    terms: list[Callable[[tuple[str, ...]], Element]] = []

    def source(term_name: str, pair: tuple[str, ...], gain: Value) -> Callable[[tuple[str, ...]], Element]:
        if device.sensed_pins:
            sensing = tuple(node(word) for word in pair)
            return lambda ends: element(line, term_name, device.letter, (*ends, *sensing), gain)
        return lambda ends: element(line, term_name, device.letter, ends, gain, sense=pair[0])

    for pair, gain in zip(sensed, gains, strict=False):
        if gain != 0.0 or (pair is sensed[len(gains) - 1] and not terms):
            terms.append(source(f"{device.letter}{len(terms) + 1}.{name}" if terms else name, pair, gain))
    if constant != 0.0 or not terms:
        letter = device.fixes
        terms.append(lambda ends: element(line, f"{letter}.{name}", letter, ends, constant))
    if device.fixes == "I":
        return [term(nodes) for term in terms]
    inner = [f"{name}.{number_of}" for number_of in range(1, len(terms))]
    return [term(ends) for term, ends in zip(terms, itertools.pairwise([nodes[0], *inner, nodes[1]]), strict=True)]
