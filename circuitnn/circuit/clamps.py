"""``.ic``, ``.nodeset`` and ``IC=``: voltages that a circuit, or the search for its rest, begins with."""

import dataclasses
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from circuitnn.circuit.components import GROUND, Clamp, Component
from circuitnn.circuit.lines import Line
from circuitnn.circuit.values import parse_value
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.parser import Functions
from circuitnn.expressions.tree import Number
from circuitnn.expressions.values import Value

if TYPE_CHECKING:
    from circuitnn.circuit.circuit import Circuit

WIRE = 1e-6  # ohms, between a node and what holds it: less than any part, and a source may hold the node as well
_PAIR = re.compile(
    r"\s*,?\s*(?P<letter>[viVI])\s*\(\s*(?P<plus>[^\s,()]+)\s*(?:,\s*(?P<minus>[^\s,()]+)\s*)?\)\s*=?\s*"
    r"(?P<value>\{[^{}]*\}|'[^']*'|[^\s,(){}=]+)\s*,?"
)


@dataclasses.dataclass(frozen=True)
class ClampLine:
    """A voltage of a ``.ic`` or ``.nodeset``; of a current the letter is i."""

    line: Line
    letter: str
    nodes: tuple[str, str]
    value: Value

    @property
    def is_start(self) -> bool:
        """Whether it is of ``.ic`` or ``IC=``, and no guess."""
        return not self.line.text.lower().startswith(".nodeset")

    def inside(self, scope: "_Scope") -> "ClampLine":
        """The same of the flattened netlist."""
        plus, minus = (scope.node(GROUND if node.lower() == "gnd" else node) for node in self.nodes)
        return dataclasses.replace(self, nodes=(plus, minus), value=scope.value(self.value, self.line))


class _Scope(Protocol):
    def node(self, name: str) -> str: ...

    def value(self, value: Value, line: Line) -> Value: ...


def parse_clamps(line: Line, functions: Functions) -> list[ClampLine]:
    """Those of a ``.ic`` or ``.nodeset`` line.

    Raises:
        NetlistError: naming the line, where it has anything else.
    """
    body = re.sub(r"^\S+\s*", "", line.text)
    clamps, position = [], 0
    while position < len(body):
        match = _PAIR.match(body, position)
        if match is None:
            raise line.error(f"{line.text.split()[0]} needs voltages of nodes: .ic v(a)=1 v(b)=2.5")
        try:
            value = parse_value(match["value"], functions)
        except NetlistError as error:
            raise error.at(line.number, line.text, line.file) from None
        clamps.append(ClampLine(line, match["letter"].lower(), (match["plus"], match["minus"] or GROUND), value))
        position = match.end()
    return clamps


def lines_of_clamp(clamp: Clamp, value: str) -> list[str]:
    """A ``.ic`` or ``.nodeset`` as ngspice reads it, which is of a node alone.

    The voltage between two nodes is that of a node of its own, "ic.a.b", to which an ideal transformer takes it.
    Nothing but what holds the node draws a current from there: after the start, in ``.op`` and ``.ac`` it does nothing.
    """
    directive, (plus, minus) = ".ic" if clamp.is_start else ".nodeset", clamp.nodes
    if minus == GROUND:
        return [f"{directive} v({plus})={value}"]
    node = f"{directive[1:]}.{plus}.{minus}"
    return [
        f"R.{node} {node} {node}.r {WIRE}",  # ngspice takes no node that only sources are at
        f"V.{node} {node}.r {node}.v 0",
        f"E.{node} {node}.v 0 {plus} {minus} 1",
        f"F.{node} {minus} {plus} V.{node} 1",
        f"{directive} v({node})={value}",
    ]


def held(circuit: "Circuit", clamps: Sequence[Clamp]) -> "Circuit":
    """The circuit with sources that hold what the clamps say; `Circuit.resolve` has their numbers."""
    parts: list[Component] = []
    for clamp in clamps:
        inner = f"{clamp.name}#"
        parts.append(Component(clamp.name, "V", (inner, clamp.nodes[1]), clamp.value))
        parts.append(Component(clamp.wire, "R", (clamp.nodes[0], inner), Number(WIRE)))
    others = tuple(clamp for clamp in circuit.clamps if clamp not in clamps)
    return dataclasses.replace(circuit, components=circuit.components + tuple(parts), clamps=others)
