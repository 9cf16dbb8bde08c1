"""Circuits: netlists, components, the catalogue."""

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
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)
