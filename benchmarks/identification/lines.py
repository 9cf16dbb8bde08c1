"""A file with a line of JSON for each unit: what a run that was stopped has done is not done again."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.identification.fits import Job, measured
from circuitnn.study.processes import pool


def known(path: Path) -> dict[tuple, dict[str, Any]]:
    """Rows by what they are of; a last line that was cut off counts as not there.

    Raises:
        ValueError: for other lines that are no rows.
    """
    lines = path.read_text().split("\n") if path.exists() else []
    found: dict[tuple, dict[str, Any]] = {}
    for number, line in enumerate(lines[:-1], 1):
        try:
            row = json.loads(line)
            found[row["circuit"], row["number"], row["change"]] = row
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{path}, line {number}: not the row of a unit") from None
    return found


def rows(jobs: Sequence[Job], path: Path, processes: int) -> Iterator[dict[str, Any]]:
    """Rows of the file, then those of the other jobs as they come, each appended to the file."""
    done = known(path)
    wanted = {job.key for job in jobs}
    yield from (row for key, row in done.items() if key in wanted)
    left = [job for job in jobs if job.key not in done]
    path.parent.mkdir(parents=True, exist_ok=True)
    _mended(path)
    with path.open("a") as file:
        for row in _all(left, processes):
            file.write(json.dumps(row) + "\n")
            file.flush()
            yield row


def _all(jobs: Sequence[Job], processes: int) -> Iterator[dict[str, Any]]:
    if processes == 1:
        yield from map(measured, jobs)
        return
    with pool(processes) as executor:
        yield from executor.map(measured, jobs)


def _mended(path: Path) -> None:
    """Without a last line that was cut off."""
    if path.exists():
        whole = path.read_bytes()
        path.write_bytes(whole[: whole.rfind(b"\n") + 1])
