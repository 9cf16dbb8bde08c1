"""The catalogue against what ngspice made of it, without ngspice, and against closed forms."""

import shutil

import jax.numpy as jnp
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.circuit import catalogue
from tests.cases import cases
from tests.circuit.catalogue.closed_forms import CLOSED_FORMS
from tests.golden.catalogue.load import EVERY, FS, golden, settings, signal

NAMES = list(catalogue.CATALOGUE)
HAS_OPAMP = {  # of gain 1e6 or 1e5, where the closed form's is infinite
    *("klon_buffer", "klon_tone", "klon_amplifier", "klon_summing", "tube_screamer_clipping", "tube_screamer_tone"),
    *("sd1_clipping", "sd1_tone", "sallen_key", "ms20_filter"),
}
TUBES = ("power_amplifier", "tube_preamp", "push_pull_amplifier", "pultec", "transformer_saturator")
QUICK = ("bassman", "tube_screamer_clipping")
HAS_NGSPICE = shutil.which("ngspice") is not None
SETTINGS = [(name, index) for name in NAMES for index in range(2 if catalogue.CATALOGUE[name]().controls else 1)]


# The larger ones take their time to compile.
SLOW = (
    "moog_ladder", "sd1", "ds1", "phase90", "ms20_filter", "common_emitter", "triode_dempwolf", "rangemaster",
    "big_muff", "fuzz_face_germanium", "fuzz_face_silicon", "cry_baby", "la2a", "cl1b", "bridged_t", "ota_lowpass",
    "ring_modulator", "precision_rectifier", "twin_t", "univibe_stage", "astable",
    "relaxation_oscillator",
)  # fmt: skip


@pytest.mark.parametrize("name", cases(NAMES, slow=(*SLOW, *TUBES)))
def test_frequency_response(name):
    """ngspice's at two settings of the knobs; at five more, both ends too, the closed form if there is one."""
    circuit = catalogue.CATALOGUE[name]()
    rows, names = settings(circuit), list(circuit.controls)
    others = np.random.default_rng(0).uniform(0.05, 0.95, (5, len(names)))
    others[3], others[4] = 0, 1
    if not (name in CLOSED_FORMS and names):
        others = others[:0]
    rows += [dict(zip(names, row, strict=True)) for row in others]
    freqs = golden(name, 0).freqs
    knobs = {knob: np.array([[row[knob]] for row in rows]) for knob in names}
    response = np.reshape(cn.nodal.frequency_response(circuit, freqs, controls=knobs), (len(rows), -1, len(freqs)))
    for index in range(len(rows) - len(others)):
        # ngspice's constants of the junctions and its 1 mOhm in place of nothing are within this.
        np.testing.assert_allclose(response[index], golden(name, index).response, rtol=1e-6, atol=1e-10)
    in_closed_form = rows[-len(others) :] if len(others) else rows if name in CLOSED_FORMS else []
    for h, row in zip(response[len(rows) - len(in_closed_form) :, 0], in_closed_form, strict=True):
        with np.errstate(divide="ignore", invalid="ignore"):
            expected = CLOSED_FORMS[name](2j * np.pi * freqs, **row)
        usable = np.isfinite(expected)  # at the ends, some forms divide by the resistance that is nothing
        assert np.all(usable) or {0, 1} & set(row.values())
        rtol = 2e-3 if name in HAS_OPAMP else 1e-9  # 40 dB above 1 of a gain of 1e5 are 1e-3
        np.testing.assert_allclose(h[usable], expected[usable], rtol=rtol, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "setting"),
    [pytest.param(*case, marks=() if case[0] in QUICK and not case[1] else pytest.mark.slow) for case in SETTINGS],
)
@pytest.mark.skipif(HAS_NGSPICE, reason="ngspice is here: test_against_ngspice asks it for more than these data have")
def test_transient(name, setting):
    circuit = catalogue.CATALOGUE[name]()
    model = cn.nodal.NodalModel(circuit, FS, dtype=jnp.float64)
    _, y = cn.run(model, signal(name), controls=settings(circuit)[setting])
    expected = golden(name, setting).y
    error = np.asarray(y)[::EVERY, 0] - expected
    assert np.sum(error**2) / np.sum(expected**2) < 1e-7
