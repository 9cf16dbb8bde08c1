"""What a circuit is made of: the static, hashable part, without numbers."""

from dataclasses import dataclass, field
from typing import final

from circuitnn.expressions.tree import GROUND as GROUND
from circuitnn.expressions.tree import Expression

STATE_KINDS = ("C", "L")
SOURCE_KINDS = ("V", "I")
GAIN_KINDS = ("E", "G", "F", "H")
DEVICE_KINDS = ("D", "Q", "J")
NULLOR = "NULLOR"


@final
@dataclass(frozen=True)
class Component:
    """One element of a netlist.

    Attributes:
        name: as first spelled in the netlist. Its first letter is the kind, except that an E or G with an expression
            is of kind "B". One of a subcircuit has the name that ngspice gives it: "R.X1.R1".
        kind: "R", "C", "L", "K", "V", "I", "E", "G", "F", "H", "B", "D", "Q" or "J".
        nodes: of R, C, L, V, I, B, F, H two names, positive first; of D anode and cathode; of E and G the two of the
            output, then the two that are sensed; of Q collector, base, emitter; of J drain, gate, source; of K none.
            Ground is "0". A positive current flows from the first node through the component to the second.
        value: None when the number is a literal, kept in `Circuit.values`; else the expression that gives it. It is the
            resistance, capacitance, inductance, DC voltage or current, coupling coefficient, gain, or the area factor
            of a device; of kind "B" always the expression of the voltage or current, with `Voltage` and `Current`
            leaves.
        model: name of the ``.model`` of a device.
        line: in the netlist, from 1.
        sense: of F and H the name of the voltage source whose current is sensed.
        couples: of K the names of its two inductors.
        quantity: of B what the expression gives, "V" or "I"; `NULLOR` of an E of infinite gain, which no netlist has.
    """

    name: str
    kind: str
    nodes: tuple[str, ...]
    value: Expression | None = None
    model: str | None = None
    line: int = field(default=0, compare=False)  # moving a line does not make another circuit
    sense: str | None = None
    couples: tuple[str, ...] = ()
    quantity: str | None = None


@final
@dataclass(frozen=True)
class DeviceModel:
    """A ``.model`` card that some component uses.

    Attributes:
        name: of the card; that of a subcircuit has the names of its instances before it: "X1.DCLIP".
        kind: "D", "NPN", "PNP", "NJF" or "PJF".
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
