"""What the jobs of a run have found, in a file that many processes append to: a line for each job that has ended."""

import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, final

import numpy as np

from circuitnn.archive import opened_archive
from circuitnn.files import owned, replacing
from circuitnn.opening import LARGEST_JSON, json_of, opened
from circuitnn.study.definition import Job
from circuitnn.study.measurement import Result
from circuitnn.study.records import LARGEST

PATIENCE = 60.0  # seconds to wait for other processes that append


@final
class RunLog:
    """Results of a run's jobs, in a folder that all workers see.

    `runs.jsonl` has a line for each job: its names, rows and figures; its curves are in a file beside it, which is
    there before the line is. A process that dies while it writes leaves a line without an end, or none: that job is
    done again. Lines count whoever wrote them, on whatever machine.

    Args:
        folder: of the run's state.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.file = folder / "runs.jsonl"

    def append(self, job: Job, result: Result) -> None:
        """Keep what a job has found.

        Raises:
            OSError: when the folder cannot be written, or others keep the file for a minute.
        """
        with replacing(self._curves(job)) as file:
            np.savez(file, allow_pickle=False, **result.curves)
        figures = {key: value for key, value in result._asdict().items() if key != "curves"}
        line = json.dumps({**dataclasses.asdict(job), **figures}, allow_nan=False).encode()
        with owned(self.file, patience=PATIENCE), self.file.open("a+b") as file:
            # Where a line before has no end this one has to begin, or both were lost.
            file.write((b"" if _is_whole(file) else b"\n") + line + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def results(self, jobs: Iterable[Job]) -> dict[Job, Result]:
        """Of those of the jobs that have ended; lines of others, damaged ones and second ones are passed over."""
        wanted, found = set(jobs), {}
        for job, figures in self._lines() if self.file.exists() else ():
            if job in wanted and job not in found:
                with contextlib.suppress(OSError, ValueError, TypeError):
                    found[job] = Result(curves=self._read_curves(job), **figures)
        return found

    def _lines(self) -> Iterator[tuple[Job, dict[str, Any]]]:
        with opened(self.file) as lines:
            while line := lines.readline(LARGEST_JSON):
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    figures = json_of(line)
                    yield Job(*(figures.pop(field.name) for field in dataclasses.fields(Job))), figures

    def _curves(self, job: Job) -> Path:
        return self.folder / f"{stem(job)}.curves.npz"

    def _read_curves(self, job: Job) -> dict[str, np.ndarray]:
        with opened_archive(self._curves(job), LARGEST) as file:
            return {name: file.read(name) for name in file.shapes}


def stem(job: Job) -> str:
    """What the files of a job begin with."""
    return hashlib.sha256(job.label.encode()).hexdigest()[:16]


def _is_whole(file: IO[bytes]) -> bool:
    """Whether nothing or a whole line is at the end."""
    if not file.seek(0, os.SEEK_END):
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
