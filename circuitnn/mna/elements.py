"""The parts of a `Topology`: what is connected to which unknown, without numbers."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple, final

from circuitnn.devices.constants import CHARGE_UNIT as CHARGE_UNIT
from circuitnn.devices.law import Junction, Law, LawFunction


@final
class Branch(NamedTuple):
    """A two-terminal element between the nodes of index `a` (positive) and `b`; ground is -1.

    One that `senses` carries nothing: its current, an unknown, is what would flow there.
    """

    name: str
    a: int
    b: int
    senses: bool = False


@final
class SeriesResistance(NamedTuple):
    """A resistance inside a device, its model's parameter over its area, between two nodes."""

    device: str
    parameter: str  # "DCLIP.RS"
    a: int
    b: int


@final
class ControlledSource(NamedTuple):
    """E or G: gain times the voltage from c to d; `branch` is the unknown that is E's current, -1 for G.

    A nullor is an E of infinite gain: it has whatever voltage makes that from c to d zero.
    """

    name: str
    a: int
    b: int
    c: int
    d: int
    branch: int
    is_nullor: bool = False


@final
class Sensed(NamedTuple):
    """F or H: gain times the current of the branch `sensed`; `branch` is the unknown that is H's current, -1 for F."""

    name: str
    a: int
    b: int
    sensed: int
    branch: int


@final
class Quantity(NamedTuple):
    """What a nonlinear device depends on: the voltage from a to b, or the current of a branch (an unknown's index).

    `junction` is the drive across the same two nodes where there is one (a pn junction), else -1.
    """

    a: int
    b: int
    branch: int = -1
    junction: int = -1


@final
class Output(NamedTuple):
    """What is heard: the voltage from a to b, or the current of a branch (an unknown's index) in amperes."""

    a: int
    b: int
    branch: int = -1


@final
class Drive(NamedTuple):
    """What a nonlinear device puts into the circuit.

    A current from a to b through it, or the voltage of a branch (an unknown's index), or the charge of a junction (the
    index of a state): a state like a capacitor's voltage, in volts across `CHARGE_UNIT`. Small signals see a capacitor
    of the value dq/dv at the operating point.
    """

    a: int
    b: int
    branch: int = -1
    charge: int = -1


@final
class DeviceInstance(NamedTuple):
    """A nonlinear device in a circuit, or several of one model across one port.

    Attributes:
        law: of its device.
        names: its own; of several devices all those that face as the port does.
        backward: of several devices those that face the other way.
        model: the `.model`; "" where its law is an expression.
        ports: the quantities that it depends on, as (index, sign); the sign has the polarity of the model in it.
        drives: its currents or voltage, then its charges, as (index, sign); the index is -1 where it drives nothing.
        parameters: names of what its law depends on, of the model or of the circuit.
    """

    law: Law
    names: tuple[str, ...]
    backward: tuple[str, ...]
    model: str
    ports: tuple[tuple[int, int], ...]
    drives: tuple[tuple[int, int], ...]
    parameters: tuple[str, ...] = ()

    @property
    def directions(self) -> tuple[int, ...]:
        """1 for what faces as the ports do, -1 for what faces the other way."""
        return (1,) * (not self.backward or bool(self.names)) + (-1,) * bool(self.backward)

    @property
    def junctions(self) -> tuple[bool, ...]:
        """Which junctions of the law are there."""
        return tuple(junction.condition in self.parameters for junction in self.law.junctions)

    @property
    def exponential_ports(self) -> tuple[int, ...]:
        """The place among its ports of each exponential that its law needs."""
        return tuple(junction.port for junction in self._present) * len(self.directions)

    @property
    def _present(self) -> tuple[Junction, ...]:
        there = zip(self.law.junctions, self.junctions, strict=True)
        return tuple(junction for junction, is_there in there if is_there)


def with_laws(devices: Sequence[DeviceInstance], functions: Sequence[LawFunction | None]) -> tuple[DeviceInstance, ...]:
    """Devices with other functions in their laws, where there are others."""
    return tuple(
        device._replace(law=dataclasses.replace(device.law, function=function)) if function else device
        for device, function in zip(devices, functions, strict=True)
    )
