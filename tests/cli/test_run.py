from pathlib import Path

import numpy as np
import pytest
import soundfile
from flax import nnx

import circuitnn as cn
from circuitnn.cli import render
from circuitnn.train.checkpoint import save_tree
from tests.cli.conftest import FS
from tests.models import Gain, Leaky

CLOSE = {"rtol": 1e-6, "atol": 1e-7}  # files hold single precision


@pytest.fixture(autouse=True)
def _short_blocks(monkeypatch):
    monkeypatch.setattr(render, "BLOCK", 700)  # 3000 samples: five blocks, the last one not full


@pytest.fixture
def saved(monkeypatch, folder):
    """Have the file model.npz hold this model."""

    def kept(model):
        cn.train.save(Gain(), folder / "model.npz")  # a file that looks like one
        monkeypatch.setattr(cn.train, "restore", lambda _: model, raising=False)

    return kept


def sound(path="out.wav"):
    y, fs = soundfile.read(path)
    return y, fs


def expected(x, *, circuit=None, controls=None, **options):
    """The whole file at once."""
    model = cn.nodal.NodalModel(circuit or cn.read_netlist("tone.cir"), FS, dtype=np.float64, **options)
    return np.asarray(cn.run(model, x, controls=controls)[1])


def test_blocks_cannot_be_heard(call):
    result = call("run", "tone.cir", "in.wav", "out.wav", "--knob", "tone=0.2")
    y, fs = sound()
    assert fs == FS
    np.testing.assert_allclose(y, expected(sound("in.wav")[0], controls={"tone": 0.2}), **CLOSE)
    assert result.stdout.splitlines()[0] == "tone.cir: NodalModel at 8000 Hz; knobs: tone 0.2, level 1"
    assert "full scale is taken as 1 V (--volts)" in result.stdout
    assert not result.stderr


def test_automation_is_arrays_of_controls(call):
    Path("moves.csv").write_text("time_s,tone\n0.05,0\n0.2,1\n0.3,0.5\n")
    call("run", "tone.cir", "in.wav", "out.wav", "--automation", "moves.csv", "--knob", "level=0.7")
    x = sound("in.wav")[0]
    moving = np.interp(np.arange(len(x)) / FS, [0.05, 0.2, 0.3], [0, 1, 0.5])
    np.testing.assert_allclose(sound()[0], expected(x, controls={"tone": moving, "level": 0.7}), **CLOSE)


def test_each_channel_by_itself(call):
    x = np.random.default_rng(1).uniform(-0.5, 0.5, (1500, 3))
    soundfile.write("three.wav", x, FS, subtype="DOUBLE")
    call("run", "tone.cir", "three.wav", "out.wav")
    y, _ = sound()
    assert y.shape == (1500, 3)
    for channel in range(3):
        np.testing.assert_allclose(y[:, channel], expected(x[:, channel]), **CLOSE)


def test_volts(call):
    x = sound("in.wav")[0]
    call("run", "diode_clipper", "in.wav", "out.wav", "--volts", "4.5")
    clipper = cn.circuits.diode_clipper()
    np.testing.assert_allclose(sound()[0], expected(4.5 * x, circuit=clipper) / 4.5, **CLOSE)
    result = call("run", "diode_clipper", "in.wav", "out.wav", "--volts", "4.5", "--output-volts", "2")
    np.testing.assert_allclose(sound()[0], expected(4.5 * x, circuit=clipper) / 2, **CLOSE)
    assert "full scale is taken as 4.5 V in and 2 V out" in result.stdout


@pytest.mark.slow
def test_oversampling_is_in_step_with_the_input(call):
    call("run", "diode_clipper", "in.wav", "out.wav", "--oversample", "2")
    x = sound("in.wav")[0]
    clipper = cn.circuits.diode_clipper()
    late = cn.nodal.NodalModel(clipper, FS, oversampling=2).latency
    y = expected(np.concatenate([x, np.zeros(late)]), circuit=clipper, oversampling=2)
    assert late > 0
    np.testing.assert_allclose(sound()[0], y[late:], **CLOSE)


def test_normalised(call):
    call("run", "tone.cir", "in.wav", "out.wav")
    before = sound()[0]
    for option in ("--normalise", "--normalize"):
        assert "scaled by" in call("run", "tone.cir", "in.wav", "out.wav", option).stdout
        np.testing.assert_allclose(sound()[0], before / np.abs(before).max(), rtol=1e-6, atol=1e-7)


def test_what_is_above_full_scale(call):
    x = sound("in.wav")[0]
    y = expected(x) / 0.1
    above = np.count_nonzero(np.abs(y) > 1)
    assert above > 0
    result = call("run", "tone.cir", "in.wav", "out.wav", "--output-volts", "0.1")
    assert f"warning: out.wav: {above} samples are above full scale" in result.stderr
    np.testing.assert_allclose(sound()[0], y, **CLOSE)
    result = call("run", "tone.cir", "in.wav", "out.flac", "--output-volts", "0.1")
    assert f"warning: out.flac: {above} samples were clipped; use --normalise, or --output-volts 0." in result.stderr
    np.testing.assert_allclose(sound("out.flac")[0], y.clip(-1, 1), atol=2**-22)
    enough = result.stderr.split()[-1]
    assert not call("run", "tone.cir", "in.wav", "out.flac", "--output-volts", enough).stderr


def test_a_rate_that_was_asked_for(call):
    result = call("run", "tone.cir", "in.wav", "out.wav", "--fs", "12000")
    y, fs = sound()
    assert fs == 12000
    assert "at 12000 Hz, resampled from 8000 Hz" in result.stdout
    x = cn.audio.resample(sound("in.wav")[0], FS, fs)
    model = cn.nodal.NodalModel(cn.read_netlist("tone.cir"), fs, dtype=np.float64)
    np.testing.assert_allclose(y, cn.run(model, x)[1], **CLOSE)


def test_silence_stays_silence(call):
    soundfile.write("zero.wav", np.zeros(10), FS)
    assert "peak 0 V (silence)" in call("run", "tone.cir", "zero.wav", "out.wav", "--normalise").stdout
    assert not sound()[0].any()


def test_a_saved_model(call, saved):
    saved(Gain(2.0))
    result = call("run", "model.npz", "in.wav", "out.aiff", "--knob", "volume=0.25")
    np.testing.assert_allclose(sound("out.aiff")[0], 0.5 * sound("in.wav")[0], **CLOSE)
    assert "model.npz: Gain at 8000 Hz; knobs: volume 0.25" in result.stdout


def test_a_saved_model_runs_at_its_own_rate(call, saved):
    saved(cn.chain(Leaky(), Gain()))
    result = call("run", "model.npz", "in.wav", "out.wav")
    assert "at 48000 Hz, resampled from 8000 Hz" in result.stdout
    x = cn.audio.resample(sound("in.wav")[0], FS, 48_000)
    np.testing.assert_allclose(sound()[0], cn.run(Leaky(), x)[1], rtol=1e-5, atol=1e-6)
    said = call("run", "model.npz", "in.wav", "new.wav", "--fs", "44100", fails=2).stderr
    assert "was made for 48000 Hz; leave out --fs 44100" in said


KINDS = {
    "network": lambda: cn.recurrent.GRU(3, controls=("gain", "tone"), fs=FS, rngs=nnx.Rngs(0)),
    "hybrid": lambda: cn.chain(
        first=cn.nodal.NodalModel(cn.read_netlist("tone.cir"), FS, oversampling=2),
        second=cn.residual(cn.recurrent.Memoryless((2,), controls=("gain",), rngs=nnx.Rngs(0))),
    ),
    "filter": lambda: cn.filters.NeuralToneStack({"gain": 0.5, "tone": 0.2}, fs=FS, hidden=(2,), order=2),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_any_kind_plays(kind, call):
    model = KINDS[kind]()
    cn.train.save(model, "model.npz")
    result = call("run", "model.npz", "in.wav", "out.wav", "--knob", "TONE=0.9", "--knob", "gain=0.1")
    if kind == "hybrid":
        assert "knobs: tone 0.9, level 1, gain 0.1" in result.stdout
    x = np.append(sound("in.wav")[0], np.zeros(model.latency))
    _, y = cn.run(model, x, controls={"tone": 0.9, "gain": 0.1})
    np.testing.assert_allclose(sound()[0], y[model.latency :], rtol=1e-5, atol=1e-6)
    assert "sample rate" not in result.stderr
    assert "no knob 'mid'" in call("run", "model.npz", "in.wav", "o.wav", "--knob", "mid=0", fails=2).stderr


def test_a_network_that_knows_no_rate_says_so(call):
    cn.train.save(cn.recurrent.GRU(2, rngs=nnx.Rngs(0)), "model.npz")
    said = "warning: model.npz: does not say at which sample rate it was trained\n"
    assert call("run", "model.npz", "in.wav", "out.wav").stderr == said
    cn.train.save(cn.hybrid.Gain(0.5), "model.npz")
    assert not call("run", "model.npz", "in.wav", "new.wav").stderr


def test_a_file_that_does_not_say_what_it_holds(call):
    save_tree("old.npz", [np.zeros(3)], {"model": "GRU"})
    said = call("run", "old.npz", "in.wav", "out.wav", fails=2).stderr
    assert "old.npz: holds a GRU without its settings" in said
    assert "load(model, path)" in said


def test_a_saved_model_that_is_no_single_wire(call, saved):
    wide = Gain()
    wide.in_features = 2
    saved(wide)
    assert "takes 2 signals and gives 1" in call("run", "model.npz", "in.wav", "out.wav", fails=2).stderr


@pytest.mark.parametrize(
    "words", [("--oversample", "2"), ("--input", "Vin"), ("--output", "out")], ids=lambda words: words[0]
)
def test_options_of_netlists(words, call):
    said = call("run", "model.npz", "in.wav", "out.wav", *words, fails=2).stderr
    assert f"{words[0]} is for netlists; model.npz is a saved model" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.cir", "in.wav", "out.wav"], "none.cir: no such file"),
        (["tone.cir", "none.wav", "out.wav"], "none.wav: no such file"),
        (["tone.cir", "tone.cir", "out.wav"], "tone.cir: cannot be read as audio"),
        (["tone.cir", ".", "out.wav"], ".: is a folder"),
        (["tone.cir", "in.wav", "out.mp3"], "ends in one of .wav, .flac, .aiff, .aif"),
        (["tone.cir", "in.wav", "in.wav"], "in.wav: is the sound that is read"),
        (["tone.cir", "in.wav", "out.wav", "--volts", "0"], "--volts must be a positive number of volts, got 0"),
        (["tone.cir", "in.wav", "out.wav", "--volts", "nan"], "--volts must be a positive number of volts, got nan"),
        (["tone.cir", "in.wav", "out.wav", "--output-volts", "-1"], "--output-volts must be a positive number"),
        (["tone.cir", "in.wav", "out.wav", "--fs", "1"], "a sound at 1 Hz is none"),
        (["/dev/zero", "in.wav", "out.wav"], "is a pipe, a device or a socket, not a file"),
        (["/dev/zero.npz", "in.wav", "out.wav"], "no such file"),
        (["tone.cir", "/dev/zero", "out.wav"], "is a pipe, a device or a socket, not a file"),
        (["tone.cir", "in.wav", "out.wav", "--automation", "/dev/zero"], "is a pipe, a device or a socket"),
        (["tone.cir", "in.wav", "out.wav", "--fs", "0"], "Invalid value for '--fs'"),
        (["tone.cir", "in.wav", "out.wav", "--oversample", "3"], "Invalid value for '--oversample'"),
        (["tone.cir", "in.wav", "out.wav", "--knob", "tone=2"], "knob tone: 2 is outside 0..1"),
        (["tone.cir", "in.wav", "out.wav", "--knob", "mid=0"], "no knob 'mid'; there are tone, level"),
        (["tone.cir", "in.wav", "out.wav", "--automation", "none.csv"], "'none.csv' does not exist"),
    ],
)
def test_bad_input(words, said, call):
    assert said in call("run", *words, fails=2).stderr


def test_a_knob_cannot_be_held_and_moved(call):
    Path("moves.csv").write_text("time,tone\n0,1\n")
    words = ("--automation", "moves.csv", "--knob", "tone=0.5")
    assert (
        "moves tone, which --knob tone=0.5 holds" in call("run", "tone.cir", "in.wav", "o.wav", *words, fails=2).stderr
    )


def test_a_sound_that_is_none(call):
    soundfile.write("empty.wav", np.zeros(0), FS)
    assert "empty.wav: has no samples" in call("run", "tone.cir", "empty.wav", "out.wav", fails=2).stderr
    x = np.zeros(2000)
    x[1234] = np.nan
    soundfile.write("nan.wav", x, FS, subtype="FLOAT")
    assert "nan.wav: sample 1234 is not a finite number" in call("run", "tone.cir", "nan.wav", "o.wav", fails=2).stderr


def test_an_output_that_is_not_finite(call, saved):
    saved(Gain(np.inf))
    x = np.ones(2000)
    x[:800] = -1
    soundfile.write("in.wav", x, FS)
    assert (
        "the output is not a finite number from 0.000 s on"
        in call("run", "model.npz", "in.wav", "o.wav", fails=1).stderr
    )


def test_samples_that_do_not_converge_are_told_once(call, monkeypatch):
    from circuitnn.numerics import report

    def warned(carry, before=None):
        report.warnings.warn(
            "the nonlinear solve did not converge at 3 of 9 samples", report.SolveWarning, stacklevel=1
        )

    monkeypatch.setattr(report, "warn_of_failures", warned)
    monkeypatch.setattr("circuitnn.running.warn_of_failures", warned)
    result = call("run", "tone.cir", "in.wav", "out.wav")
    assert result.stderr == "warning: the nonlinear solve did not converge at 3 of 9 samples\n"


def test_nothing_is_left_half_written(call, monkeypatch):
    call("run", "tone.cir", "in.wav", "out.wav")
    before = Path("out.wav").read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    said = call("run", "tone.cir", "in.wav", "out.wav", "--knob", "tone=0", fails=1).stderr
    assert "out.wav: cannot be written: " in said
    assert Path("out.wav").read_bytes() == before


def test_a_folder_that_cannot_be_written(call):
    Path("file").write_text("")
    assert "file/out.wav: cannot be written" in call("run", "tone.cir", "in.wav", "file/out.wav", fails=1).stderr
    Path("folder.wav").mkdir()
    assert "folder.wav: is a folder" in call("run", "tone.cir", "in.wav", "folder.wav", fails=2).stderr


def test_progress_is_for_terminals(call, monkeypatch):
    assert not call("run", "tone.cir", "in.wav", "out.wav").stderr
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: True, raising=False)
    told = call("run", "tone.cir", "in.wav", "out.wav").stderr
    assert told.index("compiling") < told.index("running")


def test_a_cabinet_stands_behind_the_model(call):
    taps = np.random.default_rng(2).standard_normal((40, 2)) * 0.3
    soundfile.write("ir.wav", taps, FS, subtype="DOUBLE")
    result = call("run", "tone.cir", "in.wav", "out.wav", "--cabinet", "ir.wav")
    y = np.convolve(expected(sound("in.wav")[0]), taps[:, 0])[: len(sound()[0])]
    np.testing.assert_allclose(sound()[0], y, **CLOSE)
    assert "ir.wav: an impulse response of 5 ms, the first of 2 channels" in result.stdout
