"""What the text of one line says of one component."""

from dataclasses import dataclass

from circuitnn.circuit.components import Component
from circuitnn.circuit.lines import Line
from circuitnn.circuit.values import Value


@dataclass(frozen=True)
class Element:
    """A parsed element.

    Attributes:
        component: without its number.
        number: where it is a literal.
        waveform: of a source.
        notes: on how it is taken.
    """

    component: Component
    number: float | None
    waveform: str | None = None
    notes: tuple[str, ...] = ()


def element(
    line: Line, name: str, kind: str, nodes: tuple[str, ...], value: Value, *, waveform: str | None = None, **fields
) -> Element:
    """An element whose value is a number or an expression."""
    literal = value if isinstance(value, float) else None
    expression = None if isinstance(value, float) else value
    component = Component(name, kind, nodes, expression, line=line.number, **fields)
    return Element(component, literal, waveform)
