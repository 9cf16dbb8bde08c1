"""The nonlinear devices at the root of a wave digital filter."""

import abc
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, final

from circuitnn.settings import register
from circuitnn.wdf.elements import Value
from circuitnn.wdf.neural import NeuralOnePort

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Root(abc.ABC):  # noqa: B024  # what it does is done by the builder, which knows all of them
    """A device at the root (abstract)."""


@final
@dataclass(frozen=True)
class Diode(Root):
    """Shockley's diode, ``i = IS (e^(v/(N Vt)) - 1)``, its anode at the positive terminal.

    Args:
        saturation: IS, amperes.
        emission: N.
        nodes: of an R-type adaptor at the root, anode first; those of the tree when None.
        name: of the diode.
    """

    saturation: Value = 2.52e-9
    emission: Value = 1.752
    nodes: tuple[str, str] | None = None
    name: str | None = None


@final
@dataclass(frozen=True)
class DiodePair(Root):
    """Antiparallel diodes: `up` in series with their anodes at the positive terminal, `down` the other way.

    Args:
        saturation: IS of each diode, amperes.
        emission: N of each diode.
        up: how many in series conduct for positive voltages.
        down: how many for negative ones.
        nodes: of an R-type adaptor at the root; those of the tree when None.
        name: of the pair.
        law: "exact", a function of the incident wave that is exact to rounding and needs no iteration; "better" (eq. 39
            and 45 of Werner, Nangia, Bernardini, Smith and Sarti 2015) or "simple" (eq. 18), as other libraries have
            them; "newton", the iteration that all devices have. Next to other devices it is always that. In all but
            "newton" the diodes are equal: those of one side are as those of the other, and are learnt with them.
    """

    saturation: Value = 2.52e-9
    emission: Value = 1.752
    up: int = 1
    down: int = 1
    nodes: tuple[str, str] | None = None
    name: str | None = None
    law: str = "exact"


@final
@dataclass(frozen=True, eq=False)
class NeuralRoot(Root):
    """A network in place of a diode or a pair, at the root of a tree (Chowdhury and Clarke 2022).

    The diodes stay in the circuit, for its netlist, its operating point and the currents that belong to forced states;
    the network is what runs. Its weights are learnt with the model's.

    Args:
        like: the diode or the pair that it stands in for; without `nodes`.
        network: from `pretrain`. The model holds it, not a copy of it.
    """

    like: DiodePair | Diode
    network: NeuralOnePort


@final
@dataclass(frozen=True)
class BJT(Root):
    """A bipolar transistor on an R-type adaptor: Ebers-Moll with what else SPICE has.

    Args:
        nodes: collector, base, emitter.
        kind: "NPN" or "PNP".
        parameters: of its ``.model``: {"IS": 1e-14, "BF": 200}.
        name: of the transistor.
    """

    nodes: tuple[str, str, str]
    kind: str = "NPN"
    parameters: Mapping[str, Value] = field(default_factory=lambda: NOTHING)
    name: str | None = None


@final
@dataclass(frozen=True)
class Triode(Root):
    """A triode on an R-type adaptor.

    Args:
        nodes: plate, grid, cathode.
        kind: "koren" (Koren 1996) or "dempwolf" (Dempwolf and Zoelzer 2011), with the values of a 12AX7.
        parameters: that differ from those, as in the catalogue's triodes.lib: {"mu": 90}.
        name: of the triode.
    """

    nodes: tuple[str, str, str]
    kind: str = "koren"
    parameters: Mapping[str, Value] = field(default_factory=lambda: NOTHING)
    name: str | None = None


for _kind in (Diode, DiodePair, NeuralRoot, BJT, Triode):
    register(_kind, name=f"wdf.{_kind.__name__}")
