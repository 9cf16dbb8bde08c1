"""The catalogue against what ngspice made of it, without ngspice."""

import jax.numpy as jnp
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.circuit import catalogue
from tests.golden.catalogue.load import EVERY, FS, golden, settings, signal

NAMES = list(catalogue.CATALOGUE)
QUICK = ("bassman", "tube_screamer_clipping", "common_emitter", "triode_koren")
SETTINGS = [(name, index) for name in NAMES for index in range(2 if catalogue.CATALOGUE[name]().controls else 1)]


# The ladder of ten transistors takes its time to compile.
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "moog_ladder" else name for name in NAMES]
)
def test_frequency_response(name):
    circuit = catalogue.CATALOGUE[name]()
    rows = settings(circuit)
    knobs = {knob: np.array([[row[knob]] for row in rows]) for knob in circuit.controls}
    freqs = golden(name, 0).freqs
    found = np.reshape(cn.nodal.frequency_response(circuit, freqs, controls=knobs), (len(rows), -1, len(freqs)))
    for index, h in enumerate(found):
        expected = golden(name, index).response
        # ngspice's constants of the junctions and its 1 mOhm in place of nothing are within this.
        np.testing.assert_allclose(h, expected, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize(
    ("name", "setting"),
    [pytest.param(*case, marks=() if case[0] in QUICK and not case[1] else pytest.mark.slow) for case in SETTINGS],
)
def test_transient(name, setting):
    circuit = catalogue.CATALOGUE[name]()
    model = cn.nodal.NodalModel(circuit, FS, dtype=jnp.float64)
    _, y = cn.run(model, signal(name), controls=settings(circuit)[setting])
    expected = golden(name, setting).y
    error = np.asarray(y)[::EVERY, 0] - expected
    assert np.sum(error**2) / np.sum(expected**2) < 1e-7
