"""`circuitnn play`: a take and a response at each position of the knobs."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile

import circuitnn as cn
from circuitnn import pages
from tests.cli.conftest import FS


@pytest.fixture
def written(monkeypatch):
    """What would be on the page."""
    seen = {}

    def kept(settings, path, **facts):
        seen.update(settings=settings, **facts)
        Path(path).write_text("page")

    monkeypatch.setattr(pages, "play", kept)
    return seen


def test_a_netlist_at_each_position(call, written):
    call("play", "tone.cir@R3=20k", "--input", "in.wav", "--volts", 2, "--steps", 2)
    x = 2 * soundfile.read("in.wav")[0]
    circuit = cn.read_netlist("tone.cir").replace(R3=20e3)
    places = [dict(zip(("tone", "level"), at, strict=True)) for at in itertools.product((0.0, 1.0), repeat=2)]
    assert [setting.knobs for setting in written["settings"]] == places
    model = cn.nodal.NodalModel(circuit, FS, dtype=np.float64)
    for setting in written["settings"]:
        np.testing.assert_allclose(setting.y, np.ravel(cn.run(model, x, controls=setting.knobs)[1]), atol=1e-9)
        expected = cn.nodal.frequency_response(circuit, written["freqs"], controls=setting.knobs)
        np.testing.assert_allclose(setting.response, np.ravel(expected), rtol=1e-9)


def test_a_saved_model_is_measured(call, written):
    """Its answer to an impulse is that of the circuit at its rate."""
    circuit = cn.read_netlist("tone.cir")
    cn.train.save(cn.nodal.NodalModel(circuit, FS, dtype=np.float64), "m.npz")
    call("play", "m.npz", "--input", "in.wav", "--turn", "tone", "--steps", 3, "--knob", "level=0.5")
    assert [setting.knobs for setting in written["settings"]] == [{"tone": 0.0}, {"tone": 0.5}, {"tone": 1.0}]
    assert written["facts"]["Other knobs"] == "level 0.5"
    low = written["freqs"] < 300  # where the bilinear transform bends nothing
    expected = np.ravel(cn.nodal.frequency_response(circuit, written["freqs"], controls={"tone": 1.0, "level": 0.5}))
    np.testing.assert_allclose(written["settings"][-1].response[low], expected[low], rtol=0.02)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("in.wav",), "is a sound, which has no knobs"),
        (("tone.cir", "--turn", "treble"), "treble"),
        (("tone.cir", "--turn", "tone", "--turn", "tone"), "given twice"),
        (("tone.cir", "--turn", "tone", "--knob", "tone=0.2"), "stands at 0.2 already"),
        (("tone.cir", "--steps", "9"), "81 takes; 64 fit on a page"),
        (("tone.cir", "-o", "page.pdf"), "ends in .html"),
    ],
)
def test_what_cannot_be_played(words, told, call):
    assert told in call("play", *words, fails=2).stderr
