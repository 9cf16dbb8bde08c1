"""Every entry of the catalogue: reads, is documented, and says what there is to turn."""

import inspect
import re
from importlib import resources

import pytest

from circuitnn.circuit import catalogue, read_netlist

NAMES = list(catalogue.CATALOGUE)
ENTRIES = pytest.mark.parametrize("name", NAMES)


def test_every_netlist_has_an_entry():
    folder = resources.files("circuitnn.circuit.catalogue")
    versions = {"klon_pre_amp_plugin"}  # of an entry that has an argument
    files = {p.name.removesuffix(".cir") for p in folder.iterdir() if p.name.endswith(".cir")}
    assert files == set(NAMES) | versions
    assert set(catalogue.NOMINAL_PEAK) == set(NAMES)
    assert all(getattr(catalogue, name) is entry for name, entry in catalogue.CATALOGUE.items())


@ENTRIES
def test_entry(name):
    circuit = catalogue.CATALOGUE[name]()
    assert circuit.outputs == ("out",)
    further = {"phase90": ("Vlfo",), "phase90_stage": ("Vlfo",), "ring_modulator": ("Vcarrier",)}
    assert circuit.inputs == ("Vin", *further.get(name, ()))
    assert circuit.title
    assert all(0 <= value <= 1 for value in circuit.controls.values())
    assert 0 < catalogue.NOMINAL_PEAK[name] < 10


@ENTRIES
def test_docstring(name):
    text = inspect.getdoc(catalogue.CATALOGUE[name])
    circuit = catalogue.CATALOGUE[name]()
    states = re.search(r"\bstates?\s+([\w, \n]+?(?: and \w+)?)\.", text).group(1)
    assert set(re.split(r",\s+|\s+and\s+", states)) == set(circuit.state_names)
    assert set(circuit.inputs) <= set(re.findall(r"\w+", text))
    knobs = re.search(r"Knobs: ", text)
    assert (knobs is not None) == bool(circuit.controls)
    assert all(re.search(rf"\b{knob}\b", text[knobs.end() :]) for knob in circuit.controls)
    assert re.search(r"\(\d{4}\b", text), "no source with its year"


@ENTRIES
def test_netlist_is_commented(name):
    text = resources.files("circuitnn.circuit.catalogue").joinpath(f"{name}.cir").read_text(encoding="utf-8")
    circuit = catalogue.CATALOGUE[name]()
    comments = "\n".join(line for line in text.splitlines() if line.startswith("*"))
    assert text.startswith(f"* {circuit.title}\n*\n")
    assert re.search(r"\b(19|20)\d\d\b", comments) or "SD-1 family" in comments
    assert ("* Knobs: " in comments) == bool(circuit.controls)
    assert text.endswith("\n.op\n.end\n")
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("name", [name for name in NAMES if name != "ota_lowpass"])  # for ngspice an OTA is its parts
def test_written_and_read_again_it_is_the_same(name):
    circuit = catalogue.CATALOGUE[name]()
    again = read_netlist(circuit.to_spice(), inputs=circuit.inputs)
    assert (again.components, again.models, again.parameters) == (
        circuit.components,
        circuit.models,
        circuit.parameters,
    )
    assert {k: float(v) for k, v in again.values.items()} == {k: float(v) for k, v in circuit.values.items()}


@ENTRIES
@pytest.mark.parametrize("position", [0.0, 1.0])
def test_no_resistance_is_negative_at_the_ends_of_the_knobs(name, position):
    circuit = catalogue.CATALOGUE[name]()
    values = circuit.resolve(dict.fromkeys(circuit.controls, position))
    assert all(values[part.name] >= 0 for part in circuit.components if part.kind == "R")
    assert all(values[part.name] > 0 for part in circuit.components if part.kind in "CL")
