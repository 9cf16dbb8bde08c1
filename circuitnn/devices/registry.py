"""All devices that netlists may have, by letter. A user's own comes in by `register`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from circuitnn.devices.behavioural import BEHAVIOURAL_SOURCE
from circuitnn.devices.bipolar import BIPOLAR
from circuitnn.devices.capacitor import CAPACITOR
from circuitnn.devices.controlled import (
    CURRENT_OF_CURRENT,
    CURRENT_OF_VOLTAGE,
    VOLTAGE_OF_CURRENT,
    VOLTAGE_OF_VOLTAGE,
)
from circuitnn.devices.coupling import COUPLING
from circuitnn.devices.device import Device, ModelDevice
from circuitnn.devices.diode import DIODE
from circuitnn.devices.inductor import INDUCTOR
from circuitnn.devices.jfet import JFET
from circuitnn.devices.mosfet import MOSFET
from circuitnn.devices.resistor import RESISTOR
from circuitnn.devices.sources import CURRENT_SOURCE, VOLTAGE_SOURCE

SUBCIRCUIT = "X"  # the letter of what is no device

DEVICES: dict[str, Device] = {
    device.letter: device
    for device in (
        RESISTOR, CAPACITOR, INDUCTOR, COUPLING, VOLTAGE_SOURCE, CURRENT_SOURCE, VOLTAGE_OF_VOLTAGE,
        CURRENT_OF_VOLTAGE, CURRENT_OF_CURRENT, VOLTAGE_OF_CURRENT, BEHAVIOURAL_SOURCE, DIODE, BIPOLAR, JFET,
        MOSFET,
    )
}  # fmt: skip


def model_device(kind: str) -> ModelDevice | None:
    """The device whose ``.model`` has this kind, in capitals; None where there is none."""
    return next(
        (device for device in DEVICES.values() if isinstance(device, ModelDevice) and kind in device.kinds), None
    )


def register(device: ModelDevice) -> None:
    """Let netlists have a device of your own: all engines read its record, and there is nothing else to write.

    Raises:
        ValueError: where its letter or a kind of its models is taken or is none.
    """
    if not re.fullmatch("[A-Z]", device.letter) or device.letter in {*DEVICES, SUBCIRCUIT}:
        raise ValueError(f"a device needs a capital letter that is not taken, not {device.letter!r}")
    taken = [kind for kind in device.kinds if model_device(kind) or not re.fullmatch("[A-Z][A-Z0-9_]*", kind)]
    if taken or not device.kinds:
        raise ValueError(f"a device needs kinds of .model, in capitals, that are not taken, not {', '.join(taken)}")
    DEVICES[device.letter] = device


@contextmanager
def registered(device: ModelDevice) -> Iterator[ModelDevice]:
    """`register` for the length of a ``with`` block."""
    register(device)
    try:
        yield device
    finally:
        del DEVICES[device.letter]
