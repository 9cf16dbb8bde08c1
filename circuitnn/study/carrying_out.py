"""A study from beginning to end: claims written down, grid computed, results and page written."""

import shutil
import time
from pathlib import Path
from typing import Any

from circuitnn.files import owned
from circuitnn.study import grid, hypotheses, report
from circuitnn.study.definition import Study
from circuitnn.study.preset import Preset
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
    work = grid.work_folder(folder, study, preset, material)
    with owned(work):
        description = hypotheses.write_down(study.hypotheses, work, grid.now())
        results = grid.compute(study, preset, material, work, workers)
        seconds = time.monotonic() - began
        header = grid.header(
            study,
            preset,
            material,
            command=command,
            description=description,
            compute=results.compute,
            seconds=seconds,
        )
        contents = grid.store(folder, results, header)
        page = report.write(folder, study)
        shutil.rmtree(work)
    return contents, page
