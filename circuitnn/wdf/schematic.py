"""What a tree is made of as a circuit: components with names, nodes and values, put down one by one, never as text.

The circuit has knobs and learnable values, an operating point, a netlist for ngspice and a nodal model to be compared
with, like any other.
"""

import functools
import re
from collections.abc import Collection, Mapping
from importlib import resources
from typing import final

import numpy as np

from circuitnn.circuit.blocks import Block, Contents, Statements
from circuitnn.circuit.circuit import Circuit
from circuitnn.circuit.controlled import check_ends
from circuitnn.circuit.elements import node
from circuitnn.circuit.instances import Instance
from circuitnn.circuit.lines import Line, logical_lines
from circuitnn.circuit.models import ModelCard
from circuitnn.circuit.ordering import Assigned
from circuitnn.circuit.parsed import element
from circuitnn.circuit.reader import circuit_of
from circuitnn.devices.registry import device_of
from circuitnn.expressions.errors import CircuitError
from circuitnn.expressions.parser import parse_expression
from circuitnn.expressions.tree import Expression
from circuitnn.expressions.values import folded
from circuitnn.wdf.elements import Element, Value

UNWRITTEN = Line(0, "")  # where a component stands that no netlist has


@final
class TreeError(CircuitError):
    """A tree that is no wave digital filter."""


@final
class Schematic:
    """Components, models and knobs; names are unique, those of nodes as well.

    Args:
        controls: knobs with their defaults.
        reserved: names of nodes that the user has given.
    """

    def __init__(self, controls: Mapping[str, float], reserved: Collection[str]):
        self.statements: Statements = []
        self.contents = Contents(blocks=triodes())
        self.parameters: dict[str, Assigned] = {}
        self.inputs: list[str] = []
        self.names: set[str] = set()
        self.placed: dict[int, Element] = {}  # by identity; kept, so that no two ever have the same
        self.inside: set[str] = set()  # names of the ideal elements inside of adaptors
        self.node_count = 0
        self.prefix = "n"  # of the names of nodes
        while any(re.match(rf"{self.prefix}\d", str(name), re.IGNORECASE) for name in reserved):
            self.prefix += "n"
        for name, value in controls.items():
            if not isinstance(name, str) or not re.fullmatch(r"[^\W\d]\w*", name):
                raise TreeError(f"{name!r} is no name of a knob: letters, digits and _ are allowed")
            if name.lower() in self.parameters:
                raise TreeError(f"duplicate .param {name}")
            self.parameters[name.lower()] = (name, float(value), UNWRITTEN)

    def node(self) -> str:
        """A new one."""
        self.node_count += 1
        return f"{self.prefix}{self.node_count}"

    def name(self, kind: str, wish: str | None) -> str:
        """A new name: the one wished for, with the kind's letter in front if it has not got it."""
        if wish is None:
            count = 1
            while f"{kind}{count}".lower() in self.names:
                count += 1
            wish = f"{kind}{count}"
        name = word(wish)
        name = name if name[0].upper() == kind[0] else kind[0] + name
        if name.lower() in self.names:
            raise TreeError(f"{name} is there twice: each element has one port, and each port one place")
        self.names.add(name.lower())
        return name

    def add(self, name: str, nodes: tuple[str, ...], value: float | Expression, **fields) -> None:
        """Put a component down whose name is from `name`; `fields` are those of a `Component`."""
        kind = name[0].upper()
        check_ends(name, nodes[: len(device_of(kind).pins)])
        self.statements.append((UNWRITTEN, [element(UNWRITTEN, name, kind, nodes, value, **fields)]))

    def source(self, kind: str, wish: str | None, value: Value | None, high: str, low: str) -> str:
        """A source, an input where it has no value; its name."""
        name = self.name(kind, wish)
        if value is None:
            self.inputs.append(name)
        self.add(name, (high, low), 0.0 if value is None else value_of(value, name))
        return name

    def model(self, device: str, kind: str, parameters: Mapping[str, Value]) -> str:
        """The ``.model`` of a device; its name."""
        values = tuple((word(key).lower(), value_of(value, f"{key} of {device}")) for key, value in parameters.items())
        card = ModelCard(f"M{device}", kind.upper(), UNWRITTEN, values)
        self.contents.cards[card.name.lower()] = card
        return card.name

    def instance(self, name: str, nodes: tuple[str, ...], subcircuit: str, parameters: Mapping[str, Value]) -> None:
        """A subcircuit of the library of triodes."""
        values = {word(key).lower(): value_of(value, f"{key} of {name}") for key, value in parameters.items()}
        self.statements.append((UNWRITTEN, Instance(name, nodes, subcircuit, values, UNWRITTEN)))

    def circuit(self, outputs: tuple[str, ...]) -> Circuit:
        """All of it together.

        Raises:
            CircuitError: for values and connections that no circuit can have.
        """
        block = Block.of(self.statements, self.parameters, self.contents)
        inputs = tuple(self.inputs) or ("Vin",)
        return circuit_of(block, inputs=inputs, outputs=outputs, title="wave digital filter", uncharged=True)


def word(text: str) -> str:
    """A name that a netlist may have."""
    if not isinstance(text, str) or not re.fullmatch(r"[\w#.+-]+", text):
        raise TreeError(f"{text!r} is no name: letters, digits and _ # . + - are allowed")
    return text


def node_named(text: str) -> str:
    """The name of a node, ground as "0"."""
    return node(word(text))


def value_of(value: Value, name: str) -> float | Expression:
    """The number, or the expression of knobs, that `name` has."""
    if not isinstance(value, str):
        number = np.asarray(value)
        if number.ndim or number.dtype.kind not in "biuf" or not np.isfinite(number):
            raise TreeError(f"the value of {name} must be a finite number or an expression, got {value!r}")
        return float(number)
    problem = f"the value of {name} is no number and no expression: {value!r}"
    if not value.isprintable():
        raise TreeError(problem)
    try:
        return folded(parse_expression(value), value)
    except CircuitError as error:
        raise TreeError(f"{problem} ({error})") from None


@functools.cache
def triodes() -> dict[str, Block]:
    """The subcircuits of the library of triodes by name."""
    text = resources.files("circuitnn.circuit.catalogue").joinpath("triodes.lib").read_text(encoding="utf-8")
    return Block(logical_lines(text)).contents.blocks
