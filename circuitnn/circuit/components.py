"""What a circuit is made of: the static, hashable part, without numbers."""

from dataclasses import dataclass, field
from typing import final

from circuitnn.circuit.expression import Expression

GROUND = "0"
STATE_KINDS = ("C", "L")
SOURCE_KINDS = ("V", "I")
DIODE_DEFAULTS = {"IS": 1e-14, "N": 1.0}  # SPICE's; RS has no entry, so that it is absent and not zero


@final
@dataclass(frozen=True)
class Component:
    """One element of a netlist.

    Attributes:
        name: as first spelled in the netlist; its first letter is the kind.
        kind: "R", "C", "L", "V", "I" or "D".
        nodes: the names of its two nodes, positive (anode) first; ground is "0".
        value: None when the number is a literal, kept in `Circuit.values`; else the expression that gives it. It is the
            resistance, capacitance, inductance, DC voltage or current, or the area factor of a diode.
        model: name of the ``.model`` of a diode.
        line: in the netlist, from 1.
    """

    name: str
    kind: str
    nodes: tuple[str, ...]
    value: Expression | None = None
    model: str | None = None
    line: int = field(default=0, compare=False)  # moving a line does not make another circuit


@final
@dataclass(frozen=True)
class DeviceModel:
    """A ``.model`` card that some component uses.

    Attributes:
        name: of the card.
        kind: "D".
        parameters: (name, None for a literal kept in `Circuit.values` as "MODEL.NAME", or its expression) pairs.
        line: in the netlist, from 1.
    """

    name: str
    kind: str
    parameters: tuple[tuple[str, Expression | None], ...]
    line: int = field(default=0, compare=False)


@final
@dataclass(frozen=True)
class Parameter:
    """A ``.param``: independent (a knob, its number in `Circuit.values`) when `expression` is None."""

    name: str
    expression: Expression | None = None
    line: int = field(default=0, compare=False)
