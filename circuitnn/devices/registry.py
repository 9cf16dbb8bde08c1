"""All devices that netlists may have. A user's own comes in by `register`."""

import functools
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
from circuitnn.devices.heated_diode import HEATED_DIODE
from circuitnn.devices.hysteresis_coil import JILES_ATHERTON_COIL
from circuitnn.devices.inductor import INDUCTOR
from circuitnn.devices.jfet import JFET
from circuitnn.devices.mosfet import MOSFET
from circuitnn.devices.opamp import OPAMP
from circuitnn.devices.ota import OTA
from circuitnn.devices.pentode import PENTODE
from circuitnn.devices.power_mosfet import VDMOS
from circuitnn.devices.resistor import RESISTOR
from circuitnn.devices.saturating_coil import SATURATING_COIL
from circuitnn.devices.sources import CURRENT_SOURCE, VOLTAGE_SOURCE
from circuitnn.devices.triode import TRIODE
from circuitnn.devices.vactrol import VACTROL

SUBCIRCUIT = "X"  # the letter of what is no device

DEVICES: list[Device] = [
    RESISTOR, CAPACITOR, INDUCTOR, COUPLING, VOLTAGE_SOURCE, CURRENT_SOURCE, VOLTAGE_OF_VOLTAGE,
    CURRENT_OF_VOLTAGE, CURRENT_OF_CURRENT, VOLTAGE_OF_CURRENT, BEHAVIOURAL_SOURCE, DIODE, BIPOLAR, JFET, MOSFET,
    VDMOS, VACTROL, TRIODE, PENTODE, OTA, OPAMP,
    SATURATING_COIL, JILES_ATHERTON_COIL, HEATED_DIODE,
]  # fmt: skip


def letters() -> tuple[str, ...]:
    """With which the lines of components begin."""
    return (*dict.fromkeys(device.letter for device in DEVICES), SUBCIRCUIT)


@functools.lru_cache(64)
def devices_of(letter: str) -> tuple[Device, ...]:
    """All that a letter stands for; which one of them a line is, the kind of its ``.model`` says."""
    return tuple(device for device in DEVICES if device.letter == letter)


@functools.lru_cache(256)  # every component asks what it is, again and again
def device_of(letter: str, model_kind: str = "") -> Device:
    """What a component is.

    Args:
        letter: of its name.
        model_kind: of its ``.model``, in capitals; the first device of the letter where that is not known.
    """
    first, *others = devices_of(letter)
    return next((other for other in others if isinstance(other, ModelDevice) and model_kind in other.kinds), first)


def model_device(kind: str) -> ModelDevice | None:
    """The device whose ``.model`` has this kind, in capitals; None where there is none."""
    return next((device for device in DEVICES if isinstance(device, ModelDevice) and kind in device.kinds), None)


def register(device: ModelDevice) -> None:
    """Let netlists have a device of your own: all engines read its record, and there is nothing else to write.

    Its letter may be that of other devices with models, whose kinds tell which of them a line is.

    Raises:
        ValueError: where its letter or a kind of its models is taken or is none.
    """
    others = devices_of(device.letter)
    is_letter = re.fullmatch("[A-Z]", device.letter) and device.letter != SUBCIRCUIT
    if not is_letter or not all(isinstance(other, ModelDevice) for other in others):
        raise ValueError(f"a device needs a capital letter that is not taken, not {device.letter!r}")
    taken = [kind for kind in device.kinds if model_device(kind) or not re.fullmatch("[A-Z][A-Z0-9_]*", kind)]
    if taken or not device.kinds:
        raise ValueError(f"a device needs kinds of .model, in capitals, that are not taken, not {', '.join(taken)}")
    DEVICES.append(device)
    _forget()


@contextmanager
def registered(device: ModelDevice) -> Iterator[ModelDevice]:
    """`register` for the length of a ``with`` block."""
    register(device)
    try:
        yield device
    finally:
        DEVICES.remove(device)
        _forget()


def _forget() -> None:
    devices_of.cache_clear()
    device_of.cache_clear()
