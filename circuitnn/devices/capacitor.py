"""The capacitor."""

from circuitnn.devices.device import Passive

CAPACITOR = Passive(
    letter="C", word="capacitor", quantity="capacitance", unit="F", state="V", equation="i = C dv/dt",
)  # fmt: skip
