"""`circuitnn compare`: every kind of source as a signal of one rate and one length."""

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

import circuitnn as cn
from circuitnn import pages
from circuitnn.circuit.exchange import with_models

FS = 8000


@pytest.fixture
def takes(monkeypatch):
    """What would be on the page, which takes seconds to draw."""
    seen = {}

    def kept(made, path, **facts):
        seen.update({take.name: take for take in made}, _facts=facts)
        Path(path).write_text("page")

    monkeypatch.setattr(pages, "comparison", kept)
    return seen


def simulated(circuit, x, **controls):
    return np.asarray(cn.run(cn.nodal.NodalModel(circuit, FS, dtype=np.float64), x, controls=controls)[1])


def test_netlists_with_and_without_changes(call, takes):
    out = call(
        "compare", "diode_clipper", "diode_clipper@D*=1N34A@R1=1k", "tone.cir@tone=0.9", "--input", "in.wav",
        "--volts", 2, "--knob", "level=0.3",
    ).stdout  # fmt: skip
    x = 2 * soundfile.read("in.wav")[0]
    clipper = cn.circuits.diode_clipper()
    changed = with_models(clipper, **{"D*": "1N34A"}).replace(R1=1e3)
    expected = [simulated(clipper, x), simulated(changed, x)]
    expected.append(simulated(cn.read_netlist("tone.cir"), x, tone=0.9, level=0.3))
    found = [take for name, take in takes.items() if name != "_facts"]
    for take, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(take.y, y, atol=1e-9)
    freqs = takes["_facts"]["freqs"]
    np.testing.assert_allclose(found[0].response, cn.nodal.frequency_response(clipper, freqs), rtol=1e-9)
    esr = cn.metrics.esr(expected[1], expected[0])
    assert f"diode_clipper@D*=1N34A@R1=1k to diode_clipper: ESR {esr:.3g}" in out


def test_a_model_and_a_recording_of_it(call, takes):
    """What `run` writes is what `compare` makes of the model."""
    cn.train.save(cn.nodal.NodalModel(cn.circuits.diode_clipper(), FS, dtype=np.float64), "m.npz")
    call("run", "m.npz", "in.wav", "y.wav", "--volts", 2, "--output-volts", 0.8)
    call("compare", "m.npz", "y.wav", "--input", "in.wav", "--volts", 2, "--output-volts", 0.8)
    np.testing.assert_allclose(takes["y.wav"].y, takes["m.npz"].y, atol=1e-6)
    assert takes["y.wav"].about == "a recording"


def test_sounds_alone(call, takes):
    x = soundfile.read("in.wav")[0]
    soundfile.write("half.wav", 0.5 * x, FS, subtype="DOUBLE")
    out = call("compare", "in.wav", "half.wav", "--seconds", 0.2).stdout
    assert "half.wav to in.wav: ESR 0.25, gain matched" in out
    assert len(takes["in.wav"].y) == 0.2 * FS
    assert takes["_facts"]["unit"] == "full scale"


@pytest.mark.skipif(cn.spice.version() is None, reason="ngspice is not installed")
def test_ngspice(call, takes):
    soundfile.write("sine.wav", 0.5 * np.sin(2 * np.pi * 110 * np.arange(FS // 10) / FS), FS, subtype="DOUBLE")
    call("compare", "tone.cir", "--ngspice", "--input", "sine.wav")
    assert cn.metrics.esr(takes["tone.cir"].y, takes["tone.cir in ngspice"].y) < 1e-4


def test_the_nominal_level_of_the_catalogue(call, takes):
    x = soundfile.read("in.wav")[0]
    out = call("compare", "tube_screamer_tone", "tube_screamer_tone@tone=1", "--input", "in.wav").stdout
    assert float(re.search(r"taken as ([\d.]+) V", out)[1]) == pytest.approx(0.5 / np.abs(x).max(), rel=5e-3)


def test_the_page(call):
    assert call("compare", "tone.cir", "bassman", "-i", "in.wav", "-o", "new/c.html").stdout.endswith("new/c.html\n")
    assert "<audio" in Path("new/c.html").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tone.cir"], "a comparison is of two or more"),
        (["tone.cir", "none.cir"], "none.cir: no such file"),
        (["tone.cir", "none.npz"], "none.npz: no such file"),
        (["tone.cir", "none.wav"], "none.wav: no such file"),
        (["tone.cir", "tone.cir"], "tone.cir: given twice"),
        (["tone.cir", "in.wav"], "in.wav is a recording: say with --input what was played"),
        (["in.wav", "in.wav@x=1"], "a sound has no knobs"),
        (["tone.cir", "bassman", "--input", "tone.cir"], "tone.cir: cannot be read as audio"),
        (["tone.cir", "bassman", "--volts", "0"], "--volts must be a positive number of volts"),
        (["tone.cir", "bassman", "-o", "c.pdf"], "c.pdf: the name of a page ends in .html"),
        (["tone.cir", "bassman", "--knob", "drive=1", "-i", "in.wav"], "no knob 'drive'"),
        (["tone.cir", "bassman@treble=x", "-i", "in.wav"], "is not NAME=POSITION"),
    ],
)
def test_mistakes(words, message, call):
    assert message in call("compare", *words, fails=2).stderr
