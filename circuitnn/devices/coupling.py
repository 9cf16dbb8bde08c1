"""Coupled inductors: mutual inductance M = k sqrt(L1 L2)."""

from circuitnn.devices.device import Coupling
from circuitnn.devices.rules import Rule

COUPLING = Coupling(
    letter="K", word="coupling of inductors", quantity="coupling coefficient", unit="", rule=Rule.COUPLING,
    couples="L", equation="v1 = L1 di1/dt + M di2/dt, M = k sqrt(L1 L2)",
)  # fmt: skip
