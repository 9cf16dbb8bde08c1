"""Circuits in discrete time: what the nodal model and the wave digital filter share."""

from circuitnn.discrete.carry import CircuitCarry as CircuitCarry
from circuitnn.discrete.model import CircuitModel as CircuitModel
