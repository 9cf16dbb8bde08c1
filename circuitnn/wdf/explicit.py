"""A diode or a pair of them at the root as a function of the incident wave: nothing is iterated along time."""

from dataclasses import dataclass
from functools import partial
from typing import Any, final

import jax
from jax import Array
from jax import numpy as jnp

from circuitnn.circuit.constants import THERMAL_VOLTAGE
from circuitnn.discrete.values import CircuitValues
from circuitnn.mna.devices import Values
from circuitnn.mna.elements import Device
from circuitnn.mna.law import LARGEST_EXPONENT
from circuitnn.mna.topology import Topology
from circuitnn.numerics.exponential import exponential
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

    def device(self) -> Device:
        """On the one port and drive that there are."""
        return Device(
            kind="W",
            names=(),
            backward=(),
            model="",
            ports=((0, self.sign),),
            drives=((0, self.sign),),
            law=partial(_current, self.law, self.up, self.down),  # type: ignore[arg-type]
        )

    def check(self, values: CircuitValues) -> None:
        """Refuse what would make the two sides differ: the formulas are for pairs of equal diodes.

        Raises:
            ValueError: naming the values that would be learnt apart.
        """
        learnt = {*values.log_scale, *values.within, *values.linear}
        own = {name for name, _ in (self.forward, self.backward)}
        if self.forward[1] != self.backward[1]:
            own |= {f"{model}.{value}" for _, model in (self.forward, self.backward) for value in ("IS", "N")}
        apart = sorted(learnt & own) if self.down else []
        if apart:
            raise ValueError(f'trainable: {", ".join(apart)} would make unequal diodes, which need the law "newton"')

    def parameters(self, values: Values, resistance: Array, weights: Any = None) -> dict[str, Array]:
        """What the law needs: (time or 1, batch or 1) each. `weights` are those of a `NeuralLaw`."""
        found: dict[str, Any] = {"R": resistance}
        sides = (("ahead", self.forward, self.up), ("behind", self.backward, self.down))
        for side, (name, model), count in sides:
            if count:
                found[f"saturation_{side}"] = values[f"{model}.IS"] * values[name]
                found[f"thermal_{side}"] = values[f"{model}.N"] * (THERMAL_VOLTAGE / count)
        return {name: jnp.reshape(value, (1, 1)) if value.ndim == 0 else value for name, value in found.items()}


def pair_law(top: Topology, law: str, counts: tuple[int, int] = (1, 1)) -> PairLaw | None:
    """The law of the only device of a circuit, where that is a diode or an antiparallel pair; None where it is not.

    Args:
        top: shape of the circuit.
        law: one of `LAWS`.
        counts: of a pair of strings, how many diodes its two stand for.
    """
    if len(top.ports) != 1 or len(top.drives) != 1 or any(device.kind != "D" for device in top.devices):
        return None
    faces = [
        ((name, device.model), direction * device.ports[0][1])
        for device in top.devices
        for direction, names in ((1, device.names), (-1, device.backward))
        for name in names
    ]
    ahead = [each for each, sign in faces if sign > 0]
    behind = [each for each, sign in faces if sign < 0]
    if max(len(ahead), len(behind)) > 1 or any(len(device.drives) > 1 for device in top.devices):
        return None  # several side by side, or with charges
    # The one that comes first in the netlist is the one that points up.
    first = faces[0][1] if len(faces) == 1 else min(faces, key=lambda face: _place(top, face[0][0]))[1]
    if first < 0:
        ahead, behind = behind, ahead
    down = counts[1] if behind else 0
    return PairLaw(law, counts[0], down, ahead[0], behind[0] if behind else ahead[0], first)


def _place(top: Topology, name: str) -> int:
    order = [each for device in top.devices for each in sorted((*device.names, *device.backward))]
    return order.index(name)


def _current(
    law: str,
    up: int,
    down: int,
    incident: Array,
    R: Array,
    saturation_ahead: Array,
    thermal_ahead: Array,
    saturation_behind: Array | None = None,
    thermal_behind: Array | None = None,
) -> Array:
    """The current into the diodes at an incident wave."""
    behind = (saturation_behind, thermal_behind)
    if saturation_behind is None:
        behind = saturation_ahead, thermal_ahead
    if law == "exact" or not down:
        return _exact(up, down, incident, R, (saturation_ahead, thermal_ahead), behind)
    reflected = diodes.pair_better if law == "better" else diodes.pair_simple
    b = reflected(incident, R, saturation=saturation_ahead, thermal=thermal_ahead, up=up, down=down)
    return (incident - b) / (2 * R)


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _exact(up: int, down: int, incident: Array, R: Array, ahead: tuple, behind: tuple) -> Array:  # noqa: ARG001
    """Both sides have the same values; the derivatives are those with respect to each."""
    saturation, thermal = ahead
    if not down:
        b = diodes.diode(incident, R, saturation=saturation, thermal=thermal * up)
    else:
        b = diodes.pair_exact(incident, R, saturation=saturation, thermal=thermal, up=up, down=down)
    return (incident - b) / (2 * R)


@_exact.defjvp
def _exact_jvp(up, down, primals, tangents):
    """``v + R i(v) = a``, differentiated."""
    incident, R, ahead, behind = primals
    incident_dot, R_dot, ahead_dot, behind_dot = tangents
    current = _exact(up, down, incident, R, ahead, behind)
    v = incident - R * current

    def law(v, ahead, behind):
        total = ahead[0] * (_bounded(v / (up * ahead[1])) - 1)
        return total - behind[0] * (_bounded(-v / (down * behind[1])) - 1) if down else total

    _, slope = jax.jvp(lambda v: law(v, ahead, behind), (v,), (jnp.ones_like(v),))
    _, by_values = jax.jvp(lambda *sides: law(v, *sides), (ahead, behind), (ahead_dot, behind_dot))
    return current, (slope * (incident_dot - current * R_dot) + by_values) / (1 + R * slope)


def _bounded(x: Array) -> Array:
    return exponential(jnp.minimum(x, LARGEST_EXPONENT))
