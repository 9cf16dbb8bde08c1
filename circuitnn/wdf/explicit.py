"""A diode or a pair of them at the root as a function of the incident wave: nothing is iterated along time."""

from dataclasses import dataclass
from typing import final

from jax import Array

from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.devices.diode import DIODE
from circuitnn.devices.diode_law import shockley
from circuitnn.devices.law import Law, Parameters
from circuitnn.mna.elements import DeviceInstance
from circuitnn.mna.instances import Values
from circuitnn.mna.stamps import two_axes
from circuitnn.mna.topology import Topology
from circuitnn.transient.values import CircuitValues
from circuitnn.wdf import diodes

LAWS = ("exact", "better", "simple")  # and "newton", the iteration that all devices have


@final
@dataclass(frozen=True)
class PairLaw:
    """Which formula, and how many diodes there are in series each way; static.

    Attributes:
        law: "exact", "better" (eq. 39 of Werner et al. 2015) or "simple" (eq. 18).
        up: diodes that conduct from the positive terminal on.
        down: those the other way; none for a diode alone.
        forward: of the first kind the names of component and model.
        backward: of the second.
        sign: -1 where the port's direction is that of the second kind.
    """

    law: str
    up: int
    down: int
    forward: tuple[str, str]
    backward: tuple[str, str]
    sign: int

    def __call__(self, p: Parameters, v: list[Array], e: list[Array | None]) -> tuple[list[Array], list[Array]]:
        """As a `Law` of which the incident wave is the voltage: the current that goes with it."""
        (a,), R, saturation, thermal = v, p["R"], p["saturation"], p["thermal"]
        if not self.down:
            b = diodes.diode(a, R, saturation=saturation, thermal=thermal * self.up)
        else:
            wave = {"exact": diodes.pair_exact, "better": diodes.pair_better, "simple": diodes.pair_simple}[self.law]
            b = wave(a, R, saturation=saturation, thermal=thermal, up=self.up, down=self.down)
        return [(a - b) / (2 * R)], []

    def device(self) -> DeviceInstance:
        """On the one port and drive that there are."""
        law = Law(self, is_costly=True)
        return DeviceInstance(law, (), (), "", ports=((0, self.sign),), drives=((0, self.sign),))

    @property
    def values(self) -> set[str]:
        """Names of the numbers of the diodes: area factors, and IS and N of their models."""
        both = self.forward, self.backward
        return {name for name, _ in both} | {f"{model}.{value}" for _, model in both for value in ("IS", "N")}

    def check(self, values: CircuitValues) -> None:
        """Refuse what would make the two sides differ: the formulas are for pairs of equal diodes.

        Raises:
            ValueError: naming the values that would be learnt apart.
        """
        is_shared = self.forward[1] == self.backward[1]
        apart = sorted(name for name in values.learnt & self.values if not (is_shared and "." in name))
        if apart and self.down:
            raise ValueError(f'trainable: {", ".join(apart)} would make unequal diodes, which need the law "newton"')

    def parameters(self, values: Values, resistance: Array) -> dict[str, Array]:
        """What the law needs, (time or 1, batch or 1) each: all diodes are as the first one."""
        name, model = self.forward
        saturation = values[f"{model}.IS"] * values[name]
        thermal = values[f"{model}.N"] * (THERMAL_VOLTAGE / self.up)
        return {"R": two_axes(resistance), "saturation": two_axes(saturation), "thermal": two_axes(thermal)}


def pair_law(topology: Topology, law: str, counts: tuple[int, int] = (1, 1)) -> PairLaw | None:
    """The law of the only device of a circuit, where that is a diode or an antiparallel pair; None where it is not.

    Args:
        topology: shape of the circuit.
        law: one of `LAWS`.
        counts: of a pair of strings, how many diodes its two stand for.
    """
    if len(topology.ports) != 1 or len(topology.drives) != 1:
        return None
    if any(device.law.function not in (shockley, DIODE.variants["reverse"]) for device in topology.devices):
        return None
    if any(device.law.small_signal for device in topology.devices):  # breakdown, recombination, high injection
        return None
    faces = [
        (place, name, device.model, direction * device.ports[0][1])
        for place, device in enumerate(topology.devices)
        for direction, names in ((1, device.names), (-1, device.backward))
        for name in names
    ]
    ahead = [(name, model) for _, name, model, sign in faces if sign > 0]
    behind = [(name, model) for _, name, model, sign in faces if sign < 0]
    if max(len(ahead), len(behind)) > 1 or any(len(device.drives) > 1 for device in topology.devices):
        return None  # several side by side, or with charges
    *_, first = min(faces)  # the one that comes first is the one that points up
    if first < 0:
        ahead, behind = behind, ahead
    down = counts[1] if behind else 0
    return PairLaw(law, counts[0], down, ahead[0], behind[0] if behind else ahead[0], first)
