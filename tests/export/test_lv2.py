"""Plug-ins of LV2: a real host plays what the model plays."""

import logging

import jax
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn import export
from circuitnn.export.lv2_bundle import _literal
from tests.export.hosting import Hosted, applied
from tests.export.models import Swept
from tests.export.playing import CC
from tests.export.test_header import TONE
from tests.export.test_words import HOSTILE

FS = 48_000
X = np.float32(0.3 * np.random.default_rng(0).standard_normal(1500)).astype(np.float64)
compiler = pytest.mark.skipif(CC is None, reason="there is no C compiler")


def gru(**options):
    return cn.recurrent.GRU(3, controls=("gain", "tone"), rngs=nnx.Rngs(0), **options)


def circuit(name, **options):
    return cn.nodal.NodalModel(name(), FS, dtype=np.float64, **options)


def tone():
    return cn.read_netlist(TONE.format(title="tone", knob="tone"))


def wavenet():
    return cn.convolutional.WaveNet.nam("nano", controls=("gain",), fs=FS, rngs=nnx.Rngs(0))


@pytest.mark.lv2apply
@compiler
@pytest.mark.parametrize(
    ("build", "knobs", "volts"),
    [
        (lambda: circuit(tone), {"tone": 0.1}, None),
        (gru, {"gain": 0.9, "tone": 0.2}, None),
        pytest.param(
            lambda: circuit(cn.circuits.tube_screamer_clipping), {"drive": 0.85}, (0.5, 2.0), marks=pytest.mark.slow
        ),
        pytest.param(wavenet, {"gain": 0.1}, None, marks=pytest.mark.slow),
    ],
    ids=["tone stack", "GRU", "clipper", "WaveNet"],
)
def test_lv2apply_plays_the_model(build, knobs, volts, tmp_path):
    with jax.enable_x64(True):
        model = build()
        folder = export.lv2(model, tmp_path / "pedal.lv2", volts=volts, rates=None if model.fs is None else (FS,))
        before, after = volts or (1.0, 1.0)
        expected = np.asarray(cn.run(model, before * X, controls=knobs)[1]) / after
    y = applied(folder, X, FS, **knobs)
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-6 * np.abs(expected).max())
    without = applied(folder, X, FS)
    assert np.abs(without - y).max() > 0.01 * np.abs(expected).max()


@compiler
def test_knobs_that_move_are_followed_as_by_the_header(played, tmp_path):
    with jax.enable_x64(True):
        model = Swept({"tone": 0.5, "load": 2.0})
        folder = export.lv2(model, tmp_path / "pedal.lv2", frame=32, rates=(FS,), ranges={"load": (1, 9)})
        header = played(model, frame=32)
    knobs = np.repeat([[0.5, 2.0], [0.9, 2.0], [0.9, 5.0], [0.1, 5.0]], 300, axis=0)
    expected = header.moving(X[:1200], knobs, every=100)
    hosted, parts = Hosted(folder, FS, knobs=(0.5, 2.0)), []
    for start in range(0, 1200, 100):
        hosted.knobs[0], hosted.knobs[1] = knobs[start]
        parts.append(hosted.play(X[start : start + 100], in_place=start % 200 == 0))
    hosted.close()
    np.testing.assert_allclose(np.concatenate(parts), expected, rtol=0, atol=1e-6)
    assert "lv2:minimum 1.0 ;\n    lv2:maximum 9.0" in (folder / "pedal.ttl").read_text()


@compiler
def test_rates_and_latency(tmp_path, capfd):
    with jax.enable_x64(True):
        late = cn.chain(Swept(), cn.hybrid.Delay(7, dtype=np.float64))
        folder = export.lv2(late, tmp_path / "pedal.lv2", rates=(24_000, 96_000))
    described = (folder / "pedal.ttl").read_text()
    assert described.count("lv2:reportsLatency") == 1
    latencies = []
    for fs in (24_000, 96_000):
        hosted = Hosted(folder, fs, knobs=(0.5, 2.0))
        assert np.isfinite(hosted.play(X)).all()
        latencies.append(hosted.latency)
        expected = cn.resampled(late, fs).latency
        assert latencies[-1] == expected
        hosted.close()
    assert latencies[0] != latencies[1]
    assert f"lv2:maximum {max(latencies):.0f} ;" in described
    assert not Hosted(folder, 48_000).instance
    assert "is for 24000, 96000 Hz, not for 48000 Hz" in capfd.readouterr().err


@compiler
def test_channels(tmp_path):
    with jax.enable_x64(True):
        folder = export.lv2(cn.hybrid.Gain(0.5, features=2), tmp_path / "pedal.lv2")
    x = np.stack([X, -2 * X], axis=1)
    hosted = Hosted(folder, 12_345, inputs=2, outputs=2)
    np.testing.assert_allclose(hosted.play(x, in_place=True), 0.5 * x, rtol=1e-6)
    hosted.close()
    assert '"in_2"' in (folder / "pedal.ttl").read_text()


@compiler
def test_what_is_no_number_ends_with_its_block(tmp_path):
    with jax.enable_x64(True):
        folder = export.lv2(Swept(), tmp_path / "pedal.lv2", rates=(FS,))
    hosted = Hosted(folder, FS, knobs=(0.5, 2.0))
    wrong = X.copy()
    wrong[100] = np.nan
    hosted.play(wrong)
    assert np.isfinite(hosted.play(X)).all()
    hosted.close()


@pytest.mark.lv2apply
@compiler
def test_what_strangers_wrote_is_a_text_for_hosts(tmp_path):
    names = [*HOSTILE, "in", "out", "latency", 'x" ; lv2:index 9 .\n<urn:evil> a lv2:Plugin', "$(touch evil)"]
    with jax.enable_x64(True):
        model = Swept(dict.fromkeys(names, 0.5))
        folder = export.lv2(model, tmp_path / "`a` 'b' $c;d.lv2", name='</x> """ \\ %s %n', rates=(FS,))
    assert sorted(path.name for path in folder.iterdir()) == [
        "a_b_c_d.c", "a_b_c_d.so", "a_b_c_d.ttl", "manifest.ttl"
    ]  # fmt: skip
    text = (folder / "a_b_c_d.ttl").read_text()
    assert text.count("\n    lv2:index") == 2 + len(names)
    assert len(set(text.split("\n    lv2:symbol ")[1:])) == 2 + len(names)
    assert np.isfinite(applied(folder, X[:200], FS)).all()
    said = applied(folder, X[:200], 44_100)
    assert "is for 48000 Hz, not for 44100 Hz" in said


@pytest.mark.parametrize("text", HOSTILE)
def test_literals_end_where_they_should(text):
    literal = _literal(text)
    inside = literal[1:-1].replace("\\\\", "").replace('\\"', "")
    assert literal.isascii()
    assert literal.isprintable()
    assert '"' not in inside
    assert "\\" not in inside


def test_without_a_compiler_there_is_the_line(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("circuitnn.export.plugin.found", lambda: None)
    with caplog.at_level(logging.WARNING, "circuitnn.export"):
        folder = export.lv2(cn.hybrid.Gain(0.5), tmp_path / "pedal.lv2")
    assert "cc -O3" in caplog.text
    assert "pedal.c -lm -o pedal." in caplog.text
    assert not list(folder.glob("*.so"))
    assert "cc -O3" in (folder / "pedal.c").read_text()[:400]


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("pedal", {}, "ends in .lv2"),
        ("pedal.lv2", {"uri": "urn:a> <b"}, "expected an address"),
        ("pedal.lv2", {"rates": (48_000,)}, "knows no sample rate"),
        ("pedal.lv2", {"volts": -1}, "expected a positive number"),
        ("other.lv2", {}, "folder of something else"),
    ],
)
def test_bad_input(name, options, says, tmp_path):
    (tmp_path / "other.lv2").mkdir()
    (tmp_path / "other.lv2" / "diary.txt").touch()
    with pytest.raises(ValueError, match=says):
        export.lv2(cn.hybrid.Gain(1.0), tmp_path / name, **options)
    assert not (tmp_path / "pedal.lv2").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"rates": (0,)}, "rates: expected 1 to 16 positive"),
        ({"rates": ()}, "rates: expected"),
        ({"ranges": {"load": (3, 4)}}, "load is 2, which is not from 3 to 4"),
        ({"ranges": {"lood": (3, 4)}}, "no knob 'lood'"),
    ],
)
def test_bad_rates_and_ranges(options, says, tmp_path):
    with jax.enable_x64(True), pytest.raises(ValueError, match=says):
        export.lv2(Swept(), tmp_path / "pedal.lv2", **({"rates": (FS,)} | options))
