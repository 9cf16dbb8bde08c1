"""Devices: one record each, that everything else reads; and a way to have one of your own."""

from circuitnn.devices.device import ModelDevice as ModelDevice
from circuitnn.devices.device import ModelParameter as ModelParameter
from circuitnn.devices.device import Trial as Trial
from circuitnn.devices.law import Junction as Junction
from circuitnn.devices.registry import register as register
from circuitnn.devices.registry import registered as registered
from circuitnn.devices.rules import Rule as Rule
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)
