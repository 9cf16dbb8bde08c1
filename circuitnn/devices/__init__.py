"""Devices: what each component is."""

from circuitnn.devices.constants import THERMAL_VOLTAGE as THERMAL_VOLTAGE
