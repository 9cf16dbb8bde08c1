"""The command `identify`: what it reads, what it asks the library for, what it writes, what it refuses."""

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

import circuitnn as cn
from tests.models import Gain

FS = 8000
CLIPPER = """* A clipper
.param drive=0.5
Vin in 0 DC 0 AC 1
R1 in out {1k+2k*drive}
C1 out 0 47n
D1 out 0 DX
D2 0 out DX
.model DX D(IS=2.52n N=1.752)
.end
"""


@dataclasses.dataclass
class Told:
    """As much of a report as the command uses."""

    esr: float = 1e-4
    values: tuple = ({"name": "C1", "standard_error": np.inf},)
    recording: object = None
    model = Gain()

    def __str__(self):
        return "value  nominal"


@pytest.fixture
def calls(folder, monkeypatch):
    """What cn.train.identify was called with; it finds what it is told to, and it is quick."""
    (folder / "clip.cir").write_text(CLIPPER)
    x = 0.5 * np.random.default_rng(0).standard_normal(4000).clip(-2, 2)
    soundfile.write("played.wav", x, FS, subtype="DOUBLE")
    soundfile.write("recorded.wav", 0.5 * x, FS, subtype="DOUBLE")
    found = []

    def identify(circuit, x, y, **options):
        found.append((circuit, x, y, options))
        return {"C1": 50e-9}, Told()

    monkeypatch.setattr(cn.train, "identify", identify, raising=False)
    return found


def test_only_what_is_given_goes_to_the_library(call, calls):
    result = call("identify", "clip.cir", "played.wav", "recorded.wav")
    ((circuit, x, y, options),) = calls
    assert circuit == cn.read_netlist("clip.cir")
    assert options == {"fs": FS, "progress": False}
    np.testing.assert_array_equal(y, 0.5 * x)
    assert "full scale: 1 V where it was played (--volts), 1 V where it was recorded" in result.stdout
    assert result.stdout.endswith("\n\nvalue  nominal\n")


def test_options_have_the_names_of_the_library(call, calls):
    words = "--fit C1=20%,D1.IS --fit drive --tolerance 0.3 --volts 3.1 --output-volts 1.25 --x-offset fit --drift fit"
    more = (
        "--input-coupling ac --output-coupling 1.5 --hum 50 --held-out 0.1 --high-pass none --oversample 2 --starts 3"
    )
    call("identify", "clip.cir", "played.wav", "recorded.wav", *words.split(), *more.split())
    ((_, _, _, options),) = calls
    assert options == {
        "fs": FS, "progress": False, "fit": {"C1": 0.2, "D1.IS": 0.3, "drive": 0.3}, "x_gain": 3.1, "y_gain": 0.8,
        "x_offset": "fit", "drift": "fit", "input": "ac", "output": 1.5, "hum": 50.0, "held_out": 0.1,
        "high_pass": None, "oversampling": 2, "starts": 3,
    }  # fmt: skip


def test_values_and_knobs_are_put_where_they_were(call, calls):
    words = ("--set", "C1=4.7n", "--set", "DX.N=1.9", "--knob", "drive=0.25", "--x-gain", "fit", "--y-gain", "fit")
    result = call("identify", "clip.cir", "played.wav", "recorded.wav", *words)
    circuit, _, _, options = calls[0]
    assert float(circuit.values["C1"]) == pytest.approx(4.7e-9)
    assert float(circuit.values["DX.N"]) == pytest.approx(1.9)
    assert float(circuit.controls["drive"]) == pytest.approx(0.25)
    assert (options["x_gain"], options["y_gain"]) == ("fit", "fit")
    assert "full scale: found where it was played" in result.stdout


def test_several_netlists(call, calls, monkeypatch):
    """Each has what it knows of the settings; what is written is the chosen one."""
    told = SimpleNamespace(chosen="diode_clipper", report=Told(), to_dict=lambda: {"chosen": "diode_clipper"})
    monkeypatch.setattr(cn.train, "identify", lambda *given, **_: calls.append(given) or ({"C1": 5e-9}, told))
    words = ("--fit", "C1", "--set", "R1=3k", "--set", "DX.N=1.9", "--knob", "drive=1")
    files = ("--json", "found.json", "--netlist", "found.cir", "--save", "found.npz")
    call("identify", "clip.cir", "diode_clipper", "played.wav", "recorded.wav", *words, *files)
    ((circuits, *_),) = calls
    assert list(circuits) == ["clip.cir", "diode_clipper"]
    assert float(circuits["diode_clipper"].values["R1"]) == pytest.approx(3e3)
    assert float(circuits["clip.cir"].values["DX.N"]) == pytest.approx(1.9)
    assert float(circuits["clip.cir"].controls["drive"]) == 1
    assert float(cn.read_netlist("found.cir")["R1"].value) == pytest.approx(3e3)
    written = json.loads(Path("found.json").read_text())
    assert (written["netlist"], written["choice"]) == ("diode_clipper", {"chosen": "diode_clipper"})


def test_what_is_left_is_learnt(call, calls, monkeypatch):
    asked = []

    class Left:
        def to_dict(self):
            return {"chosen": "black box"}

        def __str__(self):
            return "black box is chosen"

    monkeypatch.setattr(cn.train, "complete", lambda *given, **more: asked.append((given, more)) or (Gain(), Left()))
    words = ("--held-out", 0.1, "--json", "found.json", "--complete", "all.npz")
    result = call("identify", "clip.cir", "played.wav", "recorded.wav", *words)
    ((report, x, y), more) = asked[0]
    assert isinstance(report, Told)
    np.testing.assert_array_equal(y, 0.5 * x)
    assert more == {"held_out": 0.1, "progress": False}
    assert "black box is chosen" in result.stdout
    assert isinstance(cn.train.load(Gain(0.0), "all.npz"), Gain)
    assert json.loads(Path("found.json").read_text())["completion"] == {"chosen": "black box"}


def test_what_is_written(call, calls):
    words = ("--json", "a/found.json", "--netlist", "found.cir", "--save", "found.npz")
    result = call("identify", "clip.cir", "played.wav", "recorded.wav", "--fit", "C1", *words)
    assert result.stdout.splitlines()[-3:] == ["a/found.json", "found.cir", "found.npz"]
    told = json.loads(Path("a/found.json").read_text())
    assert (told["netlist"], told["played"], told["recorded"]) == ("clip.cir", "played.wav", "recorded.wav")
    assert told["arguments"] == {"fit": {"C1": None}}
    assert told["found"] == {"C1": 50e-9}
    assert told["report"] == {"esr": 1e-4, "values": [{"name": "C1", "standard_error": None}]}
    assert float(cn.read_netlist("found.cir")["C1"].value) == pytest.approx(50e-9)
    assert isinstance(cn.train.load(Gain(0.0), "found.npz"), Gain)


def test_files_of_other_rates_lengths_and_channels(call, calls):
    x, _ = soundfile.read("played.wav")
    soundfile.write("half.wav", x[:2000], FS // 2)
    soundfile.write("both.wav", np.stack([x, x], 1), FS)
    soundfile.write("other.wav", np.stack([x, -x], 1), FS, subtype="DOUBLE")
    result = call("identify", "clip.cir", "half.wav", "recorded.wav")
    assert "half.wav: 4000 Hz, resampled to 8000 Hz, the rate of recorded.wav\n" in result.stdout
    assert len(calls[-1][1]) == len(calls[-1][2]) == 4000
    result = call("identify", "clip.cir", "both.wav", "recorded.wav")
    assert "both.wav: its 2 channels are the same; one is taken\n" in result.stdout
    call("identify", "clip.cir", "other.wav", "recorded.wav", "--channel", 1)
    np.testing.assert_allclose(calls[-1][1], -x)
    soundfile.write("short.wav", x[:1000], FS)
    result = call("identify", "clip.cir", "played.wav", "short.wav")
    assert "played.wav: cut to the 0.12 s of short.wav, from 0.50 s\n" in result.stdout
    assert len(calls[-1][1]) == len(calls[-1][2]) == 1000


def test_a_recording_that_begins_earlier_and_ends_later_is_kept_as_far_as_the_music_goes(call, calls):
    x, _ = soundfile.read("played.wav")
    soundfile.write("long.wav", np.concatenate([np.zeros(700), 0.3 * x, np.zeros(9000)]), FS, subtype="DOUBLE")
    result = call("identify", "clip.cir", "played.wav", "long.wav")
    assert "long.wav: 1.71 s, cut to 0.59 s, where played.wav ends\n" in result.stdout
    _, x_given, y_given, _ = calls[0]
    np.testing.assert_allclose(y_given[700:4700], 0.3 * x_given[:4000])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.cir", "played.wav", "recorded.wav"], "none.cir: no such file"),
        (["clip.cir", "none.wav", "recorded.wav"], "none.wav"),
        (["clip.cir", "played.wav", "clip.cir"], "clip.cir: "),
        (["clip.cir", "played.wav"], "Missing argument"),
        (["clip.cir", "played.wav", "played.wav"], "played.wav is given twice"),
        (
            ["--fit", "C1=", "clip.cir", "played.wav", "recorded.wav"],
            "'C1=' is not a row of values, such as C1,D1.IS=20%",
        ),
        (["--fit", "C1=200%", "clip.cir", "played.wav", "recorded.wav"], "'200%' is not a share between 0 and 1"),
        (["--set", "R9=1k", "clip.cir", "played.wav", "recorded.wav"], "--set R9=1k: no value named 'R9'"),
        (["--set", "R1", "clip.cir", "played.wav", "recorded.wav"], "'R1' is not NAME=VALUE, such as R6=20k"),
        (["clip.cir", "clip.cir", "played.wav", "recorded.wav"], "the same netlist twice: clip.cir"),
        (["--set", "R9=1k", "clip.cir", "diode_clipper", "played.wav", "recorded.wav"], "--set R9=1k: no value named"),
        (["--knob", "a=1", "clip.cir", "diode_clipper", "played.wav", "recorded.wav"], "clip.cir: "),
        (["--complete", "a.cir", "clip.cir", "played.wav", "recorded.wav"], "a.cir: the name of a model ends in .npz"),
        (["--knob", "tone=1", "clip.cir", "played.wav", "recorded.wav"], "clip.cir: "),
        (["--volts", "-3", "clip.cir", "played.wav", "recorded.wav"], "'-3' is neither a number above 0 nor fit"),
        (["--x-offset", "x", "clip.cir", "played.wav", "recorded.wav"], "'x' is neither a number nor fit"),
        (["--output", "ac", "clip.cir", "played.wav", "recorded.wav"], "for a coupling: --output-coupling ac"),
        (["--output", "a", "clip.cir", "played.wav", "recorded.wav"], "clip.cir: no node named 'a'"),
        (["--y-gain", "1", "--output-volts", "1", "clip.cir", "played.wav", "recorded.wav"], "say the same"),
        (["-o", "a.png", "clip.cir", "played.wav", "recorded.wav"], "a.png: the name of a page ends in .html"),
        (["--netlist", "clip.cir", "clip.cir", "played.wav", "recorded.wav"], "clip.cir: is the netlist that is read"),
    ],
)
def test_bad_input(words, said, call, calls):
    assert said in call("identify", *words, fails=2).stderr
    assert not calls


def test_bad_sounds(call, calls):
    soundfile.write("stereo.wav", np.random.default_rng(1).uniform(-1, 1, (4000, 2)), FS)
    said = call("identify", "clip.cir", "stereo.wav", "recorded.wav", fails=2).stderr
    assert "stereo.wav: has 2 channels where one is needed: --channel 0 to --channel 1, or --channel mean" in said
    said = call("identify", "clip.cir", "stereo.wav", "recorded.wav", "--channel", 2, fails=2).stderr
    assert "--channel 2: stereo.wav has 2, counted from 0; or mean" in said
    said = call("identify", "clip.cir", "played.wav", "recorded.wav", "--json", "clip.cir/a.json", fails=1).stderr
    assert "clip.cir/a.json: cannot be written" in said
    assert not calls


@pytest.mark.slow
def test_from_a_recording_to_a_page_and_a_sound(folder, call):
    """A box whose capacitor is 20 % larger, recorded with an offset, upside down and late."""
    (folder / "clip.cir").write_text(CLIPPER)
    circuit = cn.read_netlist("clip.cir")
    x = cn.audio.guitar(1.5, 16_000, seed=2)
    box = cn.nodal.NodalModel(circuit.replace(C1="56.4n"), 16_000, oversampling=4)
    _, y = cn.run(box, np.pad(2.0 * x, (0, box.latency)).astype(np.float32))
    noise = 1e-3 * np.random.default_rng(0).standard_normal(len(x))
    soundfile.write("played.wav", x, 16_000, subtype="FLOAT")
    soundfile.write("recorded.wav", np.roll(0.01 - np.asarray(y)[box.latency :] + noise, 5), 16_000, subtype="FLOAT")
    words = "--fit C1 --volts 2 --excerpts 4 --starts 1 --oversample 2 --seconds 0.05 --warmup 0.02 --held-out 0.4"
    files = "-o found.html --json found.json --netlist found.cir --save found.npz"
    result = call("identify", "clip.cir", "played.wav", "recorded.wav", *words.split(), *files.split())
    assert "full scale: 2 V where it was played" in result.stdout
    told = json.loads(Path("found.json").read_text())
    assert told["found"]["C1"] == pytest.approx(56.4e-9, rel=0.02)
    assert told["report"]["alignment"]["polarity"] == -1
    assert told["report"]["alignment"]["delay_samples"] == pytest.approx(5, abs=0.1)
    assert float(cn.read_netlist("found.cir")["C1"].value) == pytest.approx(told["found"]["C1"], rel=1e-6)
    page = Path("found.html").read_text(encoding="utf-8")
    assert "polarity inverted" in page
    assert page.count("<img ") == 4
    call("run", "found.npz", "played.wav", "again.wav")
    again, recorded = soundfile.read("again.wav")[0], soundfile.read("recorded.wav")[0]
    left = recorded[800:] - recorded.mean() - again[795:-5]
    assert np.sum(left**2) < 1e-3 * np.sum(recorded**2)
