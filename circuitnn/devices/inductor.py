"""The inductor."""

from circuitnn.devices.device import Passive

INDUCTOR = Passive(
    letter="L", word="inductor", quantity="inductance", unit="H", state="I", equation="v = L di/dt",
)  # fmt: skip
