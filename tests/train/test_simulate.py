import os
import subprocess
import sys

import jax
import numpy as np
import pytest
import soundfile

from circuitnn import audio, circuits, read_netlist
from circuitnn.model import trace
from circuitnn.nodal import NodalModel
from circuitnn.train import simulate, simulate_dataset

FS = 48_000
DIVIDER = """* two sources
.param mix=0.5
V1 a 0 DC 0
V2 b 0 DC 0.25
R1 a out {1k*(0.01+mix)}
R2 b out 1k
C1 out 0 100n
.end
"""


def divider():
    return read_netlist(DIVIDER, inputs=("V1", "V2"))


@pytest.fixture(scope="module")
def sound():
    return audio.excitation(0.05, FS)


@pytest.fixture
def short_blocks(monkeypatch):
    monkeypatch.setattr(simulate, "BLOCK", 8 * 700)


def dataset(circuit, sound, **options):
    return simulate_dataset(circuit, sound, progress=False, **options)


def test_is_the_nodal_model_at_the_higher_rate(sound, short_blocks):
    circuit = circuits.diode_clipper()
    data = dataset(circuit, sound, volts=4.5, dtype=np.float64)
    # The same samples of the whole, from the seven before the first one on.
    padded = np.concatenate([np.zeros(200), sound, np.zeros(200)])
    u = 4.5 * audio.resample(padded, FS, 8 * FS)[200 * 8 - 7 :]
    _, y, states = trace(NodalModel(circuit, 8 * FS, dtype=np.float64), u[:, None])
    np.testing.assert_array_equal(data.x[0, :, 0], 4.5 * sound)
    np.testing.assert_allclose(data.y[0], y[7::8][: len(sound)], atol=1e-12)
    np.testing.assert_allclose(data.states[0], states[7::8][: len(sound)], atol=1e-12)
    np.testing.assert_array_equal(data.initial, [[0.0]])
    assert data.fs == FS


def test_blocks_change_nothing(sound, short_blocks, monkeypatch):
    turned = np.linspace(0, 1, len(sound))
    other = {"V2": 0.3 * np.cos(np.arange(len(sound)) / 500)}
    pieces = dataset(divider(), sound, inputs=other, controls={"mix": turned}, dtype=np.float64)
    monkeypatch.setattr(simulate, "BLOCK", 2**18)
    whole = dataset(divider(), sound, inputs=other, controls={"mix": turned}, dtype=np.float64)
    np.testing.assert_allclose(pieces.y, whole.y, atol=1e-12)
    np.testing.assert_allclose(pieces.states, whole.states, atol=1e-12)
    np.testing.assert_array_equal(whole.x[0, :, 1], other["V2"])
    np.testing.assert_array_equal(whole.controls["mix"][0], turned)


def test_the_rest_is_that_of_the_knobs_and_of_the_other_inputs():
    quiet = dataset(divider(), np.zeros((2, 100)), controls={"mix": [[0.0], [1.0]]}, dtype=np.float64)
    r1 = 1e3 * np.array([0.01, 1.01])
    at_rest = 0.25 * r1 / (r1 + 1e3)  # V2 keeps its DC value
    np.testing.assert_allclose(quiet.initial[:, 0], at_rest, rtol=1e-6)
    np.testing.assert_allclose(quiet.y[:, :, 0], np.broadcast_to(at_rest[:, None], (2, 100)), rtol=1e-6)
    assert quiet.controls["mix"].shape == (2, 100)


def test_recordings_are_simulated_side_by_side(sound):
    both = dataset(divider(), np.stack([sound, -sound]), controls={"mix": [[0.2], [0.8]]}, dtype=np.float64)
    second = dataset(divider(), -sound, controls={"mix": 0.8}, dtype=np.float64)
    np.testing.assert_allclose(both.y[1], second.y[0], atol=1e-12)


def test_files_one_after_the_other_at_any_rate(tmp_path, sound):
    soundfile.write(tmp_path / "1.wav", sound, FS, subtype="DOUBLE")
    soundfile.write(tmp_path / "2.wav", audio.resample(sound, FS, 44_100), 44_100, subtype="DOUBLE")
    data = dataset(divider(), [tmp_path / "1.wav", tmp_path / "2.wav"], volts=2, dtype=np.float64)
    again = audio.resample(audio.resample(sound, FS, 44_100), 44_100, FS)
    np.testing.assert_allclose(data.x[0, :, 0], 2 * np.concatenate([sound, again]), atol=1e-12)
    alone = dataset(divider(), str(tmp_path / "1.wav"), volts=2, dtype=np.float64)
    np.testing.assert_allclose(data.y[:, : len(sound) - 100], alone.y[:, :-100], atol=1e-5)  # the filter's ringing


def test_what_was_simulated_is_kept(tmp_path, sound, monkeypatch):
    first = dataset(divider(), sound, controls={"mix": 0.3}, cache=tmp_path)
    monkeypatch.setattr(simulate, "NodalModel", None)  # whoever simulates again, fails
    again = dataset(divider(), sound, controls={"mix": 0.3}, cache=tmp_path)
    for name in ("x", "y", "states", "initial"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert first.y.dtype == np.float32
    for changed in ({"controls": {"mix": 0.31}}, {"volts": 1.1}, {"oversampling": 4}, {"rule": "bdf2"}):
        with pytest.raises(TypeError):
            dataset(divider(), sound, **({"controls": {"mix": 0.3}, "cache": tmp_path} | changed))
    with pytest.raises(TypeError):
        dataset(divider().replace(C1=99e-9), sound, controls={"mix": 0.3}, cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1  # nothing half-made is left


def test_a_damaged_cache_is_made_anew_and_said(tmp_path, sound):
    whole = np.array(dataset(divider(), sound, cache=tmp_path).y)  # not the file itself
    (folder,) = tmp_path.iterdir()
    (folder / "y.npy").write_bytes((folder / "y.npy").read_bytes()[:-1] + b"?")
    with pytest.warns(UserWarning, match=r"damaged \(y.npy has changed\): it is made anew"):
        again = dataset(divider(), sound, cache=tmp_path)
    np.testing.assert_array_equal(whole, again.y)
    assert [entry.name for entry in tmp_path.iterdir()] == [folder.name]


def test_bad_input_is_one_clear_error(sound, tmp_path):
    nan = np.where(np.arange(len(sound)) == 7, np.nan, sound)
    (tmp_path / "file").write_text("")
    for options, says in [
        ({"controls": {"gain": 0.5}}, "no knob 'gain'; there are mix"),
        ({"controls": {"mix": np.zeros(7)}}, r"knob mix: expected .* = \(2400,\), got the shape \(7,\)"),
        ({"controls": {"mix": np.nan}}, "knob mix: nan is not finite"),
        ({"controls": {"mix": np.zeros((3, 1))}}, r"knob mix: expected .*\(3, 1\)"),
        ({"inputs": {"V3": sound}}, "no input named V3 beside V1"),
        ({"inputs": {"V2": sound[:9]}}, "input V2 has 9 samples, the sound has 2400"),
        ({"inputs": {"V2": np.stack([sound, sound])}}, "input V2 has the shape"),
        ({"oversampling": 0}, "oversampling must be"),
        ({"cache": tmp_path / "file"}, "cannot be written"),
    ]:
        with pytest.raises(ValueError, match=says):
            dataset(divider(), sound, **options)
    for bad, says in [
        (np.zeros((2, 2, 2)), r"must be \(time,\) or \(recordings, time\)"),
        (nan, "sample 7 is not a finite"),
        (tmp_path / "none.wav", "no such file"),
        (np.zeros(0), "no samples"),
    ]:
        with pytest.raises(ValueError, match=says):
            dataset(divider(), bad)


@pytest.mark.slow
def test_the_phaser_with_a_moving_oscillator(sound):
    lfo = -2.1 + 0.15 * np.sin(2 * np.pi * 5 * np.arange(len(sound)) / FS)
    still = dataset(circuits.phase90_stage(), sound[:480], oversampling=2)
    moved = dataset(circuits.phase90_stage(), sound[:480], inputs={"Vlfo": lfo[:480]}, oversampling=2)
    assert moved.x.shape == (1, 480, 2)
    assert moved.states.shape == (1, 480, len(circuits.phase90_stage().state_names))
    np.testing.assert_allclose(still.x[0, :, 1], -2.1, rtol=1e-6)
    assert np.max(np.abs(moved.y - still.y)) > 1e-4


LOW_PASS = "* low-pass\nVin in 0 DC 0\nR1 in out 1k\nC1 out 0 100n\n.end\n"
# What a process prints: the most memory of its own, in kB, that it had while it simulated each of the lengths.
MEASURE = """
import sys, threading, time
import numpy as np
from circuitnn import read_netlist
from circuitnn.train import simulate_dataset
folder, netlist, *lengths = sys.argv[1:]
peak, done = 0, False
def own():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))
def watch():
    global peak
    while not done:
        peak = max(peak, own())
        time.sleep(0.02)
watcher = threading.Thread(target=watch, daemon=True)
watcher.start()
for number, seconds in enumerate(map(int, lengths)):
    x = np.lib.format.open_memmap(folder + f"/{number}.npy", "w+", np.float32, (48000 * seconds,))
    for start in range(0, len(x), 48000):
        x[start : start + 48000] = np.sin(np.arange(48000) / (20 + number))
    del x
    x, peak = np.load(folder + f"/{number}.npy", mmap_mode="r"), 0
    data = simulate_dataset(read_netlist(netlist), x, oversampling=1, cache=folder + "/cache", progress=False)
    assert data.samples == 48000 * seconds
    print(peak)
done = True
watcher.join()
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_hours_need_no_more_memory_than_minutes(tmp_path):
    """Four times as long, the memory that is the process's own (not the mapped files) grows by less than 20 MB.

    The signals of the difference have 415 MB. In one process, after some minutes: what compiling leaves behind and the
    heap's own reserves, which fill in steps of 2 to 4 MB, differ by 30 MB from process to process.
    """
    arguments = [sys.executable, "-c", MEASURE, str(tmp_path), LOW_PASS, "60", "240", "960"]
    quiet = os.environ | {"MALLOC_ARENA_MAX": "2"}  # as many heaps as there are threads keep what they once had
    printed = subprocess.run(arguments, capture_output=True, text=True, timeout=240, check=True, env=quiet).stdout
    _, shorter, longer = map(int, printed.split())
    assert longer < shorter + 20_000  # kB


def test_the_callers_precision_is_left_alone(sound):
    with jax.enable_x64(False):
        data = dataset(divider(), sound[:100], dtype=np.float64)
        assert jax.numpy.zeros(1).dtype == np.float32
    assert data.y.dtype == np.float64


def test_progress_says_what_it_is_at(sound, short_blocks, capsys):
    simulate_dataset(circuits.diode_clipper(), sound, volts=4.5)
    told = capsys.readouterr().err
    assert told.index("compiling") < told.index("simulating")
    dataset(circuits.diode_clipper(), sound, volts=4.5)
    assert not capsys.readouterr().err
