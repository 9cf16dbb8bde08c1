"""The reference of other tests is itself held against ngspice: every circuit of the catalogue, loud, from rest."""

import numpy as np
import pytest

from circuitnn.circuit import catalogue
from tests.golden.catalogue.load import EVERY, FS, golden, settings, signal
from tests.golden.load import golden as clipper
from tests.reference import simulate

SAMPLES = 240
BEYOND = ("ota_lowpass",)  # the simulator has no OTA
# What the rate leaves: of germanium with all that gain, more.
ALLOWED = {"fuzz_face_germanium": 3e-7}


@pytest.mark.parametrize("name", [name for name in catalogue.CATALOGUE if name not in BEYOND])
def test_transient(name):
    circuit = catalogue.CATALOGUE[name]()
    for setting, knobs in enumerate(settings(circuit)):
        y, _ = simulate(circuit, signal(name, SAMPLES), FS, controls=knobs)
        expected = golden(name, setting).y[: SAMPLES // EVERY]
        assert np.sum((y[::EVERY, 0] - expected) ** 2) / np.sum(expected**2) < ALLOWED.get(name, 1e-7)


@pytest.mark.parametrize("name", ["diode_clipper", "diode_clipper_second_order"])
def test_states(name):
    truth = clipper(name)
    _, states = simulate(truth.circuit, truth.x[:SAMPLES, None], truth.fs)
    np.testing.assert_allclose(states, truth.states[:SAMPLES], atol=1e-4 * np.abs(truth.states).max())
