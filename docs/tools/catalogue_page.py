"""Writes docs/catalogue.md from the circuits and their docstrings: python -m docs.tools.catalogue_page [--check]."""

import inspect
import re
import sys
from collections.abc import Callable, Iterator

import circuitnn as cn
from circuitnn.devices.device import ModelDevice
from circuitnn.devices.registry import DEVICES
from circuitnn.mna.topology import topology
from docs.tools.generated import keep
from docs.tools.schematic_layouts import LAYOUTS

INTRODUCTION = """\
# Catalogue

Circuits that come with the package, each a commented SPICE netlist that ngspice runs too:

```python
import circuitnn as cn

circuit = cn.circuits.bassman()
circuit.controls                                              # {"treble": 0.5, "bass": 0.5, "mid": 0.5}
model = cn.nodal.NodalModel(circuit, fs=48_000)
h = cn.nodal.frequency_response(circuit, [100.0, 1e3], controls={"treble": 0.8})
for name, entry in cn.circuits.CATALOGUE.items():             # all of them
    print(name, entry().state_names, cn.circuits.NOMINAL_PEAK[name])
```

A knob goes from 0 to 1. *Input* is the peak of a sensible input, `cn.circuits.NOMINAL_PEAK`: what comes before the
circuit in a pedal or an amplifier. *Unknowns* are those that are solved for at each sample, the quantities that the
nonlinear devices depend on; a linear circuit has none. Devices inside op-amps with limits count.

The figures show the small-signal response, for each knob at five positions with the others at their defaults; of
nonlinear circuits the last panel shows two periods of the output for sines of three levels, less its mean, with the
knobs at their defaults. Where a curve is more than 60 dB below the loudest one, the figure ends.

## Overview

"""
FAMILIES = {
    "clippers": "Diode clippers",
    "tone_stacks": "Passive tone controls",
    "equalizers": "Equalizers",
    "klon": "Klon Centaur",
    "overdrive": "Overdrives",
    "fuzz": "Boosters, fuzz and wah",
    "phaser": "Phasers",
    "filters": "Synthesizer filters",
    "compressors": "Compressors",
    "oscillators": "Oscillators",
    "modulators": "Modulators",
    "amplifiers": "Transistor and single-stage amplifiers",
    "tubes": "Tube amplifiers and transformers",
}


def page() -> str:
    """The whole page."""
    return INTRODUCTION + "\n".join(_overview()) + "\n\n" + "\n".join(_sections())


def _overview() -> Iterator[str]:
    yield "| circuit | knobs | states | nonlinear devices | unknowns | input |"
    yield "|---|---|---|---|---|---|"
    for name, entry in cn.circuits.CATALOGUE.items():
        circuit = entry()
        knobs = ", ".join(circuit.controls) or "–"
        peak = cn.circuits.NOMINAL_PEAK[name]
        volts = f"{peak:g} V" if peak >= 0.1 else f"{1e3 * peak:g} mV"
        states = len(circuit.state_names)
        unknowns = len(topology(circuit).ports)
        yield f"| [`{name}`](#{name}) | {knobs} | {states} | {_devices(circuit)} | {unknowns or '–'} | {volts} |"


def _devices(circuit: cn.Circuit) -> str:
    nonlinear = [part.device for part in circuit.components if isinstance(part.device, ModelDevice)]
    counts = {device.word: nonlinear.count(device) for device in DEVICES}
    counts["B source"] = sum(part.is_behavioural for part in circuit.components)
    return ", ".join(f"{n} {word}{'s' if n > 1 else ''}" for word, n in counts.items() if n) or "–"


def _sections() -> Iterator[str]:
    family = None
    for name, entry in cn.circuits.CATALOGUE.items():
        module = entry.__module__.rpartition(".")[2]
        if module != family:
            family = module
            yield f"## {FAMILIES[module]}\n"
        title, *paragraphs = _paragraphs(entry)
        yield f"### {name}\n"
        yield f"{_bold(title)}\n"
        yield from (f"{paragraph}\n" for paragraph in paragraphs)
        if name in LAYOUTS:
            whole = "Schematic" if LAYOUTS[name].is_whole else "Schematic of the first clipping stage"
            yield f"![{whole}](assets/schematics/{name}.svg)\n"
        yield f"![Responses of {name}](assets/catalogue/{name}.svg)\n"
        yield f"Netlist: `{name}.cir`\n"


def _paragraphs(entry: Callable) -> list[str]:
    """Of the docstring, with the lines as they are; code in single backticks, as Markdown has it."""
    text = inspect.getdoc(entry) or ""
    return [re.sub(r"``(.+?)``", r"`\1`", part, flags=re.DOTALL) for part in text.split("\n\n")]


def _bold(title: str) -> str:
    return f"**{title.rstrip('.')}.**"


if __name__ == "__main__":
    sys.exit(keep("catalogue", page(), sys.argv[1:]))
