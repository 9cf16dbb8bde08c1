"""Devices: one record each, that everything else reads."""

from circuitnn.devices.constants import THERMAL_VOLTAGE as THERMAL_VOLTAGE
from circuitnn.devices.device import Device as Device
from circuitnn.devices.device import ModelDevice as ModelDevice
from circuitnn.devices.device import ModelParameter as ModelParameter
from circuitnn.devices.device import Trial as Trial
from circuitnn.devices.law import Junction as Junction
from circuitnn.devices.registry import DEVICES as DEVICES
from circuitnn.devices.registry import register as register
from circuitnn.devices.registry import registered as registered
from circuitnn.devices.rules import Rule as Rule
