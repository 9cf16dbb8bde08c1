"""Element lines of controlled sources, B sources and coupled inductors; and the choice among all elements."""

import itertools
import re

from circuitnn.circuit.characteristics import (
    behavioural_expression,
    by_characteristic,
    depends_on_circuit,
    trailing,
    warmed,
)
from circuitnn.circuit.elements import (
    IDLE_ACROSS_ONE_NODE,
    NUMERALS,
    KindOf,
    check_ends,
    multiplicity,
    node,
    source,
    with_model,
    words_of,
)
from circuitnn.circuit.lines import Line
from circuitnn.circuit.parasitics import parasitics
from circuitnn.circuit.parsed import Element, element
from circuitnn.circuit.passives import passive
from circuitnn.circuit.polynomials import by_table, poly
from circuitnn.circuit.switches import switch
from circuitnn.circuit.transfer_functions import transfer_function
from circuitnn.circuit.values import assignments, parse_value
from circuitnn.devices.behavioural import BEHAVIOURAL_SOURCE
from circuitnn.devices.device import Coupling, Device, ModelDevice, Passive, Source
from circuitnn.devices.registry import device_of, devices_of, letters
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.parser import Functions
from circuitnn.expressions.values import combined, tree_of

MAX_COUPLED = 10  # inductors on one K line

_BEHAVIOUR = re.compile(
    r"\s*(?P<name>[^\s,(){}=]+)[\s,(]+(?P<plus>[^\s,(){}=]+)[\s,]+(?P<minus>[^\s,(){}=]+)[\s,)]+"
    r"(?P<key>[A-Za-z]+)\s*(?:=|(?=\{))\s*(?P<text>.*)",
    re.DOTALL,
)
_SECTIONS = "write it as a row of n sections, each an L in series and a C to ground"
_LINES = {
    "T": f"a transmission line is not supported; {_SECTIONS}, L = Z0*TD/n and C = TD/(Z0*n)",
    "O": f"a lossy line is not supported; {_SECTIONS}, and an R in series with L",
    "U": "an RC line is not supported; write it as a row of n sections, each an R in series and a C to ground",
}
_HINTS = ("tripdv", "tripdt", "noisy", "ic")  # how LTspice steps through time, and begins
_UNSUPPORTED = {
    "FREQ": "a response by a table is no circuit; write a rational one that fits it, LAPLACE {v(a)} = {1/(1+s/w)}",
    "CHEBYSHEV": "write the filter as LAPLACE {v(a)} = {1/(1+s/w)}",
} | dict.fromkeys(("AND", "NAND", "OR", "NOR"), "write a B source or VALUE={...}")


def parse_elements(line: Line, functions: Functions | None = None, kind_of: KindOf = lambda name: "") -> list[Element]:
    """The elements on a line: one, except that a K line of several inductors couples each pair of them.

    Raises:
        NetlistError: naming the line, when it is none that this library knows.
    """
    try:
        return _parse_elements(line, Functions(dialect=line.dialect) if functions is None else functions, kind_of)
    except NetlistError as error:
        raise error.at(line.number, line.text, line.file) from None


def _parse_elements(line: Line, functions: Functions, kind_of: KindOf) -> list[Element]:
    letter = line.text.lstrip(" ,(")[:1].upper()
    device = next(iter(devices_of(letter)), None)
    if device is None and letter in ("S", "W"):
        return [switch(line)]
    if device is None and letter in _LINES:
        raise NetlistError(f"{line.text.split()[0]}: {_LINES[letter]}")
    if isinstance(device, Source) and device.expressions:
        if (chain := transfer_function(line, device, functions)) is not None:
            return chain
        behaviour = _behaviour(line, device, functions)
        if behaviour is not None:
            return behaviour
    if isinstance(device, Passive) and depends_on_circuit(line.text):
        return [by_characteristic(line, device, functions)]
    name, rest = words_of(line)
    device = _device(name[:1].upper(), rest, kind_of)
    if device is None:
        others = " ".join((*(letter for letter in letters() if letter != "X"), "S", "W", "A", "X"))
        raise NetlistError(f"unknown device letter {name[:1]!r}; known: {others}")
    if device is BEHAVIOURAL_SOURCE:
        raise NetlistError(f"{name} needs two nodes, then V=expression or I=expression")
    if isinstance(device, Coupling):
        return _couplings(line, device, name, rest, functions)
    count = len(device.pins)
    if len(rest) < count or "=" in rest[: count + 1]:
        what = "model" if isinstance(device, ModelDevice) else "value"
        raise NetlistError(f"{name} needs {NUMERALS[count]} nodes, then its {what}")
    nodes = tuple(node(token) for token in rest[:count])
    if not line.file and device.letter not in IDLE_ACROSS_ONE_NODE:  # in libraries it does nothing
        check_ends(name, nodes)
    rest = rest[count:]
    match device:
        case Passive():
            return passive(line, device, name, nodes, rest, functions)
        case ModelDevice():
            return [with_model(line, device, name, nodes, rest, functions, kind_of)]
        case Source(is_independent=True):
            return source(line, device, name, nodes, rest, functions)
        case Source():
            return _controlled(line, device, name, nodes, rest, functions)
    raise TypeError(f"no way to read {device.word}")


def _device(letter: str, words: list[str], kind_of: KindOf) -> Device | None:
    """What a line is: of several devices of its letter that of the first word that names a ``.model``, as in ngspice.

    Where none does, as many nodes as there can be are nodes.
    """
    records = devices_of(letter)
    if len(records) < 2:
        return next(iter(records), None)
    bare = list(itertools.takewhile(lambda word: word != "=", words))
    kinds = (kind_of(word) for word in bare[min(record.node_count for record in records) :])
    fitting = [record for record in records if record.node_count < len(bare)]
    most = max(fitting, key=lambda record: record.node_count, default=records[0])
    return next((device_of(letter, kind) for kind in kinds if kind), most)


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
    count = multiplicity(assigned, functions) if device.fixes == "I" else 1.0
    if words and words[0].upper() in _UNSUPPORTED:
        raise NetlistError(f"{name}: {words[0].upper()} is not supported; {_UNSUPPORTED[words[0].upper()]}")
    nodes, around = parasitics(line, name, nodes, assigned, functions)
    if assigned:
        raise NetlistError(f"{name}: unknown parameter {next(iter(assigned)).upper()}")
    what = "two sensed nodes" if device.sensed_pins else "the voltage source that is sensed"
    if len(words) != (len(device.sensed_pins) or 1) + 1:
        raise NetlistError(f"{name} needs two nodes, {what} and a {device.quantity}, got {' '.join(words) or 'none'}")
    value = combined("*", parse_value(words[-1], functions), count)
    if device.sensed_pins:
        return [element(line, name, device.letter, (*nodes, *(node(token) for token in words[:-1])), value), *around]
    return [element(line, name, device.letter, nodes, value, sense=words[0]), *around]


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


def _behaviour(line: Line, device: Source, functions: Functions) -> list[Element] | None:
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
    nodes: tuple[str, ...] = (node(match["plus"]), node(match["minus"]))
    check_ends(name, nodes)
    text, assigned = trailing(match["text"])
    count = multiplicity(assigned, functions)
    tree = tree_of(combined("*", warmed(behavioural_expression(text, functions), assigned, functions), count))
    nodes, around = parasitics(line, name, nodes, assigned, functions)
    unknown = next((key for key in assigned if key not in _HINTS), None)
    if unknown:
        raise NetlistError(f"{name}: unknown parameter {unknown.upper()}")
    if device.senses == "I":  # an expression has a name of an E or G alone
        name = f"{'E' if device.fixes == 'V' else 'G'}.{name}"
    return [element(line, name, BEHAVIOURAL_SOURCE.letter, nodes, tree, quantity=quantity), *around]
