"""The resistor."""

from circuitnn.devices.device import Passive
from circuitnn.devices.rules import Rule

RESISTOR = Passive(
    letter="R", word="resistor", quantity="resistance", unit="ohm", equation="v = R i",
    expression_rule=Rule.NOT_NEGATIVE,  # a pot at its end
)  # fmt: skip
