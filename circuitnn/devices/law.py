"""The law of a nonlinear device: what flows through it, and what it stores, at given voltages.

Voltages, currents and charges are lists of arrays (..., batch), one for each port, current and charge. The exponentials
of the pn junctions, the dear part of most laws, are taken for all devices of a circuit together and handed in;
derivatives are taken by JAX. A law is finite for every finite voltage, and has a finite derivative.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, final

from jax import Array

Parameters = Mapping[str, Array]
Exponentials = list[Any]  # arrays (..., batch); None of a junction that is not there
LawFunction = Callable[[Parameters, list[Array], Exponentials], tuple[list[Array], list[Array]]]
Preparation = Callable[[Parameters], Parameters]


@final
class Junction(NamedTuple):
    """A pn junction: a term ``current (e^(v / (emission kT/q)) - 1)`` of a law.

    Attributes:
        port: place among the ports of the voltage v.
        current: the parameter that is its saturation current; without it there is no such junction.
        emission: the parameter that is its emission coefficient.
        limits: whether Newton's steps have to be kept from overshooting it; not those beside a larger one.
    """

    port: int
    current: str
    emission: str
    limits: bool = True


@final
@dataclass(frozen=True)
class Law:
    """What a simulation needs of a device.

    Attributes:
        function: of the parameters by name, the voltages of the ports and the exponentials of the junctions (None of
            one that is not there); gives the currents in amperes (a source of voltage: volts) and the charges in
            coulombs. For the kind of polarity 1; the caller mirrors voltages, currents and charges for the other.
        junctions: whose exponentials it is given.
        scaled: parameters that are multiplied by the area factor.
        negated: parameters whose sign is turned, since it is written as for the mirror image.
        is_costly: whether it is evaluated as a whole, once for each set of voltages; else all but the exponentials is
            computed anew where slopes are wanted.
        prepare: from the parameters of a device, its area in them, to those that the function is given; before time.
    """

    function: LawFunction
    junctions: tuple[Junction, ...] = ()
    scaled: tuple[str, ...] = ()
    negated: tuple[str, ...] = ()
    is_costly: bool = False
    prepare: Preparation | None = None

    def __hash__(self) -> int:
        return hash(self.function)
