"""The four circuits, what of them is fitted, and devices that are not what their netlist says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, final

import numpy as np

from circuitnn import circuits, read_netlist
from circuitnn.circuit import Circuit


@final
class Spread(NamedTuple):
    """How far units are from nominal: relative, evenly in the logarithm; of positions of knobs from `low` to `high`."""

    low: float
    high: float
    is_position: bool = False

    def drawn(self, nominal: float, rng: np.random.Generator) -> float:
        if self.is_position:
            return float(rng.uniform(self.low, self.high))
        return float(nominal * np.exp(rng.uniform(np.log(self.low), np.log(self.high))))


RESISTOR, CAPACITOR = Spread(0.95, 1.05), Spread(0.8, 1.2)
SATURATION, IDEALITY, BETA = Spread(0.5, 2.0), Spread(0.9, 1.1), Spread(0.6, 1.6)


@final
@dataclass(frozen=True)
class Change:
    """How a device differs from its netlist.

    Attributes:
        without: components that it does not have.
        more: lines that it has more.
        output: node of its output, where that is another one.
        held: values of the netlist that are not fitted, and what the netlist says of them.
        is_simple: whether it can be told only where both scales of volts are known: with one of them open the netlist
            can do what the device does.
    """

    without: Sequence[str] = ()
    more: Sequence[str] = ()
    output: str | None = None
    held: Mapping[str, float] = field(default_factory=dict)
    is_simple: bool = False


@final
@dataclass(frozen=True)
class Device:
    """A circuit of the catalogue.

    Attributes:
        circuit: with nominal values.
        spreads: of all that differs from unit to unit.
        measured: those of them that the user has measured; the others are fitted.
        peak: volts at the input, from and to.
        bare: whether direct current at the input reaches what is nonlinear.
        changes: by name.
        described: the netlist that a user has of units with a change, where that is another one.
    """

    circuit: Circuit
    spreads: Mapping[str, Spread]
    measured: Sequence[str]
    peak: tuple[float, float]
    bare: bool
    changes: Mapping[str, Change]
    described: Mapping[str, Circuit] = field(default_factory=dict)

    @property
    def fitted(self) -> tuple[str, ...]:
        return tuple(name for name in self.spreads if name not in self.measured)


def changed(circuit: Circuit, change: Change) -> Circuit:
    """The device of such a unit."""
    lines = [line for line in circuit.to_spice().splitlines() if line.split(" ", 1)[0] not in change.without]
    end = next(k for k, line in enumerate(lines) if line.startswith(".end"))
    text = "\n".join([*lines[:end], *change.more, *lines[end:]])
    return read_netlist(text, inputs=circuit.inputs, outputs=change.output or "out")


_POLE = Change(more=("Rpole out later 10k", "Cpole later 0 3.3n"), output="later")
_CLIPPER = {
    "one diode": Change(without=("D2",)),
    "two diodes in a row one way": Change(without=("D2",), more=("D2 0 row DCLIP", "D3 row out DCLIP")),
    "load resistor": Change(more=("Rload out 0 4.7k",), is_simple=True),
    "extra pole": _POLE,
    "wrong diode": Change(held={"DCLIP.IS": 1e-14, "DCLIP.N": 1.0}),
}
_DIODE = {"DCLIP.IS": SATURATION, "DCLIP.N": IDEALITY}

DEVICES: Mapping[str, Device] = {
    "clipper": Device(
        circuits.diode_clipper(),
        {"R1": RESISTOR, "C1": CAPACITOR, **_DIODE},
        ("R1",),
        (2.0, 5.0),
        True,
        _CLIPPER,
    ),
    "second-order": Device(
        circuits.diode_clipper_second_order(),
        {"R1": RESISTOR, "Ch": CAPACITOR, "Cl": CAPACITOR, **_DIODE},
        ("R1",),
        (2.0, 5.0),
        False,
        {
            "described as first order": Change(),
            **{name: _CLIPPER[name] for name in ("one diode", "two diodes in a row one way", "extra pole")},
        },
        {"described as first order": circuits.diode_clipper()},
    ),
    "tube screamer": Device(
        circuits.tube_screamer_clipping(),
        {
            **dict.fromkeys(("R4", "R5", "R6"), RESISTOR),
            **dict.fromkeys(("C3", "C4"), CAPACITOR),
            "D1N4148.IS": SATURATION,
            "D1N4148.N": IDEALITY,
            "drive": Spread(0.1, 0.9, is_position=True),
        },
        ("R4", "R5", "R6"),
        (0.15, 0.6),
        False,
        {
            "one diode": Change(without=("D2",)),
            "two diodes in a row one way": Change(without=("D2",), more=("D2 out row D1N4148", "D3 row inn D1N4148")),
            "extra pole": _POLE,
            "wrong diode": Change(held={"D1N4148.IS": 1e-14, "D1N4148.N": 1.0}),
        },
    ),
    "common emitter": Device(
        circuits.common_emitter(),
        {
            **dict.fromkeys(("R1", "R2", "Rc", "Re"), RESISTOR),
            **dict.fromkeys(("C1", "C2"), CAPACITOR),
            "Q2N5088.BF": BETA,
        },
        ("R1", "R2", "Rc", "Re"),
        (0.1, 0.3),
        False,
        {
            "emitter capacitor": Change(more=("Rbypass emitter bypass 100", "Ce bypass 0 10u")),
            "Miller capacitor": Change(more=("Cmiller base collector 470p",)),
            "extra pole": _POLE,
            "load resistor": Change(more=("Rload out 0 22k",), is_simple=True),
        },
    ),
}
