import sys
from pathlib import Path

import numpy as np
import pytest

import circuitnn as cn
from circuitnn.cli import family, picture

HEADS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


def table(path):
    names = Path(path).read_text().splitlines()[0].split(",")
    return dict(zip(names, np.loadtxt(path, delimiter=",", skiprows=1).T, strict=True))


def test_the_table_is_the_frequency_response(call):
    call("response", "tone.cir", "-o", "t.csv", "--freqs", "50:5000:7", "--knob", "level=0.3")
    found = table("t.csv")
    assert list(found) == ["tone", "level", "freq_hz", "magnitude_db", "phase_deg"]
    tone, level = found["tone"].reshape(-1, 7)[:, :1], found["level"].reshape(-1, 7)[:, :1]
    turned = [(t, 0.3) for t in np.linspace(0, 1, 5)] + [(0.5, value) for value in np.linspace(0, 1, 5)]
    assert sorted(zip(tone[:, 0], level[:, 0], strict=True)) == sorted(set(turned))  # no setting twice
    freqs = np.geomspace(50, 5000, 7)
    np.testing.assert_allclose(found["freq_hz"].reshape(-1, 7), np.broadcast_to(freqs, (len(tone), 7)), rtol=1e-9)
    circuit = cn.read_netlist("tone.cir")
    h = cn.nodal.frequency_response(circuit, freqs, controls={"tone": tone, "level": level})
    written = 10 ** (found["magnitude_db"] / 20) * np.exp(1j * np.radians(found["phase_deg"]))
    np.testing.assert_allclose(written.reshape(-1, 7), h, rtol=1e-8)


def test_names_of_source_and_node(call):
    Path("other.cir").write_text(Path("tone.cir").read_text().replace("Vin", "Vsig").replace("out", "o"))
    call("response", "tone.cir", "-o", "t.csv")
    call("response", "other.cir", "--input", "Vsig", "--output", "o", "-o", "o.csv")
    assert Path("o.csv").read_bytes() == Path("t.csv").read_bytes()


@pytest.mark.parametrize("suffix", HEADS)
def test_pictures(suffix, call):
    for name in ("one", "two"):
        call("response", "tone.cir", "-o", f"{name}{suffix}")
    assert Path(f"one{suffix}").read_bytes().startswith(HEADS[suffix])
    assert Path(f"one{suffix}").read_bytes() == Path(f"two{suffix}").read_bytes()


def test_the_picture_is_named_after_the_circuit(call):
    assert call("response", "tone.cir").stdout.endswith("\ntone-response.png\n")
    assert Path("tone-response.png").is_file()


def test_what_a_picture_says(call):
    call("response", "tone.cir", "-o", "t.svg", "--steps", 3, "--knob", "tone=0.25")
    text = Path("t.svg").read_text()
    said = ["Tone control of one pot", "from Vin to out", "tone 0.25, level 1", "frequency in Hz", "gain in dB"]
    for words in [*said, "knob at", "0.5"]:
        assert f"<!-- {words}" in text or words in text, words


def test_a_circuit_of_the_catalogue_and_a_file_of_that_name(call):
    call("response", "sallen_key", "-o", "theirs.csv", "--freqs", "100:200:2")
    assert list(table("theirs.csv"))[:2] == ["cutoff", "resonance"]
    Path("sallen_key").write_text(Path("tone.cir").read_text())
    call("response", "sallen_key", "-o", "mine.csv", "--freqs", "100:200:2")
    assert list(table("mine.csv"))[:2] == ["tone", "level"]


def test_without_knobs_there_is_one_curve(call):
    result = call("response", "diode_clipper", "-o", "d.csv", "--freqs", "100:200:2")
    assert "knobs: none" in result.stdout
    assert list(table("d.csv")) == ["freq_hz", "magnitude_db", "phase_deg"]
    call("response", "diode_clipper", "-o", "d.png")


def test_numbers_of_the_netlist_that_are_no_knobs_stay(call):
    text = Path("tone.cir").read_text().replace("level=1", "level=1 load=10k").replace("out 0 10k", "out 0 {load}")
    Path("tone.cir").write_text(text)
    call("response", "tone.cir", "-o", "t.csv", "--freqs", "100:200:2")
    assert list(table("t.csv"))[:2] == ["tone", "level"]
    result = call("response", "tone.cir", "--knob", "load=0.5", fails=2)
    assert "load is no knob, its default is 10000" in result.stderr


def test_a_knob_that_silences(call):
    Path("mute.cir").write_text(
        "* m\n.param level=1\nVin in 0 0\nR1 in out {10k*(1-level)+1}\nR2 out 0 {10k*level}\n.end"
    )
    call("response", "mute.cir", "-o", "m.csv", "--freqs", "100:200:2")
    assert table("m.csv")["magnitude_db"][0] == -np.inf
    call("response", "mute.cir", "-o", "m.svg")
    assert "at 0: silent" in Path("m.svg").read_text()


@pytest.mark.ngspice
def test_beside_ngspice(call, ngspice):
    result = call("response", "tone.cir", "-o", "t.csv", "--ngspice", "--freqs", "100:1000:3")
    found = table("t.csv")
    np.testing.assert_allclose(found["ngspice_magnitude_db"], found["magnitude_db"], atol=1e-5)
    np.testing.assert_allclose(found["ngspice_phase_deg"], found["phase_deg"], atol=1e-4)
    assert f"ngspice {ngspice}: the largest difference is " in result.stdout
    call("response", "tone.cir", "-o", "t.svg", "--ngspice", "--steps", 2)
    assert "ngspice" in Path("t.svg").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing.cir"], "nothing.cir: no such file, and no circuit of that name"),
        (["basman"], "(did you mean bassman?)"),
        (["bassman.cir"], "(the catalogue has bassman, without ending)"),
        (["."], ".: is a folder"),
        (["tone.cir", "--input", "Vx"], "tone.cir: no source named 'Vx'"),
        (["tone.cir", "--output", "x"], "tone.cir: no node named 'x'"),
        (["tone.cir", "--output", "x.png"], "for a file: -o x.png"),
        (["tone.cir", "--knob", "tone"], "'tone' is not NAME=POSITION"),
        (["tone.cir", "--knob", "tone=loud"], "'tone=loud' is not NAME=POSITION"),
        (["tone.cir", "--knob", "tone=nan"], "'tone=nan' is not NAME=POSITION"),
        (["tone.cir", "--knob", "tone=1.5"], "knob tone: 1.5 is outside 0..1"),
        (["tone.cir", "--knob", "tone=-0.1"], "knob tone: -0.1 is outside 0..1"),
        (["tone.cir", "--knob", "ton=0.5"], "no knob 'ton' (did you mean tone?); there are tone, level"),
        (["tone.cir", "--knob", "tone=0.5", "--knob", "Tone=0.5"], "--knob Tone: given twice"),
        (["diode_clipper", "--knob", "tone=0.5"], "there are none: a knob is a .param with a number from 0 to 1"),
        (["tone.cir", "--freqs", "20:20000"], "is not START:STOP:COUNT"),
        (["tone.cir", "--freqs", "0:20000:10"], "START must be above 0 Hz and below STOP"),
        (["tone.cir", "--freqs", "100:100:10"], "START must be above 0 Hz and below STOP"),
        (["tone.cir", "--freqs", "20:nan:10"], "START must be above 0 Hz and below STOP"),
        (["tone.cir", "--freqs", "20:20000:1"], "one frequency is no curve"),
        (["tone.cir", "-o", "t.jpg"], "t.jpg: the name ends in .png, .svg, .pdf for a picture, or .csv"),
    ],
)
def test_bad_input(words, said, call):
    assert said in call("response", *words, fails=2).stderr


def test_the_line_of_a_netlist_is_named(call):
    Path("tone.cir").write_text(Path("tone.cir").read_text().replace("22n", "22n 3 4"))
    message = call("response", "tone.cir", fails=2).stderr
    assert message.startswith("error: tone.cir: line 5: C1 ")
    Path("other.cir").write_text("* other\nVa a 0 9\nVb b 0 9\nR1 a out 1k\nR2 out b 1k\n.end")
    assert "the sources are Va, Vb" in call("response", "other.cir", fails=2).stderr


def test_a_response_that_is_not_finite(call, monkeypatch):
    def broken(circuit, freqs, controls):
        return np.full((len(controls["tone"]), len(freqs)), np.nan)

    monkeypatch.setattr(cn.nodal, "frequency_response", broken)
    message = call("response", "tone.cir", fails=1).stderr
    assert message == "error: the response at tone 0, level 1 and 20 Hz is not a finite number\n"


def test_without_matplotlib(call, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "pip install 'circuitnn[plots]'" in call("response", "tone.cir", fails=1).stderr
    call("response", "tone.cir", "-o", "t.csv")


def test_without_ngspice(call, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert "ngspice is not installed" in call("response", "tone.cir", "--ngspice", fails=1).stderr


@pytest.mark.parametrize("out", ["t.png", "t.csv"])
def test_nothing_is_left_half_written(out, call, monkeypatch):
    call("response", "tone.cir", "-o", out)
    before = Path(out).read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert "No space left" in call("response", "tone.cir", "-o", out, "--knob", "tone=0", fails=1).stderr
    assert Path(out).read_bytes() == before


def test_the_ticks_of_any_range_are_few_and_round():
    for low, high in ((20, 20e3), (1000, 1400), (0.05, 2e6), (15, 90), (1e-3, 1e9)):
        ticks = picture._ticks(low, high)
        assert 3 <= len(ticks) <= 10
        assert low <= ticks[0] * (1 + 1e-6)
        assert ticks[-1] <= high * (1 + 1e-6)
    assert [picture._hertz(f) for f in picture._ticks(20, 20e3)][:4] == ["20", "50", "100", "200"]


def test_one_call_for_all_settings(folder):
    found = family.family(cn.read_netlist("tone.cir"), np.array([100.0]), held={}, steps=2)
    assert found.swept == {"tone": [0, 1], "level": [2, 3]}
    assert found.response.shape == (4, 1)


def test_several_circuits_are_one_curve_each(call):
    call(
        "response",
        "tone.cir",
        "tone.cir@tone=0.9@C1=47n",
        "bassman",
        "-o",
        "t.csv",
        "--freqs",
        "50:5000:7",
        "--knob",
        "tone=0.2",
    )
    lines = [line.split(",") for line in Path("t.csv").read_text().splitlines()]
    assert lines[0] == ["circuit", "freq_hz", "magnitude_db", "phase_deg"]
    circuit = cn.read_netlist("tone.cir")
    expected = {
        "tone.cir": (circuit, {"tone": 0.2}),
        "tone.cir@tone=0.9@C1=47n": (circuit.replace(C1=47e-9), {"tone": 0.9}),
        "bassman": (cn.circuits.bassman(), {}),
    }
    assert [line[0] for line in lines[1::7]] == list(expected)
    for start, (one, controls) in zip(range(1, 22, 7), expected.values(), strict=True):
        h = np.asarray(cn.nodal.frequency_response(one, np.geomspace(50, 5000, 7), controls=controls))
        found = [float(line[2]) for line in lines[start : start + 7]]
        np.testing.assert_allclose(found, 20 * np.log10(np.abs(h)), rtol=1e-8, atol=1e-8)


def test_a_picture_of_several_names_them(call):
    result = call("response", "bassman", "diode_clipper@D*=1N34A", "-o", "t.svg", "--freqs", "50:5000:9")
    assert "diode_clipper@D*=1N34A: D1, D2: 1N34A of this library's own parts" in result.stdout
    text = Path("t.svg").read_text()
    for words in ("Frequency responses", "bassman", "diode_clipper@D*=1N34A", "gain in dB"):
        assert f"<!-- {words}" in text


@pytest.mark.skipif(cn.spice.version() is None, reason="ngspice is not installed")
def test_ngspice_of_several(call):
    out = call("response", "tone.cir", "tone.cir@tone=0.9", "-o", "t.csv", "--freqs", "50:5000:7", "--ngspice").stdout
    assert "ngspice" in out
    rows = np.genfromtxt("t.csv", delimiter=",", skip_header=1)[:, 1:]
    np.testing.assert_allclose(rows[:, 1], rows[:, 3], atol=1e-6)
    assert np.ptp(rows[:, 1].reshape(2, 7), axis=0).max() > 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tone.cir", "tone.cir"], "tone.cir: given twice"),
        (["tone.cir", "tone.cir@"], "tone.cir@: SOURCE@NAME=VALUE is a source with"),
        (["tone.cir", "tone.cir@R9=1"], "tone.cir@R9=1: no value named 'R9'"),
        (["tone.cir", "tone.cir@tone=2"], "tone.cir@tone=2: knob tone: 2 is outside 0..1"),
        (["tone.cir", "none.cir@tone=1"], "none.cir: no such file"),
        (["tone.cir", "bassman", "--knob", "drive=1"], "tone.cir: no knob 'drive'"),
    ],
)
def test_mistakes_with_several(words, message, call):
    assert message in call("response", *words, "-o", "t.csv", fails=2).stderr
