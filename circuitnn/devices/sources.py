"""Independent sources of voltage and current."""

from circuitnn.devices.device import Source

VOLTAGE_SOURCE = Source(
    letter="V", word="voltage source", quantity="voltage", unit="V", fixes="V", equation="v = V",
)  # fmt: skip
CURRENT_SOURCE = Source(
    letter="I", word="current source", quantity="current", unit="A", fixes="I", equation="i = I",
)  # fmt: skip
