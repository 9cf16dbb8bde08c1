import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

import circuitnn as cn
from tests.models import Gain


@pytest.fixture
def fits(monkeypatch):
    """What cn.train.fit_tone_stack was called with; it fits nothing, and it is quick."""
    calls = []

    class Report:
        def __str__(self):
            return "largest error 0.1 dB"

        def save(self, folder):
            Path(folder).mkdir(exist_ok=True)
            (Path(folder) / "report.json").write_text("{}")

    def fit(target, **options):
        calls.append((target, options))
        return Gain(), Report()

    monkeypatch.setattr(cn.train, "fit_tone_stack", fit, raising=False)
    return calls


def test_hands_its_options_on(call, fits):
    words = ("--fs", 44100, "--seed", 3, "--order", 6, "--hidden", "16, 8", "--report", "report", "-o", "my.npz")
    result = call("fit-tone-stack", "tone.cir", *words)
    ((target, options),) = fits
    assert target == cn.read_netlist("tone.cir")
    assert options == {"fs": 44100, "seed": 3, "order": 6, "hidden": (16, 8), "progress": False}
    assert result.stdout == "largest error 0.1 dB\nreport\nmy.npz\n"
    assert Path("report/report.json").is_file()
    assert isinstance(cn.train.load(Gain(0.0), "my.npz"), Gain)


def test_defaults(call, fits):
    call("fit-tone-stack", "bassman")
    ((target, options),) = fits
    assert target == cn.circuits.bassman()
    assert options == {"fs": 48000, "seed": 0, "order": 8, "hidden": (32, 32), "progress": False}
    assert Path("bassman.npz").is_file()


def test_a_quick_fit_is_shorter_and_keeps_what_was_asked_for(call, fits):
    call("fit-tone-stack", "bassman", "--quick")
    call("fit-tone-stack", "bassman", "--quick", "--hidden", "8")
    (_, quick), (_, chosen) = fits
    assert quick["hidden"] == (16, 16)
    assert (chosen["hidden"], chosen["schedule"]) == ((8,), quick["schedule"])
    assert all(short < long for short, long in zip(quick["schedule"], cn.train.Schedule(), strict=True))


def test_a_folder_is_handed_on_as_it_is(call, fits):
    Path("measured").mkdir()
    call("fit-tone-stack", "measured")
    assert fits[0][0] == Path("measured")
    assert Path("measured.npz").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.cir"], "none.cir: no such file"),
        (["diode_clipper"], "diode_clipper: has no knobs to follow; a knob is a .param with a number from 0 to 1"),
        (["tone.cir", "-o", "my.wav"], "my.wav: the name of a model ends in .npz"),
        (["tone.cir", "--hidden", "16,x"], "'16,x' is not a row of positive whole numbers, such as 32,32"),
        (["tone.cir", "--hidden", "0"], "'0' is not a row of positive whole numbers"),
        (["tone.cir", "--order", "0"], "Invalid value for '--order'"),
        (["tone.cir", "--output", "x"], "tone.cir: no node named 'x'"),
    ],
)
def test_bad_input(words, said, call, fits):
    assert said in call("fit-tone-stack", *words, fails=2).stderr
    assert not fits


def test_bad_folders(call, fits):
    Path("measured").mkdir()
    said = call("fit-tone-stack", "measured", "--input", "Vin", fails=2).stderr
    assert "--input is for netlists; measured is a folder" in said
    said = call("fit-tone-stack", "tone.cir", "-o", "tone.cir/my.npz", fails=1).stderr
    assert "tone.cir/my.npz: cannot be written" in said
    assert not fits


@pytest.mark.slow
def test_from_a_netlist_to_a_sound(call):
    words = ("--report", "report", "--quick", "--hidden", "8", "-o", "tone.npz")
    call("fit-tone-stack", "tone.cir", *words)
    assert json.loads(Path("report/report.json").read_text())
    assert list(Path("report").glob("*.png"))
    call("run", "tone.npz", "in.wav", "fitted.wav", "--knob", "tone=0.9")
    call("run", "tone.cir", "in.wav", "exact.wav", "--knob", "tone=0.9", "--fs", "48000")
    fitted, exact = soundfile.read("fitted.wav")[0], soundfile.read("exact.wav")[0]
    # Magnitudes are fitted, phases with a small weight only: 6e-3 here.
    assert np.sum((fitted - exact) ** 2) < 2e-2 * np.sum(exact**2)
