"""The Uni-Vibe's stage: an all-pass by its hand formula, and its lamp in motion against ngspice."""

import re
from importlib import resources

import numpy as np
import pytest

import circuitnn as cn

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("lamp", [0.5, 0.7, 1.0])
def test_all_pass_with_its_quarter_turn_where_the_formula_has_it(lamp):
    circuit = cn.circuits.univibe_stage()
    cell = 2e3 + 12e3 * 1000 ** (0.8 * (1 - lamp))
    collector = 1 + 4.7e3 / (100e3 * 68e3 / 168e3)
    quarter = np.sqrt(collector) / (2 * np.pi * cell * 15e-9)
    response = np.ravel(
        cn.nodal.frequency_response(circuit, [30, 0.9 * quarter, quarter, 1.1 * quarter, 2e4], controls={"lamp": lamp})
    )
    assert np.abs(20 * np.log10(np.abs(response))).max() < 0.6
    falling = np.degrees(np.angle(response[1:4]))
    assert falling[0] > 90 > falling[2]
    assert falling[1] == pytest.approx(90, abs=2)  # capacitors in the way leave a little


@pytest.mark.ngspice
def test_a_moving_lamp_is_ngspices_moving_current(ngspice):
    """The knob of the netlist against a second input in its place; the cell lags behind both alike."""
    fs, circuit = 2 * 48_000, cn.circuits.univibe_stage()
    text = resources.files("circuitnn.circuit.catalogue").joinpath("univibe_stage.cir").read_text()
    text, count = re.subn(r"^Ilamp 0 light .*$", "Ilamp 0 light DC 1e-3", text, flags=re.MULTILINE)
    assert count == 1
    t = np.arange(1, round(0.02 * fs) + 1) / fs
    lamp = 0.75 + 0.25 * np.cos(2 * np.pi * 30 * t)
    x = 0.5 * np.sin(2 * np.pi * 220 * t)
    inputs = np.stack([x, 1e-6 * 1000**lamp], axis=-1)
    other = cn.read_netlist(text, inputs=("Vin", "Ilamp"), dialect="ngspice")
    expected = np.ravel(cn.spice.transient(other, inputs, fs, max_step=1 / fs))
    model = cn.nodal.NodalModel(circuit, fs, dtype=np.float64)
    carry, y = cn.run(model, x, controls={"lamp": lamp})
    assert not carry.report.failed
    assert np.sum((np.ravel(y) - expected) ** 2) < 1e-5 * np.sum(expected**2)
