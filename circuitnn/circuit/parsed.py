"""What the text of one line says of one component."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from circuitnn.circuit.components import Component
from circuitnn.circuit.lines import Line
from circuitnn.expressions.tree import Call
from circuitnn.expressions.values import Value


@dataclass(frozen=True)
class Element:
    """A parsed element.

    Attributes:
        component: without its number.
        number: where it is a literal.
        waveform: of a source, as a call of its name.
        notes: on how it is taken.
        start: the voltage of a capacitor, or current of an inductor, that ``IC=`` says.
        stands_for: the name of a part on whose line it is, where it has another one itself.
        temperature: of it alone, degrees Celsius.
        numbers: on the line of a device with a model, beside its area; of a source its DC value, if said.
        terms: of R, C and L with a model, all that the line says of the number.
    """

    component: Component
    number: float | None
    waveform: Call | None = None
    notes: tuple[str, ...] = ()
    start: Value | None = None
    stands_for: str | None = None
    temperature: Value | None = None
    numbers: Mapping[str, Value] | None = None
    terms: Any = None


def element(
    line: Line,
    name: str,
    kind: str,
    nodes: tuple[str, ...],
    value: Value,
    *,
    waveform: Call | None = None,
    stands_for: str | None = None,
    **fields,
) -> Element:
    """An element whose value is a number or an expression."""
    literal = value if isinstance(value, float) else None
    expression = None if isinstance(value, float) else value
    component = Component(name, kind, nodes, expression, line=line.number, **fields)
    return Element(component, literal, waveform, stands_for=stands_for)
