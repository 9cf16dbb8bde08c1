"""Controlled sources: a gain times a voltage between two nodes, or times the current of a voltage source."""

from circuitnn.devices.device import Source

_SENSED = ("sensed +", "sensed -")

VOLTAGE_OF_VOLTAGE = Source(
    letter="E", word="voltage source controlled by a voltage", quantity="gain", unit="", fixes="V", senses="V",
    sensed_pins=_SENSED, expressions={"value": "V", "vol": "V"}, equation="v = E v(c,d)",
)  # fmt: skip
CURRENT_OF_VOLTAGE = Source(
    letter="G", word="current source controlled by a voltage", quantity="transconductance", unit="S", fixes="I",
    senses="V", sensed_pins=_SENSED, expressions={"value": "I", "cur": "I"}, equation="i = G v(c,d)",
)  # fmt: skip
CURRENT_OF_CURRENT = Source(
    letter="F", word="current source controlled by a current", quantity="gain", unit="", fixes="I", senses="I",
    expressions={"value": "I", "cur": "I"}, equation="i = F i(Vs)",
)  # fmt: skip
VOLTAGE_OF_CURRENT = Source(
    letter="H", word="voltage source controlled by a current", quantity="transresistance", unit="ohm", fixes="V",
    senses="I", expressions={"value": "V", "vol": "V"}, equation="v = H i(Vs)",
)  # fmt: skip
