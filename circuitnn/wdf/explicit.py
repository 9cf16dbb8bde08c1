"""A diode or a pair of them at the root as a function of the incident wave: nothing is iterated along time."""

from dataclasses import dataclass
from typing import Any, final

from jax import Array

from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.devices.diode import DIODE
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
        return [_current(self.law, self.up, self.down, v[0], **p)], []

    def device(self) -> DeviceInstance:
        """On the one port and drive that there are."""
        law = Law(self, is_costly=True)
        return DeviceInstance(law, (), (), "", ports=((0, self.sign),), drives=((0, self.sign),))

    def check(self, values: CircuitValues) -> None:
        """Refuse what would make the two sides differ: the formulas are for pairs of equal diodes.

        Raises:
            ValueError: naming the values that would be learnt apart.
        """
        own = {name for name, _ in (self.forward, self.backward)}
        if self.forward[1] != self.backward[1]:
            own |= {f"{model}.{value}" for _, model in (self.forward, self.backward) for value in ("IS", "N")}
        apart = sorted(values.learnt & own) if self.down else []
        if apart:
            raise ValueError(f'trainable: {", ".join(apart)} would make unequal diodes, which need the law "newton"')

    def parameters(self, values: Values, resistance: Array, weights: Any = None) -> dict[str, Array]:
        """What the law needs, (time or 1, batch or 1) each: all diodes are as the first one.

        `weights` are those of a `NeuralLaw`.
        """
        name, model = self.forward
        found: dict[str, Any] = {
            "R": resistance,
            "saturation": values[f"{model}.IS"] * values[name],
            "thermal": values[f"{model}.N"] * (THERMAL_VOLTAGE / self.up),
        }
        return {name: two_axes(value) for name, value in found.items()}


def pair_law(top: Topology, law: str, counts: tuple[int, int] = (1, 1)) -> PairLaw | None:
    """The law of the only device of a circuit, where that is a diode or an antiparallel pair; None where it is not.

    Args:
        top: shape of the circuit.
        law: one of `LAWS`.
        counts: of a pair of strings, how many diodes its two stand for.
    """
    if len(top.ports) != 1 or len(top.drives) != 1 or any(device.law != DIODE.law("D") for device in top.devices):
        return None
    faces = [
        (place, name, device.model, direction * device.ports[0][1])
        for place, device in enumerate(top.devices)
        for direction, names in ((1, device.names), (-1, device.backward))
        for name in names
    ]
    ahead = [(name, model) for _, name, model, sign in faces if sign > 0]
    behind = [(name, model) for _, name, model, sign in faces if sign < 0]
    if max(len(ahead), len(behind)) > 1 or any(len(device.drives) > 1 for device in top.devices):
        return None  # several side by side, or with charges
    *_, first = min(faces)  # the one that comes first is the one that points up
    if first < 0:
        ahead, behind = behind, ahead
    down = counts[1] if behind else 0
    return PairLaw(law, counts[0], down, ahead[0], behind[0] if behind else ahead[0], first)


def _current(law: str, up: int, down: int, incident: Array, R: Array, saturation: Array, thermal: Array) -> Array:
    """The current into the diodes at an incident wave."""
    values = {"saturation": saturation, "thermal": thermal}
    if not down:
        b = diodes.diode(incident, R, saturation=saturation, thermal=thermal * up)
    else:
        reflected = {"exact": diodes.pair_exact, "better": diodes.pair_better, "simple": diodes.pair_simple}[law]
        b = reflected(incident, R, **values, up=up, down=down)
    return (incident - b) / (2 * R)
