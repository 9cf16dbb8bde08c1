"""The catalogue against the ngspice that is installed: a longer signal and other knobs than the golden data have."""

import jax.numpy as jnp
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.circuit import catalogue
from circuitnn.spice.program import simulate
from tests.golden.catalogue.load import FS, settings, signal
from tests.golden.catalogue.regenerate import texts

NAMES = list(catalogue.CATALOGUE)
FREQS = np.geomspace(20, 20e3, 61)
SECONDS = 0.02
# Of the trapezoidal rule at 8 x 48 kHz, where the default would be too much to ask: see the reasons.
TOLERANCES: dict[str, float] = {}
# When they jump for the first time depends on rounding: test_hard_circuits compares frequencies and amplitudes.
JUMPING = ("astable", "relaxation_oscillator")

pytestmark = pytest.mark.ngspice


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_frequency_response(ngspice, name):
    circuit = catalogue.CATALOGUE[name]()
    knobs = {knob: np.array([[0.35], [0.75]]) for knob in circuit.controls}
    found = cn.nodal.frequency_response(circuit, FREQS, controls=knobs)
    expected = cn.spice.ac(circuit, FREQS, controls=knobs)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name not in JUMPING])
def test_transient(ngspice, name):
    circuit = catalogue.CATALOGUE[name]()
    x = signal(name, round(SECONDS * FS))
    model = cn.nodal.NodalModel(circuit, FS, dtype=jnp.float64)
    knobs = settings(circuit)[-1]
    expected = cn.spice.transient(circuit, x, FS, controls=knobs, max_step=0.25 / FS)
    _, y = cn.run(model, x, controls=knobs)
    error = np.asarray(y) - expected
    assert np.sum(error**2) / np.sum(expected**2) < TOLERANCES.get(name, 1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_operating_point_of_the_text_and_of_what_is_written_are_one(ngspice, name):
    files = texts()
    text = simulate(files[f"{name}.cir"], files, timeout=60)[0].columns
    written = simulate(catalogue.CATALOGUE[name]().to_spice(), {}, timeout=60)[0].columns
    nodes = [key for key in text if key.startswith("v(")]
    assert "v(out)" in nodes
    for node in nodes:
        np.testing.assert_allclose(written[node], text[node], rtol=1e-9, atol=1e-12, err_msg=node)
