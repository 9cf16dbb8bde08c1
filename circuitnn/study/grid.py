"""The run of a study's grid: from signals to results on disk, to be continued where it was stopped."""

import datetime
import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, as_completed
from contextlib import AbstractContextManager
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np
from tqdm import tqdm

from circuitnn.files import replacing
from circuitnn.opening import named
from circuitnn.study.datasets import simulate
from circuitnn.study.definition import Job, Study, Target
from circuitnn.study.facts import facts
from circuitnn.study.measurement import Result
from circuitnn.study.preset import Preset
from circuitnn.study.run_log import RunLog
from circuitnn.study.signals import FS, Signals
from circuitnn.study.training import attempted

Workers = Callable[[], AbstractContextManager[Executor]]
PATIENCE = 3  # rounds without anything done, after which something is taken to kill the workers
CARRIED = "other processes need functions that stand at the top of a module; without an executor all is computed here"
PACKAGES = ("circuitnn", "jax", "jaxlib", "flax", "optax", "numpy", "scipy")


@final
class Results(NamedTuple):
    """What a grid has found: a row for each run, arrays by name, and what the longest training took."""

    rows: list[dict[str, Any]]
    curves: dict[str, np.ndarray]
    compute: dict[str, int]


def compute(study: Study, preset: Preset, signals: Signals, folder: Path, workers: Workers) -> Results:
    """Simulate and train what is not in the folder yet.

    A worker that dies takes its job with it, which is done again, and no other: what has ended is in the folder's log.

    Args:
        study: what is compared.
        preset: how much is computed.
        signals: the sound.
        folder: that `work_folder` names; all workers must see it.
        workers: give an executor of any kind, a new one each time, whose workers can import the study's module.

    Raises:
        RuntimeError: with a line for each run that failed, when all others have ended; and where workers die three
            times and nothing is done in between, or leave nothing that can be read.
    """
    simulate(study, preset, signals, folder)
    jobs, log = study.jobs(preset), RunLog(folder)
    missing, vain, failed = _missing(jobs, log), 0, dict[Job, str]()
    with tqdm(total=len(jobs), initial=len(jobs) - len(missing), unit="run", dynamic_ncols=True) as bar:
        while missing:
            broken = None
            try:
                with workers() as executor:
                    for job, problem in _ended(executor, missing, (study, preset, folder, signals.lengths["test"])):
                        if problem:
                            failed[job] = problem
                            continue
                        bar.set_postfix_str(f"{job.model} {job.regime or ''}".strip(), refresh=False)
                        bar.update()
            except BrokenExecutor as error:
                broken = error
            left = [job for job in _missing(jobs, log) if job not in failed]
            vain = vain + 1 if len(left) == len(missing) else 1
            if left and vain == PATIENCE:
                what = "results cannot be read again" if broken is None else f"workers died {PATIENCE} times ({broken})"
                hint = "" if study.description is None or study.description.is_plain else f"; {CARRIED}"
                labels = ", ".join(job.words for job in left[:3])
                raise RuntimeError(f"{what}{hint}; among what is left: {labels}") from broken
            missing = left
            bar.n = len(jobs) - len(missing) - len(failed)
    if failed:
        told = "\n".join(f"{job.words}: {problem}" for job, problem in failed.items())
        raise RuntimeError(
            f"{len(failed)} of {len(jobs)} runs failed; the others are kept, and the same command goes on:\n{told}"
        )
    return ordered(study, preset, log.results(jobs))


def ordered(study: Study, preset: Preset, results: Mapping[Job, Result]) -> Results:
    """Those of a preset's grid, target by target."""
    jobs = sorted(study.jobs(preset), key=lambda job: study.targets_of(preset).index(job.circuit))
    ended = [results[job] for job in jobs]
    longest = max(ended, key=lambda result: result.updates)
    return Results(
        [row for result in ended for row in result.rows],
        {name: curve for result in ended for name, curve in result.curves.items()},
        {"updates": longest.updates, "gradient_samples": longest.gradient_samples},
    )


def _missing(jobs: list[Job], log: RunLog) -> list[Job]:
    known = log.results(jobs)
    return [job for job in jobs if job not in known]


def _ended(executor: Executor, jobs: list[Job], about: tuple[Study, Preset, Path, Any]) -> Iterator[tuple[Job, str]]:
    """Each job when it has ended, with the words of what it failed at, which are empty for most."""
    study, preset, folder, recordings = about
    pending = {executor.submit(attempted, study, job, preset, folder, recordings): job for job in jobs}
    try:
        for done in as_completed(pending):
            try:
                problem = done.result()
            except (OSError, BrokenExecutor):
                raise
            except Exception as error:  # what a run fails at is told by the run: this one never got there, or back
                problem = f"the executor cannot carry it ({named(error)}): {CARRIED}"
            yield pending[done], problem
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        raise


def store(folder: Path, results: Results, header: dict[str, Any]) -> dict[str, Any]:
    """Write results.json and curves.npz, each whole or not at all; the contents of results.json."""
    contents = {"header": header, "rows": results.rows}
    with replacing(folder / "curves.npz") as file:
        np.savez(file, allow_pickle=False, **results.curves)
    with replacing(folder / "results.json") as file:
        file.write(json.dumps(contents, indent=1, allow_nan=False).encode())
    return contents


def header(
    study: Study,
    preset: Preset,
    signals: Signals,
    *,
    command: str,
    description: dict[str, Any],
    compute: dict[str, int],
    seconds: float | None,
) -> dict[str, Any]:
    """What results were made with; the description is what was written down before, the seconds those of the run."""
    return {
        "preset": preset.name,
        "created": now(),
        "command": command,
        "description": description,
        "versions": {"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}},
        "machine": _machine(),
        "data": {
            "source": signals.source,
            "files": signals.files,
            "fs": FS,
            "volts_at_full_scale": study.volts,
            **{f"{part}_seconds": round(len(x) / FS, 3) for part, x in signals.parts.items()},
        },
        "compute": {"batch": preset.batch, **preset.window, **compute, **_timed(preset)},
        "seeds": preset.seeds,
        "circuits": {name: _about(study.targets[name]) for name in study.targets_of(preset)},
        "seconds": None if seconds is None else round(seconds, 1),
    }


def _timed(preset: Preset) -> dict[str, float]:
    return {} if preset.seconds is None else {"seconds": preset.seconds}


def _about(target: Target) -> dict[str, Any]:
    """What the report says of a target."""
    about: dict[str, Any] = {"title": target.title, "netlist": "", "state_names": []}
    if target.circuit is not None:
        circuit = target.circuit()
        about |= {"netlist": circuit.to_spice(), "state_names": list(circuit.state_names)}
    if target.volts is not None:
        about["volts_at_full_scale"] = target.volts
    if target.positions is not None:
        about["unseen_positions"] = [dict(position) for position in target.positions.unseen]
    return about


def now() -> str:
    """The date and time."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _machine() -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30 if hasattr(os, "sysconf") else None
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": None if memory is None else round(memory, 1),
        "platform": platform.platform(),
    }


def work_folder(folder: Path, study: Study, preset: Preset, signals: Signals) -> Path:
    """Where a run keeps its state, named after what it computes: the same command goes on, another starts afresh."""
    digest = hashlib.sha256(repr(facts(study, preset)).encode())
    for x in signals.parts.values():
        digest.update(np.ascontiguousarray(x).tobytes())
    work = folder.absolute() / "work" / digest.hexdigest()[:16]  # workers may be in another folder
    work.mkdir(parents=True, exist_ok=True)
    return work


def check_writable(folder: Path) -> None:
    """See whether results can be written: before an hour of training, not after it.

    Raises:
        OSError: when they cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise OSError(f"cannot write results to {folder}: {error.strerror or error}") from error
