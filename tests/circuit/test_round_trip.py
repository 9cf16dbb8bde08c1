"""Netlists of the wild: read, written for ngspice, and the same there and when they are read again."""

import json
from pathlib import Path

import numpy as np
import pytest

from circuitnn import nodal, spice
from circuitnn.circuit import read_netlist

SHARED = Path(__file__).parents[3] / "shared" / "cases"
VALUES = SHARED / "netlists" / "values.json"
NAMES = sorted(path.name for path in (SHARED / "netlists").glob("*.cir"))
OPTIONS = {
    "21-subckt-no-ports.cir": {"inputs": "V.X1.Vin", "outputs": "X1.out"},
    "51-pwr-pwrs-cutoff.cir": {"outputs": "p"},
    "53-koren-pentode-log.cir": {"outputs": "s"},
}

pytestmark = [
    pytest.mark.ngspice,
    pytest.mark.skipif(not VALUES.exists(), reason="../shared/cases is not there"),
    pytest.mark.filterwarnings("ignore::circuitnn.expressions.errors.NetlistWarning"),
]


def read(name):
    return read_netlist(SHARED / "netlists" / name, **OPTIONS.get(name, {}))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_what_was_read_and_has_the_value_that_is_right(ngspice, name):
    circuit = read(name)
    assert read_netlist(circuit.to_spice(), inputs=circuit.inputs, outputs=circuit.outputs) == circuit
    expected = json.loads(VALUES.read_text()).get(name, {}).get("op")
    if expected is not None:
        found = float(spice.operating_point(circuit)[circuit.outputs[0]])
        assert found == pytest.approx(expected, rel=3e-5, abs=1e-7)  # test_cases.py has it closer


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_ngspice_gives_the_same(ngspice, name):
    circuit = read(name)
    found, truth = nodal.operating_point(circuit), spice.operating_point(circuit)
    for node in found.keys() & truth.keys():
        assert float(found[node]) == pytest.approx(float(truth[node]), rel=1e-6, abs=1e-6), node
    frequencies = np.array([1e3, 2e4])
    theirs = spice.ac(circuit, frequencies)
    np.testing.assert_allclose(nodal.frequency_response(circuit, frequencies), theirs, rtol=1e-6, atol=1e-9)


def test_a_pedal_of_ltspice_is_read_as_it_is(ngspice):
    circuit = read_netlist(SHARED / "ltspice" / "pedal-as-written.net", inputs="V1", outputs="N017")
    assert set(circuit.controls) == {"drive", "tone", "level"}
    assert read_netlist(circuit.to_spice(), inputs="V1", outputs="N017") == circuit
    assert float(spice.operating_point(circuit)["N017"]) == pytest.approx(4.5, abs=0.01)
