"""Files of players from the command line: written, told, played."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from flax import nnx

import circuitnn as cn
from circuitnn.cli.export import FORMATS
from circuitnn.cli.models import PLAYERS
from circuitnn.export import formats
from tests.cli.conftest import FS
from tests.export.player_files import NAM_FILES, aidax_files, nam_file, rtneural_files


@pytest.fixture
def capture(folder):
    """A capture at the rate of in.wav, with levels; the same without."""
    data = NAM_FILES["lstm"] | {"sample_rate": FS}
    data["metadata"] = data["metadata"] | {"name": "My\namp", "modeled_by": "me", "loudness": -18.5}
    Path("capture.nam").write_text(json.dumps(data))
    Path("plain.nam").write_text(json.dumps({**data, "metadata": {}}))
    return cn.export.read_nam("capture.nam")


def test_a_capture_plays_in_full_scale_as_in_its_player(call, capture):
    said = call("run", "capture.nam", "in.wav", "out.wav").stdout
    x, y = (soundfile.read(name)[0] for name in ("in.wav", "out.wav"))
    expected = np.asarray(cn.run(capture, x.astype(np.float32))[1])
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-6)
    assert f"full scale is taken as {capture.volts[0]:g} V in and {capture.volts[1]:g} V out" in said
    call("run", "plain.nam", "in.wav", "plain.wav")
    np.testing.assert_allclose(soundfile.read("plain.wav")[0], y, rtol=0, atol=1e-6)
    # A sound whose full scale is half as many volts: half as loud in, and as many volts out.
    call("run", "capture.nam", "in.wav", "quiet.wav", "--volts", capture.volts[0] / 2, "--output-volts", 1)
    expected = capture.volts[1] * np.asarray(cn.run(capture, (x / 2).astype(np.float32))[1])
    np.testing.assert_allclose(soundfile.read("quiet.wav")[0], expected, rtol=1e-5, atol=1e-5)


def test_a_capture_at_another_rate_is_said(call, folder):
    Path("capture.nam").write_text(json.dumps(NAM_FILES["lstm"]))
    said = call("run", "capture.nam", "in.wav", "out.wav").stdout
    assert "capture.nam: LSTM at 48000 Hz, resampled from 8000 Hz" in said
    assert soundfile.info("out.wav").samplerate == 48_000


def rows(result):
    return {
        name: row.strip() for name, row in (line.split(":", 1) for line in result.stdout.splitlines() if ":" in line)
    }


def test_info_tells_formats_levels_and_what_a_file_says(call, capture):
    told = rows(call("info", "capture.nam"))
    assert told["format"] == "Neural Amp Modeler"
    assert told["says"] == "name My\\namp, modeled_by me, loudness -18.5"
    assert told["levels"] == "1.0 is 4.361 V in (12.0 dBu), 2.186 V out (6.0 dBu)"
    assert told["rate"] == "8000 Hz"
    Path("amp.json").write_text(json.dumps(aidax_files()["plain"]))
    told = rows(call("info", "amp.json"))
    assert (told["format"], told["rate"]) == ("AIDA-X", "48000 Hz")
    Path("stack.json").write_text(json.dumps(rtneural_files()["gru"]))
    told = rows(call("info", "stack.json"))
    assert (told["format"], told["rate"]) == ("RTNeural", "any: it knows none")


def test_a_width_of_a_container(call, folder):
    sizes = [{"max_value": limit, "model": nam_file(hidden, 1)} for hidden, limit in ((1, 0.5), (2, 1.0))]
    data = {"version": "0.7.0", "architecture": "SlimmableContainer", "config": {"submodels": sizes}, "weights": []}
    Path("several.nam").write_text(json.dumps(data))
    assert "hidden 2" in call("info", "several.nam").stdout
    assert "hidden 1" in call("info", "several.nam", "--width", "0.2").stdout


def test_export_by_the_name_of_the_file(call, capture, folder):
    model = cn.recurrent.LSTM(8, fs=FS, rngs=nnx.Rngs(0))
    cn.train.save(model, "lstm.npz")
    state = model.torch_state()
    for name, title in {
        "a.nam": "Neural Amp Modeler",
        "a.aidax": "AIDA-X",
        "a.json": "RTNeural",
        "a.npz": "PyTorch",
    }.items():
        assert title in call("export", "lstm.npz", name).stdout
        read = cn.export.read(name)
        found = read.torch_state()
        np.testing.assert_array_equal(found["rec.weight_ih_l0"], state["rec.weight_ih_l0"])
        np.testing.assert_array_equal(found["lin.bias"], state["lin.bias"])
        assert read.fs == FS
    call("export", "a.npz", "b.json", "--format", "aidax")
    assert rows(call("info", "b.json"))["format"] == "AIDA-X"
    call("export", "plain.nam", "loud.nam", "--volts", 4.5, "--name", "Loud")
    data = json.loads((folder / "loud.nam").read_text())
    assert data["metadata"]["name"] == "Loud"
    np.testing.assert_allclose(data["metadata"]["input_level_dbu"], 20 * np.log10(4.5 / np.sqrt(1.2)), rtol=1e-9)
    call("export", "capture.nam", "capture.h")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["export", "tone.cir", "tone.nam"], "does not hold a NodalModel"),
        (["export", "gru.npz", "gru.nam"], "no GRU: --format rtneural"),
        (["export", "gru.npz", "gru.aidax"], "units, not 2"),
        (["export", "gru.npz", "gru.aidax", "--main"], "--main is for c"),
        (["export", "gru.npz", "gru.json", "--volts", 1], "--volts is for lv2 and nam"),
        (["export", "gru.npz", "gru.json", "--format", "proteus"], "Proteus plays"),
        (["export", "gru.npz", "gru.txt"], "ends in .h"),
        (["export", "plain.nam", "plain.nam"], "is the model that is read"),
        (["info", "nowhere.nam"], "nowhere.nam: no such file"),
        (["run", "broken.json", "in.wav", "out.wav"], "broken.json: cannot be read as JSON"),
        (["run", "odd.json", "in.wav", "out.wav"], "odd.json: no file of a player"),
        (["run", "plain.nam", "in.wav", "out.wav", "--oversample", "2"], "--oversample is for netlists"),
        (["run", "tone.cir", "in.wav", "out.wav", "--width", "0.5"], "--width is for a .nam"),
        (["info", "gru.npz", "--width", "0.5"], "--width is for a .nam"),
        (["info", "stack.json", "--width", "0.5"], "a width is for a .nam"),
    ],
)
def test_bad_input(words, says, call, capture):
    cn.train.save(cn.recurrent.GRU(2, rngs=nnx.Rngs(0)), "gru.npz")
    Path("broken.json").write_text("{")
    Path("odd.json").write_text("{}")
    Path("stack.json").write_text(json.dumps(rtneural_files()["gru"]))
    assert says in call(*words, fails=2).stderr


def test_the_command_knows_the_formats_that_there_are():
    by_suffix = {}
    for name, form in formats.FORMATS.items():
        by_suffix.setdefault(form.suffix, name)  # the first one of a suffix
    assert by_suffix == PLAYERS
    assert ("c", "lv2", *formats.FORMATS) == FORMATS
