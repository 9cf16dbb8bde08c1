"""Circuits: netlists, components, the catalogue."""

from typing import TYPE_CHECKING

from circuitnn.rooms import on_demand

if TYPE_CHECKING:
    from circuitnn.circuit.circuit import Circuit as Circuit
    from circuitnn.circuit.circuit import Part as Part
    from circuitnn.circuit.components import Component as Component
    from circuitnn.circuit.components import DeviceModel as DeviceModel
    from circuitnn.circuit.components import Parameter as Parameter
    from circuitnn.circuit.journal import Note as Note
    from circuitnn.circuit.reader import read_netlist as read_netlist
    from circuitnn.devices.constants import THERMAL_VOLTAGE as THERMAL_VOLTAGE
    from circuitnn.expressions.errors import CircuitError as CircuitError
    from circuitnn.expressions.errors import NetlistError as NetlistError
    from circuitnn.expressions.errors import NetlistWarning as NetlistWarning
else:  # a type checker tells of names that are none
    __getattr__, __dir__ = on_demand(
        __name__,
        names={
            "circuitnn.circuit.circuit": "Circuit Part",
            "circuitnn.circuit.components": "Component DeviceModel Parameter",
            "circuitnn.circuit.journal": "Note",
            "circuitnn.circuit.reader": "read_netlist",
            "circuitnn.devices.constants": "THERMAL_VOLTAGE",
            "circuitnn.expressions.errors": "CircuitError NetlistError NetlistWarning",
        },
    )
