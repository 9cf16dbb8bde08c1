"""The golden data are what ngspice gives today."""

import numpy as np
import pytest

from circuitnn import spice
from circuitnn.circuit import catalogue
from tests.golden import regenerate
from tests.golden.load import NAMES, golden


def esr(prediction, target):
    return np.sum((prediction - target) ** 2) / np.sum(target**2)


@pytest.mark.parametrize("name", NAMES)
def test_the_kept_netlist_and_signal_are_the_present_ones(name):
    kept = golden(name)
    assert kept.circuit == getattr(catalogue, name)()
    assert kept.fs == regenerate.FS
    # Sines differ in the last digits between machines.
    np.testing.assert_allclose(kept.x, regenerate.signal(), rtol=0, atol=1e-12)
    assert kept.states.shape == (*kept.x.shape, len(kept.circuit.state_names))
    assert 0.5 < np.abs(kept.y).max() < 0.8 < 4 < np.abs(kept.x).max()


def test_leaving_samples_out_keeps_the_times():
    kept = golden("diode_clipper")
    assert kept.at(48_000).x[1] == kept.x[8]
    assert kept.tolerance() < kept.at(48_000).tolerance()


@pytest.mark.ngspice
@pytest.mark.skipif(spice.version() is None, reason="ngspice is not installed")
@pytest.mark.parametrize("name", NAMES)
def test_ngspice_gives_the_kept_output(name):
    kept = golden(name)
    y, states = regenerate.simulate(kept.circuit, kept.x, max_step=2 * regenerate.MAX_STEP)
    assert esr(y, kept.y) < kept.about["esr_regenerated"]
    assert esr(states, kept.states) < kept.about["esr_regenerated"]
