"""Results that many processes append to one file, and what is left of them when one of them dies."""

import contextlib
import dataclasses
import functools
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor

import numpy as np
import pytest

from circuitnn.study import carrying_out, grid, signals, training
from circuitnn.study.definition import Job
from circuitnn.study.measurement import Result
from circuitnn.study.processes import Here
from circuitnn.study.run_log import RunLog
from tests.study.test_study import STUDY

JOBS = [Job("c", f"m{n}", "TF" if n % 2 else None) for n in range(8)]


def result(job, more=0.0):
    return Result([{"model": job.model, "esr_free_running": None, "x": 0.1 + more}], {job.label: np.arange(3.0)}, 7, 9)


def test_what_is_appended_is_read_again(tmp_path):
    log = RunLog(tmp_path)
    assert log.results(JOBS) == {}
    with ThreadPoolExecutor(4) as pool:  # each with a log of its own, as in processes of their own
        list(pool.map(lambda job: RunLog(tmp_path).append(job, result(job)), JOBS))
    found = log.results(JOBS)
    assert set(found) == set(JOBS)
    for job in JOBS:
        rows, curves, *counts = result(job)
        assert found[job].rows == rows
        np.testing.assert_array_equal(found[job].curves[job.label], curves[job.label])
        assert [found[job].updates, found[job].gradient_samples] == counts
    assert len(log.file.read_text().splitlines()) == len(JOBS)
    assert set(log.results(JOBS[:2])) == set(JOBS[:2])  # of another preset: not asked for


@pytest.mark.parametrize("left", ['{"circuit": "c", "mod', "[]\n", '{"circuit": "c"}\n', "\x00\xff\n", "{" * 9999])
def test_a_line_without_an_end_costs_its_own_job_only(tmp_path, left):
    log = RunLog(tmp_path)
    log.append(JOBS[0], result(JOBS[0]))
    with log.file.open("a", encoding="latin-1") as file:
        file.write(left)
    assert set(log.results(JOBS)) == {JOBS[0]}
    log.append(JOBS[1], result(JOBS[1]))
    log.append(JOBS[1], result(JOBS[1], more=1.0))  # a second time: the first counts
    found = log.results(JOBS)
    assert set(found) == set(JOBS[:2])
    assert found[JOBS[1]].rows == result(JOBS[1]).rows


def test_without_its_curves_a_job_is_done_again(tmp_path):
    log = RunLog(tmp_path)
    log.append(JOBS[0], result(JOBS[0]))
    next(tmp_path.glob("*.curves.npz")).write_bytes(b"PK")
    assert log.results(JOBS) == {}


class Dying:
    """Executors of which each does so many jobs, and then breaks as a pool does whose process was killed."""

    def __init__(self, *lives):
        self.lives, self.done = list(lives), []

    def __call__(self):
        self.left = self.lives.pop(0)
        return contextlib.nullcontext(self)

    def submit(self, work, study, job, preset, folder, recordings):
        future = Future()
        if self.left:
            self.left -= 1
            self.done.append(job)
            RunLog(folder).append(job, result(job))
            future.set_result(None)
        else:
            future.set_exception(BrokenExecutor("a process was killed"))
        return future

    def shutdown(self, **options):
        pass


@pytest.fixture
def computed(tmp_path, monkeypatch):
    monkeypatch.setattr(grid, "simulate", lambda *args: None)
    sound = signals.Signals({part: np.zeros(9) for part in signals.PARTS}, "nothing", {})
    return lambda workers: grid.compute(STUDY, STUDY.presets["small"], sound, tmp_path, workers)


def test_a_worker_that_dies_loses_one_job(computed):
    workers = Dying(0, 1, 0, 1, 9)
    found = computed(workers)
    assert workers.done == STUDY.jobs(STUDY.presets["small"])  # none a second time
    assert [row["model"] for row in found.rows] == [job.model for job in workers.done]
    assert computed(Dying()).rows == found.rows  # nothing is left to be done: no executor is asked for


def test_what_kills_workers_again_and_again_is_named(computed):
    with pytest.raises(RuntimeError, match=r"died 3 times .*a process was killed.*mine"):
        computed(Dying(1, 0, 0, 9))


def test_a_run_that_fails_takes_no_other_along(computed, monkeypatch):
    done, bad = [], STUDY.jobs(STUDY.presets["small"])[0]

    def work(study, job, preset, folder, recordings):
        if job == bad:
            raise KeyError("my own\nbug")
        done.append(job)
        RunLog(folder).append(job, result(job))

    monkeypatch.setattr(training, "work", work)
    with pytest.raises(RuntimeError, match=rf"1 of \d runs failed.*\n{bad.words}: KeyError"):
        computed(lambda: contextlib.nullcontext(Here()))
    assert done == STUDY.jobs(STUDY.presets["small"])[1:]
    monkeypatch.setattr(training, "work", lambda *args: (_ for _ in ()).throw(OSError("the disk is full")))
    with pytest.raises(OSError, match="the disk is full"):  # which is nothing of this run alone
        computed(lambda: contextlib.nullcontext(Here()))


def test_what_an_executor_cannot_carry_is_named(computed):
    class Unable(Dying):
        def submit(self, *args):
            future = Future()
            future.set_exception(AttributeError("Can't pickle <lambda>"))
            return future

    with pytest.raises(RuntimeError, match=r"cannot carry it .AttributeError: Can't pickle <lambda>.: other processes"):
        computed(Unable(0))


def test_results_that_cannot_be_read_again_end_the_run(computed, monkeypatch):
    monkeypatch.setattr(RunLog, "results", lambda self, jobs: {})
    workers = Dying(9, 9, 9)
    with pytest.raises(RuntimeError, match=r"cannot be read again.*mine"):
        computed(workers)
    assert not workers.lives


@pytest.mark.parametrize("address", ["nowhere", "tcp://127.0.0.1:1"])
def test_a_cluster_that_does_not_answer_is_one_error(address, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("circuitnn.study.processes.ANSWER", 0.2)
    from circuitnn.study import processes

    with pytest.raises(ValueError, match="no Dask scheduler"), processes.cluster(address):
        pass


def test_what_has_ended_so_far_is_told_of_whole_targets(tmp_path, monkeypatch):
    sound = signals.Signals({part: np.zeros(9) for part in signals.PARTS}, "nothing", {})
    preset, (target,) = STUDY.presets["small"], STUDY.targets.values()
    first, second = "low-pass", "another"
    study = dataclasses.replace(STUDY, targets={first: target, second: target})
    monkeypatch.setattr(carrying_out.report, "write", lambda folder, study: folder / "report.html")
    told = functools.partial(carrying_out.so_far, study, preset, sound, tmp_path, command="mine")
    with pytest.raises(ValueError, match=r"^\S+: 0 of \d+ runs have ended, and no target"):
        told()
    work, jobs = grid.work_folder(tmp_path, study, preset, sound), study.jobs(preset)
    missing = next(job for job in jobs if job.circuit == second)
    for job in jobs:
        if job != missing:
            RunLog(work).append(job, result(job))
    contents, _ = told()
    assert contents["header"]["left"] == [second]
    assert contents["header"]["circuits"].keys() == {first}
    assert [row["model"] for row in contents["rows"]] == [job.model for job in jobs if job.circuit == first]
    assert RunLog(work).results(jobs).keys() == {*jobs} - {missing}  # the run goes on where it was
    RunLog(work).append(missing, result(missing))
    assert told()[0]["header"]["left"] == []
