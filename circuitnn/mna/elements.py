"""The parts of a `Topology`: what is connected to which unknown, without numbers."""

from collections.abc import Callable
from typing import Any, NamedTuple, final

from circuitnn.expressions.tree import Expression


@final
class Branch(NamedTuple):
    """A two-terminal element between the nodes of index `a` (positive) and `b`; ground is -1."""

    name: str
    a: int
    b: int


@final
class SeriesResistance(NamedTuple):
    """A resistance inside a device, its model's parameter over its area, between two nodes."""

    device: str
    parameter: str  # "DCLIP.RS"
    a: int
    b: int


@final
class Source(NamedTuple):
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
    index of a state), in volts across `circuitnn.mna.charges.UNIT`.
    """

    a: int
    b: int
    branch: int = -1
    charge: int = -1


@final
class Device(NamedTuple):
    """A nonlinear device, or several diodes of one model across one port.

    Attributes:
        kind: "D", "NPN", "PNP", "NJF", "PJF" or "B"; "W" for a law of waves, which no netlist has.
        names: its own; of diodes all those that face as the port does.
        backward: of diodes those that face the other way.
        model: the `.model`, "" for B.
        ports: the quantities that it depends on, as (index, sign).
        drives: its currents or voltage, as (index, sign).
        law: B's expression; its leaves in the order of `ports`. W's function of the incident wave and parameters.
        leaves: of B.
        parameters: the `.param` names in it.
        present: names of the model's parameters.
    """

    kind: str
    names: tuple[str, ...]
    backward: tuple[str, ...]
    model: str
    ports: tuple[tuple[int, int], ...]
    drives: tuple[tuple[int, int], ...]
    law: Expression | Callable[..., Any] | None = None
    leaves: tuple[Expression, ...] = ()
    parameters: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
