import numpy as np
import pytest

from circuitnn.circuit import THERMAL_VOLTAGE, catalogue
from circuitnn.nodal import frequency_response
from tests.golden.catalogue.load import golden

FREQS = np.geomspace(20, 20e3, 21)
S = 2j * np.pi * FREQS


def test_pultec_is_flat_with_its_knobs_at_zero():
    circuit = catalogue.pultec_eqp1a()
    found = frequency_response(circuit, FREQS, controls=dict.fromkeys(circuit.controls, 0.0))
    middle = 1 / (1 / 1e3 + 1 / 11e3)
    np.testing.assert_allclose(found, middle / (middle + 12e3) * 10 / 11, rtol=1e-9)


def test_baxandall_is_flat_in_the_middle_and_reaches_20_db():
    circuit = catalogue.baxandall()
    np.testing.assert_allclose(frequency_response(circuit, FREQS), -np.ones(21), rtol=1e-4)
    ends = {"bass": np.array([[0.0], [1.0]]), "treble": np.array([[0.0], [1.0]])}
    found = np.abs(frequency_response(circuit, np.array([0.1, 1e7]), controls=ends))
    limits = np.array([1 + 100 / 11, 1 + 33 / 3.6])
    np.testing.assert_allclose(found, [1 / limits, limits], rtol=0.07)  # the treble control itself is a load


def test_james_goes_from_minus_40_to_0_db_around_minus_20():
    circuit = catalogue.james()
    ends = {"bass": np.array([[0.0], [1.0]]), "treble": np.array([[0.0], [1.0]])}
    low, middle, high = np.moveaxis(
        20 * np.log10(np.abs(frequency_response(circuit, [1, 632, 1e6], controls=ends))), -1, 0
    )
    np.testing.assert_allclose(low, [-41, -0.8], atol=1)
    np.testing.assert_allclose(middle, [-20.6, -20.6], atol=1)
    assert high[0] < -60
    assert high[1] > -0.1


def test_vox_is_nearly_flat_without_bass_and_scooped_with_it():
    knobs = {"bass": np.array([[0.0], [1.0]]), "treble": np.array([[0.0], [1.0]])}
    level = 20 * np.log10(np.abs(frequency_response(catalogue.vox_ac30(), FREQS, controls=knobs)))
    assert np.ptp(level[0]) < 1
    assert np.ptp(level[1]) > 20


def test_phaser_stage_passes_all_and_the_whole_has_notches():
    h = frequency_response(catalogue.phase90_stage(), FREQS)
    np.testing.assert_allclose(np.abs(h[0, 0]), 1, rtol=1e-5)
    level = np.abs(golden("phase90", 0).response[0])  # the engine is compared with it elsewhere
    minima = np.flatnonzero((level[1:-1] < level[:-2]) & (level[1:-1] < level[2:]))
    assert len(minima) == 2


@pytest.mark.slow  # to compile
def test_moog_ladder_follows_the_law_of_infinite_beta():
    circuit = catalogue.moog_ladder()
    resonances = np.array([[0.0], [0.4], [0.72]])
    found = frequency_response(circuit, FREQS, controls={"resonance": resonances})
    w = 1e-6 * 1000 ** float(circuit.controls["cutoff"]) / (4 * THERMAL_VOLTAGE * 68e-9)
    expected = 1 / ((1 + S / w) ** 4 + 5 * resonances)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), rtol=0.1)


def test_stages_have_the_gains_of_their_docstrings():
    for name, gain in (("common_emitter", 19), ("jfet_stage", 4.6), ("triode_koren", 53), ("triode_dempwolf", 61)):
        known = golden(name, 0)  # the engine is compared with it elsewhere
        assert np.interp(10e3, known.freqs, np.abs(known.response[0])) == pytest.approx(gain, rel=0.05), name
