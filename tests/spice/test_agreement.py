"""ngspice reads what to_spice() writes, and finds the same numbers in it."""

from importlib import resources

import numpy as np
import pytest

from circuitnn import spice
from circuitnn.circuit import THERMAL_VOLTAGE, catalogue, read_netlist
from circuitnn.circuit.writer import netlist_text
from circuitnn.spice.program import simulate
from tests.expressions.test_parser import KNOWN, VALUES

pytestmark = pytest.mark.ngspice


def operating_point(text: str, files: dict[str, str] | None = None) -> dict[str, float]:
    return {name: float(column[0]) for name, column in simulate(text, files or {}, timeout=60)[0].columns.items()}


def test_expressions_have_the_values_that_ngspice_gives_them(ngspice):
    # "a--b" and "10kOhm" in expressions are beyond ngspice as written; to_spice() writes them so that it understands.
    lines = ["expressions", "Vin in 0 1", *(f".param {name}={value}" for name, value in VALUES.items())]
    for k, text in enumerate(KNOWN):
        lines += [f"V{k} n{k} 0 {{a*0+({text})}}", f"R{k} n{k} 0 1"]
    circuit = read_netlist("\n".join([*lines, "Rin in 0 1", ""]), outputs="n0")
    found = operating_point(circuit.to_spice())
    for k, (text, value) in enumerate(KNOWN.items()):
        assert found[f"v(n{k})"] == pytest.approx(value, rel=1e-9), text


def test_knobs_reach_ngspice(ngspice):
    circuit = read_netlist("t\n.param treble=0.25\nVin in 0 1\nR1 in out {(1-treble)*1k}\nR2 out 0 {treble*1k}\n")
    for treble in (0.1, 0.5, 0.9):
        gain = spice.ac(circuit, [1e3], controls={"Treble": treble})
        assert gain[0] == pytest.approx(treble, rel=1e-9)


def test_the_diode_law_and_its_constants_are_those_of_ngspice(ngspice):
    # The exponential turns an error of the thermal voltage into one that is up to fifteen times as large: CODATA 2018
    # would be 2e-6 off at 0.3 V.
    for voltage in (0.3, 0.5, 0.7):
        text = f"t\nVin in 0 {voltage}\nRs in out 1m\nD1 out 0 DX 2\n.model DX D(IS=2.52n N=1.752)\n"
        circuit = read_netlist(text)
        tail = [spice.Tolerances(reltol=1e-10).options(), ".op"]
        current = -operating_point(netlist_text(circuit, tail=tail))["i(vin)"]
        law = 2 * 2.52e-9 * np.expm1((voltage - current * 1e-3) / (1.752 * THERMAL_VOLTAGE))
        assert current == pytest.approx(law, rel=1e-7)


@pytest.mark.parametrize("name", ["diode_clipper", "diode_clipper_second_order"])
def test_the_catalogue_runs_as_it_is(ngspice, name):
    assert operating_point(getattr(catalogue, name)().to_spice())["v(out)"] == pytest.approx(0, abs=1e-12)


def test_the_netlist_of_the_package_itself_runs(ngspice):
    texts = {
        path.name: path.read_text(encoding="utf-8")
        for path in resources.files("circuitnn.circuit.catalogue").iterdir()
        if path.name.endswith((".cir", ".lib"))
    }
    for name, text in texts.items():
        if name.endswith(".cir"):
            assert "v(out)" in operating_point(text, texts), name
