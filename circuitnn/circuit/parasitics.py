"""LTspice's parasitics of a part, ``Rser= Lser= Rpar= Cpar=``, as components of their own: "Rser.C1"."""

from circuitnn.circuit.lines import Line
from circuitnn.circuit.parsed import Element, element
from circuitnn.circuit.values import parse_value
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.parser import Functions

IN_SERIES = ("rser", "lser")
IN_PARALLEL = ("rpar", "cpar")


def parasitics(
    line: Line, name: str, nodes: tuple[str, ...], assigned: dict[str, str], functions: Functions
) -> tuple[tuple[str, ...], list[Element]]:
    """Take the parasitics out of what is assigned.

    Those in series go to the first node of the part, those in parallel across all of it.

    Returns:
        The nodes of the part itself, and what stands around it. None of it has the value 0.

    Raises:
        NetlistError: for a value that is none.
    """
    around = []
    plus, minus = nodes
    for key in (*IN_PARALLEL, *IN_SERIES):
        value = parse_value(assigned.pop(key), functions) if key in assigned else 0.0
        if value == 0.0:
            continue
        if isinstance(value, float) and value < 0:
            raise NetlistError(f"{name}: {key.upper()}= must not be negative")
        ends = (plus, minus)
        if key in IN_SERIES:
            ends = (plus, f"{name}.{key}")
            plus = ends[1]
        around.append(element(line, f"{key.capitalize()}.{name}", key[0].upper(), ends, value))
    return (plus, minus), around
