"""What a circuit is made of: the static, hashable part, without numbers."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast, final

from circuitnn.devices.behavioural import BEHAVIOURAL_SOURCE
from circuitnn.devices.device import Device, ModelDevice, Passive, Source
from circuitnn.devices.registry import device_of, model_device
from circuitnn.devices.rules import Rule
from circuitnn.expressions.tree import GROUND as GROUND
from circuitnn.expressions.tree import Call, Expression

NULLOR = "NULLOR"
SIGNED = "SIGNED"


@final
@dataclass(frozen=True)
class Component:
    """One element of a netlist.

    Attributes:
        name: as first spelled in the netlist. Its first letter is the kind, except that an E or G with an expression
            is of kind "B". One of a subcircuit has the name that ngspice gives it: "R.X1.R1".
        kind: the letter of its `device`: "R", "C", "L", "K", "V", "I", "E", "G", "F", "H", "B", "D", "Q", "J".
        nodes: at the pins of its `device`, then those that it senses. Ground is "0". A positive current flows from the
            first node of two through the component to the second.
        value: None when the number is a literal, kept in `Circuit.values`; else the expression that gives it. It is the
            resistance, capacitance, inductance, DC voltage or current, coupling coefficient, gain, or the area factor
            of a device; of kind "B" always the expression of the voltage or current, with `Voltage` and `Current`
            leaves.
        model: name of the ``.model`` of a device.
        line: in the netlist, from 1.
        sense: of F and H the name of the voltage source whose current is sensed.
        couples: of K the names of its two inductors.
        quantity: of B what the expression gives, "V" or "I"; `NULLOR` of an E of infinite gain, which no netlist has;
            `SIGNED` of a resistor whose number is zero (a wire) or negative, and of a negative capacitance.
        waveform: of an independent source beside the inputs, as a call of its name; its value says the same.
        model_kind: of the ``.model``, which says which device of its letter it is.
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
    waveform: Call | None = None
    model_kind: str = ""

    @property
    def device(self) -> Device:
        """The record of what it is."""
        return device_of(self.kind, self.model_kind)

    @property
    def rule(self) -> Rule:
        """What its number may be."""
        device = self.device
        if self.quantity == SIGNED:
            return Rule.ANY
        return device.rule if self.value is None or device.expression_rule is None else device.expression_rule

    @property
    def is_reactive(self) -> bool:
        """Whether it has a state: a capacitor or an inductor."""
        return isinstance(self.device, Passive) and self.device.state != ""

    @property
    def is_behavioural(self) -> bool:
        """Whether its value is an expression of what happens in the circuit."""
        return self.device is BEHAVIOURAL_SOURCE

    @property
    def is_independent_source(self) -> bool:
        """Whether it is a source whose value depends on nothing in the circuit."""
        return isinstance(self.device, Source) and self.device.is_independent

    @property
    def is_controlled_source(self) -> bool:
        """Whether it is a source whose value depends on something in the circuit."""
        return isinstance(self.device, Source) and not self.device.is_independent

    @property
    def fixes_voltage(self) -> bool:
        """Whether it is a source of voltage, independent or not."""
        return isinstance(self.device, Source) and (self.device.fixes or self.quantity) == "V"


@final
@dataclass(frozen=True)
class DeviceModel:
    """A ``.model`` card that some component uses.

    Attributes:
        name: of the card; that of a subcircuit has the names of its instances before it: "X1.DCLIP".
        kind: one of those that its device has: "D", "NPN", "PNP", "NJF" or "PJF".
        parameters: (name, None for a literal kept in `Circuit.values` as "MODEL.NAME", or its expression) pairs.
        line: in the netlist, from 1.
        variant: of the laws of its device.
    """

    name: str
    kind: str
    parameters: tuple[tuple[str, Expression | None], ...]
    line: int = field(default=0, compare=False)
    variant: str = ""

    def with_law_of(self, values: Mapping[str, Any]) -> "DeviceModel":
        """The card with the variant of the law that these numbers have, by "MODEL.NAME"."""
        numbers = {name: values.get(f"{self.name}.{name}", value) for name, value in self.parameters}
        return dataclasses.replace(self, variant=self.device.variant(numbers))

    @property
    def device(self) -> ModelDevice:
        """The record of the device that it is a model of."""
        return cast(ModelDevice, model_device(self.kind))

    @property
    def node_count(self) -> int:
        """How many nodes its devices may have."""
        device, names = self.device, {name for name, _ in self.parameters}
        wanted = (
            conditions
            for place, conditions in device.optional_ports.items()
            if device.optional_pin in device.ports[place]
        )
        return len(device.pins) + any(names.intersection(conditions) for conditions in wanted)


@final
@dataclass(frozen=True)
class Clamp:
    """A voltage that the circuit begins with (``.ic``), or that a search for its rest begins with (``.nodeset``).

    Attributes:
        name: under which its number is in `Circuit.values`: "ic(out)", "nodeset(a,b)".
        nodes: between which the voltage is.
        value: the expression that gives it; None when the number is a literal.
        is_start: whether the circuit begins with it.
    """

    name: str
    nodes: tuple[str, str]
    value: Expression | None = None
    is_start: bool = True

    @property
    def wire(self) -> str:
        """The name of the resistor through which it is held."""
        return f"R{self.name}"


@final
@dataclass(frozen=True)
class Parameter:
    """A ``.param``: independent (a knob, its number in `Circuit.values`) when `expression` is None."""

    name: str
    expression: Expression | None = None
    line: int = field(default=0, compare=False)
