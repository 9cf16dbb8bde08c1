"""A device on a test bench: every pin held at a voltage, the current into every pin measured, at rest.

The bench is a netlist, so that what is measured is what a user's circuit has, and ngspice runs the same text.
"""

import dataclasses
import functools
import warnings
from collections.abc import Callable, Mapping
from typing import final

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp

from circuitnn.circuit import Circuit, NetlistWarning
from circuitnn.circuit.reader import read_netlist
from circuitnn.devices.device import ModelDevice
from circuitnn.devices.registry import DEVICES
from circuitnn.nodal import operating_point

AREA = 1.5
RECORDS = {next(iter(record.kinds)): record for record in DEVICES if isinstance(record, ModelDevice)}
# What a trial does not have although a region needs it.
MORE: dict[str, dict[str, float]] = {"VDMOS": {"SUBSHIFT": 0.0}, "OTA": {"NL": 1.0}}
TRIODE_DEMPWOLF = {
    "G": 2.242e-3, "MU": 103.2, "GAMMA": 1.26, "C": 3.4, "GG": 6.177e-4, "XI": 1.314, "CG": 9.901, "IG0": 8.025e-8,
}  # fmt: skip
GERMANIUM = {
    "IS": 2e-5, "BF": 230.0, "BR": 15.0, "NF": 1.1, "NR": 1.12, "VAF": 20.0, "VAR": 88.0, "IKF": 0.46, "IKR": 0.24,
}  # fmt: skip
REGIONS: dict[str, dict[str, tuple[float, ...]]] = {  # volts of the pins, in the order of the record
    "D": {"forward": (0.55, 0), "reverse": (-2.0, 0), "breakdown": (-6.3, 0), "zero": (0, 0)},
    "NPN": {
        "active": (5, 0.65, 0), "saturated": (0.1, 0.75, 0), "cut off": (5, -1.0, 0), "inverse": (-3, -2.4, 0),
        "zero": (0, 0, 0),
    },
    "NJF": {
        "saturated": (6, -0.6, 0), "triode": (0.3, -0.4, 0), "cut off": (6, -3, 0), "inverse": (-2, -2.2, 0),
        "gate conducts": (1, 0.5, 0), "zero": (0, 0, 0),
    },
    "NMOS": {
        "saturated": (6, 2.5, 0, -0.5), "triode": (0.2, 3, 0, -1), "cut off": (6, 0.5, 0, 0),
        "inverse": (-1, 2, 0, -1.5), "bulk conducts": (1, 2, 0, 0.4), "zero": (0, 0, 0, 0),
    },
    "VDMOS": {
        "saturated": (10, 3.5, 0), "triode": (0.3, 5, 0), "cut off": (10, 0.5, 0), "body conducts": (-0.6, 0, 0),
        "zero": (0, 0, 0),
    },
    "VACTROL": {"lit": (1.55, 0, 0.3, 0), "dark": (-1, 0, 5, 0), "zero": (0, 0, 0, 0)},
    "TRIODE": {"on": (180, -1.2, 0), "cut off": (200, -9, 0), "grid current": (60, 2, 0), "zero": (0, 0, 0)},
    "PENTODE": {
        "on": (220, 250, -7.3, 0), "cut off": (220, 250, -60, 0), "knee": (20, 250, -3, 0), "zero": (0, 0, 0, 0),
    },
    "OTA": {
        "steered": (0.02, 0, 1.3, 14.0, 30, 0), "saturated": (0.5, 0, 1.4, 10, 30, 0),
        "held above": (0.1, 0, 1.3, 30.1, 30, 0), "without bias": (0.02, 0, 0, 14, 30, 0), "zero": (0, 0, 0, 0, 0, 0),
    },
    "OPAMP": {
        "linear": (1e-3, 0, 9, -9, 1.5), "held above": (0.1, 0, 9, -9, 8.5), "held below": (-0.1, 0, 9, -9, -8.9),
        "current limit": (0, 0, 9, -9, -4), "zero": (0, 0, 0, 0, 0),
    },
    "PNP of germanium": {
        "active": (-5, -0.2, 0), "saturated": (-0.05, -0.25, 0), "cut off": (-5, 0.3, 0), "inverse": (3, 2.8, 0),
        "zero": (0, 0, 0),
    },
}  # fmt: skip
KIND_OF = {"TRIODE of Dempwolf": "TRIODE", "PNP of germanium": "PNP"}
CARDS = {
    **{kind: {**RECORDS[kind].trial.parameters, **MORE.get(kind, {})} for kind in REGIONS if kind in RECORDS},
    **{mirror: dict(RECORDS[kind].trial.parameters) for mirror, kind in (("PNP", "NPN"), ("PJF", "NJF"))},
    "PMOS": {**RECORDS["NMOS"].trial.parameters, "VTO": -1.0},
    "TRIODE of Dempwolf": TRIODE_DEMPWOLF,
    "PNP of germanium": GERMANIUM,
}
MIRRORS = {"PNP": "NPN", "PJF": "NJF", "PMOS": "NMOS"}


@final
@dataclasses.dataclass(frozen=True)
class Bench:
    """A device whose pins are held.

    Attributes:
        circuit: its outputs are the currents of the sources that hold the pins.
        kind: of its model.
        pins: of the device.
        regions: volts of the pins by the name of a region.
    """

    circuit: Circuit
    kind: str
    pins: tuple[str, ...]
    regions: Mapping[str, tuple[float, ...]]

    def at(self, region: str) -> Circuit:
        """With the pins at the voltages of a region."""
        volts = self.regions[region]
        return self.circuit.replace(**{f"V{pin}": volt for pin, volt in zip(self.pins, volts, strict=True)})

    @functools.cached_property
    def into_pins(self) -> Callable[[dict[str, Array]], Array]:
        """Currents into the pins as a compiled function of the circuit's values."""

        def currents(values: dict[str, Array]) -> Array:
            found = operating_point(dataclasses.replace(self.circuit, values=values))
            return -jnp.stack([found[name] for name in self.circuit.outputs])

        return jax.jit(currents)


@functools.cache
def bench(name: str, error: float = 0.0) -> Bench:
    """The test bench of a device by its name in `CARDS`; the error is relative, of the card's first parameter."""
    kind = KIND_OF.get(name, name)
    record = RECORDS[MIRRORS.get(kind, kind)]
    sign = -1 if kind in MIRRORS else 1
    first, *others = CARDS[name].items()
    card = " ".join(f"{key}={value!r}" for key, value in [(first[0], first[1] * (1 + error)), *others])
    lines = [f"* {name} on a bench", *(f"V{pin} {pin} 0 0" for pin in record.pins)]
    lines += [f"{record.letter}1 {' '.join(record.pins)} DUT {AREA}", f".model DUT {kind}({card})"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NetlistWarning)
        outputs = tuple(f"i(V{pin})" for pin in record.pins)
        circuit = read_netlist("\n".join([*lines, ""]), inputs=(f"V{record.pins[0]}",), outputs=outputs)
    if name in REGIONS:
        return Bench(circuit, kind, record.pins, REGIONS[name])
    of_kind = REGIONS[MIRRORS.get(kind, kind)]
    regions = {region: tuple(sign * volt for volt in volts) for region, volts in of_kind.items()}
    return Bench(circuit, kind, record.pins, regions)


def measured(each: Bench, region: str) -> np.ndarray:
    """Currents into the pins, amperes."""
    values = {name: jnp.asarray(value) for name, value in each.at(region).values.items()}
    return np.asarray(each.into_pins(values))
