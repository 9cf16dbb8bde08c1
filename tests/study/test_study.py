"""The whole path from signal to report, at a size that a test can afford."""

import contextlib
import dataclasses
import io
import json
import os
from concurrent.futures import Future
from typing import ClassVar, final

import jax
import numpy as np
import pytest
from flax import nnx

from benchmarks.exposure_bias.__main__ import STUDY as EXPOSURE_BIAS
from benchmarks.state_matching.__main__ import STUDY as STATE_MATCHING
from circuitnn import audio, read_netlist
from circuitnn.model import Forcing
from circuitnn.recurrent import GRU, Scaling, StateMatchedGRU
from circuitnn.study import (
    REGIMES,
    Contender,
    Hypothesis,
    Material,
    Preset,
    RateSearch,
    Runs,
    Study,
    Target,
    Task,
    TrainingRegime,
    command,
    grid,
    main,
    processes,
    signals,
    training,
)
from circuitnn.study.cells import pooled
from circuitnn.study.datasets import datasets, shown
from circuitnn.study.definition import Job
from circuitnn.study.findings import lowest_errors
from circuitnn.study.run_log import RunLog
from circuitnn.train import Dataset, DivergenceError, InTurn, Regime, TruncatedBPTT

LOW_PASS = "Low pass\nVin in 0 0\nR1 in out {1k+9k*k}\nC1 out 0 22n\n.param k=0.5"


@final
@dataclasses.dataclass(frozen=True)
class EverySecondState(Regime):
    """A regime that the library does not have: the true state at every second sample."""

    needs_states: ClassVar[bool] = True

    def forcing(self, key, progress, previous):
        return None if previous is None else Forcing(previous, np.arange(previous.shape[1]) % 2 == 0)


def matched(task, rngs):
    return StateMatchedGRU(task.state_names, hidden=2, controls=task.knobs, scaling=task.scaling, rngs=rngs)


def plain(task, rngs):
    return GRU(2, controls=task.knobs, scaling=task.scaling, rngs=rngs)


STUDY = Study(
    module="tests.study.test_study",
    title="A regime of one's own",
    about="It is compared with nothing.",
    targets={"low-pass": Target("Low pass", lambda: read_netlist(LOW_PASS), knobs=("k",))},
    contenders={
        "mine": Contender(matched, regimes=("second",)),
        "GRU/2": Contender(plain, matched="none", learning_rate=2e-2),
    },
    presets={
        "small": Preset(
            "small",
            seeds=2,
            updates=2,
            batch=4,
            length=64,
            warmup=32,
            excitation_seconds=1.0,
            oversampling=1,
            search=RateSearch((1e-2, 2e-2), share=0.5, seeds=1),
        )
    },
    headline=lambda records: lowest_errors(records)[0],
    hypotheses=(
        Hypothesis(
            "mine helps",
            "It is better than a black box.",
            Runs("second", "mine"),
            Runs("TBPTT", "GRU/2"),
            smallest_db=0.5,
        ),
    ),
    regimes={"second": TrainingRegime("every second state", EverySecondState), "TBPTT": REGIMES["TBPTT"]},
    has_floor=True,
)


class Inline:
    """An executor that is this process: others would compile for seconds of their own. Stops before some job."""

    def __init__(self, stop=None):
        self.stop = stop

    def submit(self, work, study, job, *args):
        future = Future()
        if job.model == self.stop:
            future.set_exception(KeyboardInterrupt())
        else:
            future.set_result(work(study, job, *args))
        return future

    def shutdown(self, **options):
        pass


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A study of a user's own that was stopped and begun again: its folder, both exit codes and what was said."""
    folder = tmp_path_factory.mktemp("results")
    codes, said = [], []
    with pytest.MonkeyPatch.context() as patch:
        for stop in ("nodal", None):
            patch.setattr(processes, "pool", lambda count, stop=stop: contextlib.nullcontext(Inline(stop)))
            with contextlib.redirect_stdout(io.StringIO()) as text:
                codes.append(main(STUDY, ["--output", str(folder), "--targets", "low-pass"]))
            said.append(text.getvalue())
    return folder, codes, said


@pytest.mark.slow
def test_the_command_writes_what_it_promises(finished):
    folder, codes, said = finished
    assert codes == [130, 0]
    assert ["simulating" in text for text in said] == [True, False]  # the second run takes up what the first has left
    assert {path.suffix for path in folder.iterdir() if path.is_file()} == {".html", ".json", ".npz", ".png"}
    assert {path.suffix for path in (folder / "work").iterdir()} == {".lock"}
    results = json.loads((folder / "results.json").read_text())
    promised = {"circuit", "model", "regime", "seed", "parameters", "esr_teacher_forced", "esr_free_running"}
    promised |= {"exposure_bias_db", "train_seconds", "audio_seconds", "learning_rate"}
    assert all(promised <= set(row) for row in results["rows"])
    assert {"versions", "machine", "command", "data"} <= set(results["header"])
    for row in results["rows"]:
        tried = dict(row["rates_tried"])
        assert set(tried) == (set() if row["model"] == "nodal" else {1e-2, 2e-2})
        assert (row["esr_forced_at_its_best"] is None) == (row["model"] != "mine")
        assert not tried or row["learning_rate"] == min(tried, key=lambda rate: tried[rate])
    assert results["header"]["command"].endswith("--targets low-pass")
    description = results["header"]["description"]
    assert [claim["name"] for claim in description["hypotheses"]] == ["mine helps"]
    assert description["stated"] < results["header"]["created"]
    assert "Mine helps: not decided" in said[1]
    for row in results["rows"]:  # errors in parts add up to that of the whole
        assert {part["recording"] for part in row["parts"]} == {"built-in excitation (seed 0)"}
        assert pooled(row["parts"]) == pytest.approx(row["esr_free_running"], rel=1e-4)


@pytest.mark.slow
def test_a_contender_and_a_regime_of_ones_own(finished):
    rows = json.loads((finished[0] / "results.json").read_text())["rows"]
    runs = [(row["model"], row["regime"], row["seed"]) for row in rows]
    # A black box is not shown states: it does not appear under the new regime.
    cells = [("mine", "second"), ("GRU/2", "TBPTT")]
    assert runs == [("nodal", None, None), *((*cell, seed) for cell in cells for seed in (0, 1))]
    assert all(row["esr_free_running"] > rows[0]["esr_free_running"] for row in rows[1:])
    assert all((row["exposure_bias_db"] is None) == (row["model"] == "GRU/2") for row in rows)
    page = (finished[0] / "report.html").read_text()
    assert "every second state" in page
    assert "GRU/2 is a black box" in page


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*no rest is reached")
def test_a_seed_that_diverges_is_one_failure(tmp_path):
    made = []

    def second_is_lost(task, rngs):
        model = matched(task, rngs)
        made.append(model)
        if len(made) == 2:
            state = nnx.state(model, nnx.Param)
            nnx.update(model, jax.tree.map(lambda a: a * np.nan, state))
        return model

    study = dataclasses.replace(
        STUDY, contenders={"sick": Contender(second_is_lost, regimes=("TBPTT",))}, hypotheses=()
    )
    preset = dataclasses.replace(STUDY.presets["small"], seeds=3, search=None)
    with pytest.warns(UserWarning, match="model 1 became nan"):
        found = grid.compute(study, preset, signals.built_in(1.0), tmp_path, lambda: contextlib.nullcontext(Inline()))
    rows = [row for row in found.rows if row["model"] == "sick"]
    assert [row["seed"] for row in rows] == [0, 1, 2]
    assert [row["diverged"] is None for row in rows] == [True, False, True]
    assert [row["esr_free_running"] is None for row in rows] == [False, True, False]
    assert [row["esr_forced_at_its_best"] is None for row in rows] == [False, True, False]


def test_recordings_are_held_out_as_a_whole_or_in_part(tmp_path):
    rng = np.random.default_rng(0)
    for name, seconds in (("a", 0.5), ("b", 0.3), ("c", 0.2)):
        audio.write(tmp_path / f"{name}.wav", 0.1 * rng.standard_normal(int(48_000 * seconds)), 48_000)
    whole = signals.recordings([str(tmp_path)], test=["c"], validation=["b"])
    assert whole.files == {"train": ["a.wav"], "validation": ["b.wav"], "test": ["c.wav"]}
    assert len(whole.parts["test"]) == 0.2 * 48_000
    assert whole.lengths["test"] == [("c.wav", 9600)]
    parts = signals.recordings([str(tmp_path)])
    assert parts.files["test"] == ["a.wav", "b.wav", "c.wav"]
    assert parts.lengths["test"] == [("a.wav", 2400), ("b.wav", 1440), ("c.wav", 960)]
    assert len(parts.parts["train"]) == pytest.approx(0.8 * 48_000, rel=1e-4)
    with pytest.raises(ValueError, match=r"not among the recordings: z"):
        signals.recordings([str(tmp_path)], test=["z"], validation=["b"])
    with pytest.raises(ValueError, match="for neither"):
        signals.recordings([str(tmp_path)], test=["c"])
    with pytest.raises(ValueError, match="left for train"):
        signals.recordings([str(tmp_path)], test=["a", "b"], validation=["c"])


def test_too_little_sound_is_one_clear_error():
    short = signals.Signals({part: np.zeros(4000) for part in signals.PARTS}, "nothing", {})
    with pytest.raises(ValueError, match="too short for 4 recordings"):
        datasets(STUDY.targets["low-pass"], Preset("any", seeds=1, updates=1, pieces=4), short, volts=1.0)


def test_recordings_are_cut_to_a_presets_length():
    counts = [30_000, 4800, 30_000]
    sounds = signals.Signals(
        {part: np.arange(64_800.0) for part in signals.PARTS}, "three", {}, {"train": counts, "test": counts}
    )
    cut = Material(("guitar",), seconds=0.2, validation=0.3, test=1.0).cut(sounds, 4)
    assert cut.samples["train"] == [16_800, 4800, 16_800]  # 0.8 s, of which the short one gives all it has
    np.testing.assert_array_equal(cut.parts["train"][16_800:21_601], [*range(30_000, 34_800), 34_800])
    np.testing.assert_array_equal(cut.parts["validation"], range(57_600))
    assert cut.samples["test"] == [21_600, 4800, 21_600]


def test_recordings_of_the_command_line_are_cut_to_the_presets_length(tmp_path):
    for name in ("played", "held", "chosen"):
        audio.write(tmp_path / f"{name}.wav", 0.1 * np.sin(np.arange(60_000.0)), 48_000)
    words = ["--input", str(tmp_path), "--test", "held", "--validation", "chosen"]
    options, preset = command._options(STUDY).parse_args(words), STUDY.presets["small"]
    whole = command._material(options, preset)
    assert whole.files == {"train": ["played.wav"], "validation": ["chosen.wav"], "test": ["held.wav"]}
    assert whole.samples["train"] == [60_000]
    material = Material(("guitar",), seconds=0.25, validation=0.3, test=1.0)
    cut = command._material(options, dataclasses.replace(preset, material=material, pieces=2))
    assert [cut.samples[part] for part in signals.PARTS] == [[24_000], [28_800], [48_000]]
    assert "--test held" in command._command(STUDY, options)
    assert str(tmp_path) not in command._command(STUDY, options)


def test_seconds_of_a_budget_are_those_of_updates_alone(monkeypatch, tmp_path):
    """Not of compiling, of validations, nor of an epoch that the machine was slow at; timed once for a kind of task."""
    now, fits = [0.0], []

    def fitted(models, data, regime, *, epochs, callback, **options):
        fits.append((len(models), data.x.shape[1], options))
        for epoch in range(epochs):
            now[0] += 60.0 if epoch == 0 else 0.4 if epoch % 2 else 0.3
            callback(None)

    monkeypatch.setattr(training, "fit", fitted)
    monkeypatch.setattr(training, "_TIMES", {})
    monkeypatch.setattr(training.time, "process_time", lambda: now[0])
    x = np.zeros((2, 4800, 1))
    preset = dataclasses.replace(STUDY.presets["small"], blocks=2)  # of 2 x 64 samples after 32, 4 in a batch
    task = Task(1, ("k",), (), None, Scaling(np.ones(1), np.ones(1)), 48_000.0)
    found = [
        training._Training(STUDY, Job(name, "GRU/2", "TBPTT"), preset, task, {"train": Dataset(x, x)}, 1.0).updates_in(
            30.0, tmp_path / name
        )
        for name in ("one", "other")
    ]
    assert found == [400, 400]  # 0.3 s are two updates of two seeds
    assert [(seeds, samples) for seeds, samples, _ in fits] == [(2, 32 + 2 * 128)]
    assert "validation" not in fits[0][2]


def test_rates_are_searched_for_a_share_of_what_the_seconds_allow(monkeypatch, tmp_path):
    tried = []

    def fitted(models, data, regime, *, optimizer, epochs, callback=None, **options):
        if callback is not None and options.get("checkpoint") is None:  # the timing: two seeds, 0.1 s an update of each
            for epoch in range(epochs):
                now[0] += 0.2
                callback(epoch)
            return None
        tried.append((len(models), epochs))
        raise DivergenceError("no time for it")

    now, x = [0.0], np.zeros((2, 4800, 1))
    monkeypatch.setattr(training, "fit", fitted)
    monkeypatch.setattr(training, "_TIMES", {})
    monkeypatch.setattr(training.time, "process_time", lambda: now[0])
    data = {part: Dataset(x, x, controls={"k": x[..., 0]}, fs=48_000.0) for part in ("train", "validation", "test")}
    monkeypatch.setattr(training, "load", lambda *args: (data, []))
    preset = dataclasses.replace(STUDY.presets["small"], seconds=20.0)  # 200 updates, 37 in a pass
    job = Job("low-pass", "GRU/2", "TBPTT")
    training.work(STUDY, job, preset, tmp_path, [("x", 4800)])
    each = preset.updates_of_a_pass(data["train"])
    assert tried == [(1, round(100 / each))] * 2 + [(2, round(200 / each))]
    (row, _) = RunLog(tmp_path).results([job])[job].rows
    assert row["diverged"] == "no time for it"
    assert row["rates_tried"] == [[1e-2, None], [2e-2, None]]
    assert row["learning_rate"] == 1e-2


def test_a_regime_has_to_take_what_a_preset_says():
    with pytest.raises(ValueError, match=r"mine: build has to take length, warmup and blocks: .*'blocks'"):
        TrainingRegime("mine", lambda length, warmup: TruncatedBPTT(length, warmup))


def test_models_see_what_their_target_shows():
    rng = np.random.default_rng(0)
    data = Dataset(rng.normal(size=(2, 50, 2)), rng.normal(size=(2, 50, 1)), states=rng.normal(size=(2, 50, 4)))
    hidden, given = (
        shown(data, STATE_MATCHING.targets[f"phaser-{kind}"], ("C2", "C4")) for kind in ("hidden", "given")
    )
    assert hidden.x.shape == (2, 50, 1)
    np.testing.assert_array_equal(given.x, data.x)
    np.testing.assert_array_equal(hidden.states, data.states[..., [1, 3]])
    np.testing.assert_array_equal(hidden.initial, data.initial[..., [1, 3]])
    assert shown(data, STATE_MATCHING.targets["phaser-hidden"], ()).states is None


def test_black_boxes_are_not_shown_states():
    contenders = {"GRU": STUDY.contenders["GRU/2"], "mine": Contender(matched)}
    plain = dataclasses.replace(STUDY, contenders=contenders, hypotheses=())
    cells = [(job.model, job.regime) for job in plain.jobs(plain.presets["small"])]
    assert cells == [("nodal", None), ("GRU", "TBPTT"), ("mine", "second"), ("mine", "TBPTT")]
    only = dataclasses.replace(plain.presets["small"], contenders=("mine",), regimes=("second",))
    assert [(job.model, job.regime) for job in plain.jobs(only)] == [("nodal", None), ("mine", "second")]


def test_every_regime_gets_the_same_windows():
    parts = []
    for regime in (regime.build(length=512, warmup=200) for regime in REGIMES.values()):
        parts += [part for part, _ in regime.parts] if isinstance(regime, InTurn) else [regime]
    assert {(part.length, part.warmup, part.blocks) for part in parts} == {(512, 200, 1)}


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
    assert main(EXPOSURE_BIAS, arguments) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert says in said
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_worker_processes_start():
    with processes.pool(1) as executor:
        assert executor.submit(len, [1, 2, 3]).result() == 3


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores cannot be chosen here")
def test_workers_keep_to_a_core_where_there_is_one_for_each():
    cores = os.sched_getaffinity(0)
    with processes.pool(len(cores)) as executor:
        assert len(executor.submit(os.sched_getaffinity, 0).result()) == 1
    if len(cores) > 1:  # another study may run beside it
        with processes.pool(1) as executor:
            assert executor.submit(os.sched_getaffinity, 0).result() == cores


def test_workers_find_a_study_by_its_name():
    """What a process does with a study that it is handed, where the builders themselves could not be."""
    for study in (EXPOSURE_BIAS, STATE_MATCHING, STUDY):
        find, address = study.__reduce__()
        assert find(*address).title == study.title
