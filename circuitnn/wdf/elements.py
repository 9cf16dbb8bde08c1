"""The elements and adaptors that a wave digital filter is built of by hand, as nested constructors.

Each is a one-port. With the incident wave ``a = v + R i`` and the reflected one ``b = v - R i``, R the port resistance,
T the sample period, and alpha the parameter of the rule (1 for the trapezoidal one, 0 for backward Euler):

==========================  =======================  ========================================================
element                     port resistance R        reflected wave b
==========================  =======================  ========================================================
resistor                    R                        0
capacitor                   T/((1 + alpha) C)        (1 + alpha)/2 a[n-1] + (1 - alpha)/2 b[n-1]: a[n-1], bilinear
inductor                    (1 + alpha) L/T          -(1 + alpha)/2 a[n-1] + (1 - alpha)/2 b[n-1]: -a[n-1], bilinear
resistive voltage source    R                        e
resistive current source    R                        -R j, with j from the positive terminal through the source
==========================  =======================  ========================================================

Values are SI numbers, or strings: SPICE numbers ("4.7k") and expressions of the knobs ("250k*(1-treble)").
"""

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import final

from circuitnn.settings import register

Value = float | str


class Element(abc.ABC):  # noqa: B024  # what it does is done by the builder, which knows all of them
    """Anything that can be a part of a tree (abstract)."""


@final
@dataclass(frozen=True)
class Resistor(Element):
    """``v = R i``. An expression that reaches zero is a short there, exactly."""

    resistance: Value
    name: str | None = None


@final
@dataclass(frozen=True)
class Capacitor(Element):
    """``i = C dv/dt``; its state is its voltage."""

    capacitance: Value
    name: str | None = None


@final
@dataclass(frozen=True)
class Inductor(Element):
    """``v = L di/dt``; its state is its current."""

    inductance: Value
    name: str | None = None


@final
@dataclass(frozen=True)
class ResistiveVoltageSource(Element):
    """A source of voltage behind a resistor.

    Args:
        resistance: ohms.
        name: of the source; its resistor is "R" and that name.
        voltage: of a constant source, volts; None for an input, which the signal drives.
    """

    resistance: Value
    name: str | None = None
    voltage: Value | None = None


@final
@dataclass(frozen=True)
class ResistiveCurrentSource(Element):
    """A source of current parallel to a resistor; a positive current leaves the tree's positive terminal through it.

    Args:
        resistance: ohms.
        name: of the source; its resistor is "R" and that name.
        current: of a constant source, amperes; None for an input, which the signal drives.
    """

    resistance: Value
    name: str | None = None
    current: Value | None = None


@final
@dataclass(frozen=True)
class VoltageSource(Element):
    """An ideal source of voltage; it has no port resistance, so that only the root can be one."""

    name: str | None = None
    voltage: Value | None = None


@final
@dataclass(frozen=True)
class CurrentSource(Element):
    """An ideal source of current; it has no port resistance, so that only the root can be one."""

    name: str | None = None
    current: Value | None = None


@final
@dataclass(frozen=True)
class Short(Element):
    """``v = 0``: no more than a wire, in series with something or at the root."""

    name: str | None = None


@final
@dataclass(frozen=True)
class Open(Element):
    """``i = 0``: nothing, in parallel with something or at the root."""

    name: str | None = None


@final
@dataclass(frozen=True)
class Switch(Element):
    """Closed (a short) where the expression is more than one half, else open, which is a teraohm."""

    closed: str
    name: str | None = None


@dataclass(frozen=True, init=False)
class Adaptor(Element):
    """Parts that meet in one place (abstract)."""

    parts: tuple[Element, ...]

    def __init__(self, *parts: Element):
        object.__setattr__(self, "parts", parts)


@final
@dataclass(frozen=True, init=False)
class Series(Adaptor):
    """Parts in series: voltages add up, ``R = R1 + R2 + ...``, ``b = b1 + b2 + ...``.

    The first is at the positive terminal. All parts have their positive terminal towards that of the whole: other
    libraries turn the voltage of a series adaptor round, and need an `Inverter` where here none is needed.
    """


@final
@dataclass(frozen=True, init=False)
class Parallel(Adaptor):
    """Parts in parallel: currents add up, ``1/R = 1/R1 + 1/R2 + ...``, ``b/R = b1/R1 + b2/R2 + ...``."""


@final
@dataclass(frozen=True)
class Inverter(Element):
    """The part with its terminals exchanged: ``b = -b1``."""

    part: Element


@final
@dataclass(frozen=True)
class Transformer(Element):
    """An ideal transformer with the part on its secondary: ``v = n v1``, ``R = n^2 R1``, ``b = n b1``.

    Args:
        part: on the secondary.
        ratio: n, turns of the primary over those of the secondary.
        name: of the transformer.
    """

    part: Element
    ratio: Value
    name: str | None = None


@final
@dataclass(frozen=True)
class YParameters(Element):
    """A two-port given by ``i1 = y11 v1 + y12 v2``, ``i2 = y21 v1 + y22 v2`` with the part on its second port.

    Args:
        part: at port 2; the two negative terminals are one node.
        y11: siemens, and so on.
        y12: .
        y21: .
        y22: .
        name: of the two-port.
    """

    part: Element
    y11: Value
    y12: Value
    y21: Value
    y22: Value
    name: str | None = None


@final
@dataclass(frozen=True, init=False)
class RType(Element):
    """Parts on the ports of any network, its scattering from nodal analysis (Werner, Smith and Abel 2015).

    Args:
        parts: the trees.
        nodes: of each part the names of the two nodes that it is between, positive terminal first: the connection
            matrix in words. At the root "0" is ground.
        port: the two nodes of the port to what is above; None at the root.
        inside: ideal elements in the network, as lines of a netlist: "E1 out 0 plus minus 1e6", "G1 ...", "F1 ...".
        nullors: ideal op-amps in the network, as (output, plus, minus): no voltage between its inputs, no current into
            them, and whatever current out of the output that takes.
    """

    parts: tuple[Element, ...]
    nodes: tuple[tuple[str, str], ...]
    port: tuple[str, str] | None
    inside: str
    nullors: tuple[tuple[str, str, str], ...]

    def __init__(
        self,
        *parts: Element,
        nodes: Sequence[tuple[str, str]],
        port: tuple[str, str] | None = None,
        inside: str = "",
        nullors: Sequence[tuple[str, str, str]] = (),
    ):
        vars(self).update(
            parts=parts,
            nodes=tuple(tuple(pair) for pair in nodes),
            port=None if port is None else tuple(port),
            inside=inside,
            nullors=tuple(tuple(nodes) for nodes in nullors),
        )


for _kind in (Resistor, Capacitor, Inductor, ResistiveVoltageSource, ResistiveCurrentSource, VoltageSource,
              CurrentSource, Short, Open, Switch, Inverter, Transformer, YParameters):  # fmt: skip
    register(_kind, name=f"wdf.{_kind.__name__}")
for _adaptor in (Series, Parallel, RType):
    register(
        _adaptor, name=f"wdf.{_adaptor.__name__}",
        build=partial(lambda adaptor, parts, **others: adaptor(*parts, **others), _adaptor),
    )  # fmt: skip


def series_rc(resistance: Value, capacitance: Value) -> Series:
    """A resistor and a capacitor in series, as one port."""
    return Series(Resistor(resistance), Capacitor(capacitance))


def parallel_rc(resistance: Value, capacitance: Value) -> Parallel:
    """A resistor and a capacitor in parallel, as one port."""
    return Parallel(Resistor(resistance), Capacitor(capacitance))


def series_rl(resistance: Value, inductance: Value) -> Series:
    """A resistor and an inductor in series, as one port."""
    return Series(Resistor(resistance), Inductor(inductance))


def parallel_rl(resistance: Value, inductance: Value) -> Parallel:
    """A resistor and an inductor in parallel, as one port."""
    return Parallel(Resistor(resistance), Inductor(inductance))


def series_rlc(resistance: Value, inductance: Value, capacitance: Value) -> Series:
    """A resistor, an inductor and a capacitor in series, as one port."""
    return Series(Resistor(resistance), Inductor(inductance), Capacitor(capacitance))


def parallel_rlc(resistance: Value, inductance: Value, capacitance: Value) -> Parallel:
    """A resistor, an inductor and a capacitor in parallel, as one port."""
    return Parallel(Resistor(resistance), Inductor(inductance), Capacitor(capacitance))
