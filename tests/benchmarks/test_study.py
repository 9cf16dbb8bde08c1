"""The whole path from signal to report, at a size that a test can afford."""

import json

import numpy as np
import pytest

from benchmarks.exposure_bias import __main__ as command
from benchmarks.exposure_bias import material, presets, processes, study
from circuitnn import audio

SMALL = presets.Preset(
    "quick",
    seeds=2,
    updates=4,
    contenders=("STN 4-4-4", "GRU-8"),
    batch=8,
    length=64,
    warmup=32,
    excitation_seconds=1.0,
)


def test_recordings_are_held_out_as_a_whole_or_in_part(tmp_path):
    rng = np.random.default_rng(0)
    for name, seconds in (("a", 0.5), ("b", 0.3), ("c", 0.2)):
        audio.write(tmp_path / f"{name}.wav", 0.1 * rng.standard_normal(int(48_000 * seconds)), 48_000)
    whole = material.recordings([str(tmp_path)], test=["c"], validation=["b"])
    assert whole.files == {"train": ["a.wav"], "validation": ["b.wav"], "test": ["c.wav"]}
    assert len(whole.signals["test"]) == 0.2 * 48_000
    parts = material.recordings([str(tmp_path)])
    assert parts.files["test"] == ["a.wav", "b.wav", "c.wav"]
    assert len(parts.signals["train"]) == pytest.approx(0.8 * 48_000, rel=1e-4)
    with pytest.raises(ValueError, match=r"not among the recordings: z"):
        material.recordings([str(tmp_path)], test=["z"], validation=["b"])
    with pytest.raises(ValueError, match="for neither"):
        material.recordings([str(tmp_path)], test=["c"])
    with pytest.raises(ValueError, match="left for train"):
        material.recordings([str(tmp_path)], test=["a", "b"], validation=["c"])


def test_every_regime_gets_the_same_windows():
    for preset in presets.PRESETS.values():
        parts = []
        for name in presets.REGIMES:
            regime = preset.regime(name)
            parts += [part for part, _ in regime.parts] if hasattr(regime, "parts") else [regime]
        assert {(part.length, part.warmup, part.blocks) for part in parts} == {(preset.length, preset.warmup, 1)}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One run of the command in this process: its folder and its exit code."""
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(presets.PRESETS, "quick", SMALL)
        patch.delitem(presets.CIRCUITS, "diode-clipper-2nd-order")
        # The processes of a real run are replaced by threads: each would compile for seconds of its own.
        patch.setattr(processes, "pool", _Inline)
        code = command.main(["--output", str(folder)])
    return folder, code


class _Inline:
    """A pool of processes that is this process."""

    def __init__(self, processes):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def submit(self, work, *args):
        from concurrent.futures import Future

        future = Future()
        future.set_result(work(*args))
        return future


@pytest.mark.slow
def test_the_command_writes_what_it_promises(finished):
    folder, code = finished
    assert code == 0
    assert sorted(p.suffix for p in folder.iterdir() if p.is_file()) >= [".html", ".json", ".npz", ".png"]
    assert not (folder / "work").exists() or not list((folder / "work").iterdir())
    results = json.loads((folder / "results.json").read_text())
    promised = {"circuit", "model", "regime", "seed", "parameters", "esr_teacher_forced", "esr_free_running"}
    promised |= {"exposure_bias_db", "train_seconds", "audio_seconds"}
    assert all(promised <= set(row) for row in results["rows"])
    assert {"versions", "machine", "command", "data"} <= set(results["header"])
    # nodal + 4 regimes x 2 seeds of the STN + 2 seeds of the GRU
    assert len(results["rows"]) == 1 + 4 * 2 + 2
    black = [row for row in results["rows"] if row["model"] == "GRU-8"]
    assert all(row["esr_teacher_forced"] is None and row["exposure_bias_db"] is None for row in black)


@pytest.mark.slow
def test_the_nodal_model_is_the_floor(finished):
    rows = json.loads((finished[0] / "results.json").read_text())["rows"]
    for circuit in {row["circuit"] for row in rows}:
        floor = next(row for row in rows if row["circuit"] == circuit and row["model"] == study.NODAL)
        others = [row["esr_free_running"] for row in rows if row["circuit"] == circuit and row["model"] != study.NODAL]
        assert floor["esr_free_running"] < 1e-4
        assert all(value is None or value > floor["esr_free_running"] for value in others)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--input", "nowhere.wav"], "nowhere.wav"),
        (["--output", "/proc/nowhere"], "cannot write results to /proc/nowhere"),
    ],
)
def test_bad_input_is_one_line(arguments, says, tmp_path, capsys):
    if "--output" not in arguments:
        arguments = [*arguments, "--output", str(tmp_path)]
    assert command.main(arguments) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert says in said
    assert not list(tmp_path.iterdir())


def test_worker_processes_start():
    with processes.pool(1) as pool:
        assert pool.submit(abs, -3).result() == 3
