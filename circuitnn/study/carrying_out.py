"""A study from beginning to end: claims written down, grid computed, results and page written."""

import dataclasses
import shutil
import time
from pathlib import Path
from typing import Any

from circuitnn.files import owned
from circuitnn.study import grid, hypotheses, report, trial
from circuitnn.study.definition import Study
from circuitnn.study.preset import Preset
from circuitnn.study.run_log import RunLog
from circuitnn.study.signals import Signals


def carried_out(
    study: Study, preset: Preset, material: Signals, folder: Path, workers: grid.Workers, *, command: str
) -> tuple[dict[str, Any], Path]:
    """Compute what is not there yet, and write results and report.

    Args:
        study: what is compared.
        preset: how much is computed.
        material: the sound.
        folder: of the results.
        workers: see `circuitnn.study.grid.compute`.
        command: for the report.

    Returns:
        the contents of results.json, and the path of the page.

    Raises:
        ReportError, ValueError, OSError, RuntimeError: as the parts of it do.
    """
    began = time.monotonic()
    report.check_extras()
    trial.check(study, preset)
    trial.check_length(study, preset, material)
    for sentence in study.left_out(preset):
        print(f"left out: {sentence}", flush=True)
    work = grid.work_folder(folder, study, preset, material)
    with owned(work):
        description = hypotheses.write_down(study.hypotheses_of(preset), work, grid.now())
        results = grid.compute(study, preset, material, work, workers)
        seconds = time.monotonic() - began
        told = _written(
            study, preset, material, folder, results, command=command, description=description, seconds=seconds
        )
        shutil.rmtree(work)
    return told


def so_far(
    study: Study, preset: Preset, material: Signals, folder: Path, *, command: str
) -> tuple[dict[str, Any], Path]:
    """Write results and report of the targets that a run, which may still be computing, has ended; compute nothing.

    Arguments, results and errors as for `carried_out`.

    Raises:
        ValueError: when no target has all its runs.
    """
    report.check_extras()
    work = grid.work_folder(folder, study, preset, material)
    jobs = study.jobs(preset)
    ended = RunLog(work).results(jobs)
    left = {job.circuit for job in jobs if job not in ended}
    whole = [name for name in study.targets_of(preset) if name not in left]
    if not whole:
        raise ValueError(
            f"{folder}: {len(ended)} of {len(jobs)} runs have ended, and no target has all of its runs yet"
        )
    description = hypotheses.write_down(study.hypotheses_of(preset), work, grid.now())
    part = dataclasses.replace(preset, targets=tuple(whole))
    results = grid.ordered(study, part, ended)
    return _written(study, part, material, folder, results, command=command, description=description, left=sorted(left))


def _written(
    study: Study,
    preset: Preset,
    material: Signals,
    folder: Path,
    results: grid.Results,
    *,
    command: str,
    description: dict[str, Any],
    seconds: float | None = None,
    left: list[str] | None = None,
) -> tuple[dict[str, Any], Path]:
    """Results and report; `left` are the targets that are missing, where a run has not ended."""
    header = grid.header(
        study,
        preset,
        material,
        command=command,
        description=description,
        compute=results.compute,
        seconds=seconds,
    )
    contents = grid.store(folder, results, header if left is None else header | {"left": left})
    return contents, report.write(folder, study)
