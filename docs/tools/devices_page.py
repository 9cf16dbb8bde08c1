"""Writes docs/devices.md from the records of the devices: python -m docs.tools.devices_page [--check]."""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from circuitnn.devices.device import Device, ModelDevice, ModelParameter
from circuitnn.devices.registry import DEVICES
from docs.tools.generated import keep

DOCS = Path(__file__).parents[1]
INTRODUCTION = """\
# Devices

All that the library knows of a device is one record, and these tables are made of the records. How the lines of a
netlist are written is told under [netlists](netlists.md), how the laws are solved under
[from netlist to gradient](nodal.md).

## A device of your own

A `ModelDevice` is a record like those of `circuitnn/devices/`: once it is registered netlists may have it, and the
operating point, frequency responses, the nodal model, wave digital filters and gradients work with it. A FET that has
nothing but a channel:

```python
import circuitnn as cn
from jax import numpy as jnp

def square_law(p, v, e):                     # parameters by name, volts of the ports, exponentials of the junctions
    opened = [jnp.square(jnp.maximum(volts - p["VTO"], 0)) for volts in v]
    return [0.5 * p["KP"] * (opened[0] - opened[1])], []                # currents, charges

cn.devices.register(cn.devices.ModelDevice(
    letter="Z", word="FET", kinds={"NFET": 1, "PFET": -1},              # -1: the mirror image
    pins=("drain", "gate", "source"), insulated=("gate",),
    ports=(("gate", "source"), ("gate", "drain")), currents=(("drain", "source"),),
    function=square_law, equation="i = KP/2 (r(v_gs - VTO) - r(v_gd - VTO))",
    parameters=(cn.devices.ModelParameter("VTO", "V", 1.0, cn.devices.Rule.ANY, mirrors=True),
                cn.devices.ModelParameter("KP", "A/V^2", 2e-5, scales=True)),
    trial=cn.devices.Trial({"KP": 2e-3}, (2.5, -1.0)),
))
amplifier = cn.read_netlist(\"""
Vin in 0 2
Vdd dd 0 9
Rd dd out 2.2k
Z1 out in 0 FET
.model FET NFET(VTO=1 KP=2m)
\""")
cn.nodal.frequency_response(amplifier, [1e3])                           # -4.4
```

A law says what flows between pins, in amperes, and what its ports hold, in coulombs, for models of polarity 1. Of a pn
junction it gets the exponential, which is taken for all devices together and goes on as its tangent where it would
overflow; the record names the parameters of the junction's saturation current and emission coefficient
(`cn.devices.Junction`). Derivatives are taken by JAX. A law has to be finite for every finite voltage. What a device
keeps that is no voltage between its pins, such as light or heat, is one of its `memories`: a node inside, whose charge
and current the law gives too.

## Devices that SPICE does not have

Their lines begin with N, the letter of compact models in ngspice: `N1 led 0 a b VTL5C3`. `circuit.to_spice()` writes
each as a subcircuit of sources, resistors and diodes that does the same there (`equivalent` of the record); read again
here it is that subcircuit, with the same sound. What a model is saved with has the lines themselves.

"""
_UNITS = {"ohm": "Ω", "": "–"}


def page() -> str:
    """The whole page, for all devices that are registered."""
    return INTRODUCTION + "\n".join(_lines(DEVICES))


def _lines(devices: Iterable[Device]) -> Iterator[str]:
    with_models = [device for device in devices if isinstance(device, ModelDevice)]
    yield "## All devices\n"
    yield "| letter | device | its number | law |"
    yield "|---|---|---|---|"
    for device in devices:
        unit = f", {_UNITS.get(device.unit, device.unit)}" if device.unit else ""
        yield f"| {device.letter} | {device.word} | {device.quantity}{unit} | {_code(device.equation)} |"
    for device in with_models:
        source = f" ({device.source})" if device.source else ""
        yield f"\n## {device.word[0].upper()}{device.word[1:]}\n"
        yield f"`{device.letter}name {' '.join(device.pins)} MODEL [area]`, models of kind {' or '.join(device.kinds)}."
        yield f"{_code(device.equation)}{source}.\n"
        figure = DOCS / "assets" / "devices" / f"{next(iter(device.kinds)).lower()}.svg"
        if figure.exists():
            yield f"![{device.word}: curves]({figure.relative_to(DOCS).as_posix()})\n"
        yield "| parameter | unit | default | must | also called | there |"
        yield "|---|---|---|---|---|---|"
        yield from (_row(parameter) for parameter in device.parameters)
    yield ""


def _row(parameter: ModelParameter) -> str:
    there = f"where {' or '.join(parameter.when)} is given" if parameter.when else "always"
    there = "where it and TEMP are given" if parameter.is_thermal else there
    name = f"{parameter.name}{' × area' if parameter.scales else ''}"
    cells = (
        name,
        _UNITS.get(parameter.unit, parameter.unit),
        "–" if parameter.when == (parameter.name,) else f"{parameter.default:g}",
        parameter.rule.value,
        ", ".join(parameter.other_names) or "–",
        there,
    )
    return f"| {' | '.join(cells)} |"


def _code(equation: str) -> str:
    return "`" + re.sub(r"\|([^|]*)\|", r"abs(\1)", equation) + "`"  # a table has no way to write the strokes


if __name__ == "__main__":
    sys.exit(keep("devices", page(), sys.argv[1:]))
