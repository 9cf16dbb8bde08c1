"""The law of a nonlinear device: what flows through it, and what it stores, at given voltages.

Voltages, currents and charges are lists of arrays (..., batch), one for each port, current and charge. The exponentials
of the pn junctions, the dear part of most laws, are taken for all devices of a circuit together and handed in;
derivatives are taken by JAX. A law is finite for every finite voltage, and has a finite derivative.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, final

from circuitnn.deferred import Array

Parameters = Mapping[str, Array]
Exponentials = list[Any]  # arrays (..., batch); None of a junction that is not there
LawFunction = Callable[[Parameters, list[Array], Exponentials], tuple[list[Array], list[Array]]]
Preparation = Callable[[Parameters], Parameters]
AREA = "area"  # by which name a `Preparation` is given the area factor beside the parameters


@final
class Junction(NamedTuple):
    """A pn junction: a term ``current (e^(v / (emission kT/q)) - 1)`` of a law.

    Attributes:
        port: place among the ports of the voltage v.
        current: the parameter that is its saturation current; without it there is no such junction.
        emission: the parameter that is its emission coefficient.
        limits: whether Newton's steps have to be kept from overshooting it; not those beside a larger one.
        when: the parameter without which there is no such junction, where that is another one.
        is_reverse: whether -v stands in the place of v: it conducts against the port.
        offset: the parameter that is taken away from v, or from -v; none where empty.
    """

    port: int
    current: str
    emission: str
    limits: bool = True
    when: str = ""
    is_reverse: bool = False
    offset: str = ""

    @property
    def condition(self) -> str:
        """The parameter without which it is not there."""
        return self.when or self.current


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
        divided: parameters that are divided by it.
        negated: parameters whose sign is turned, since it is written as for the mirror image.
        is_costly: whether it is evaluated as a whole, once for each set of voltages; else all but the exponentials is
            computed anew where slopes are wanted.
        small_signal: the same function with the slopes that small signals see, where those are not its derivatives.
        search: the same function with the slopes that Newton's steps take, where its derivatives lead them astray.
        prepare: from the parameters of a device, its area in them and beside them, to those that the function is given;
            before time.
    """

    function: LawFunction
    junctions: tuple[Junction, ...] = ()
    scaled: tuple[str, ...] = ()
    negated: tuple[str, ...] = ()
    is_costly: bool = False
    small_signal: LawFunction | None = None
    search: LawFunction | None = None
    prepare: Preparation | None = None
    divided: tuple[str, ...] = ()

    def __hash__(self) -> int:
        return hash(self.function)
