"""Circuits in discrete time: what the nodal model and the wave digital filter share."""

from circuitnn.rooms import handed_on
from circuitnn.transient.carry import CircuitCarry as CircuitCarry
from circuitnn.transient.model import CircuitModel as CircuitModel

__dir__ = handed_on(__name__)
