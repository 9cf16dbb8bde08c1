"""A study in one call, from a notebook or a program."""

import contextlib
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from flax import nnx

from circuitnn.model import Model
from circuitnn.study import grid, processes
from circuitnn.study.carrying_out import carried_out
from circuitnn.study.definition import Contender, Target, Task
from circuitnn.study.description import WHOLE, Description
from circuitnn.study.hypotheses import Hypothesis
from circuitnn.study.records import Records
from circuitnn.study.regimes import TrainingRegime


def run(
    contenders: Mapping[str, Contender | Mapping[str, Any] | str | Model | Callable[[Task, nnx.Rngs], Model] | Path],
    targets: Mapping[str, Target | Mapping[str, Any] | Any],
    regimes: Sequence[str] | Mapping[str, TrainingRegime | Mapping[str, Any] | str] = ("TBPTT",),
    *,
    seeds: int = 3,
    budget: Mapping[str, Any] | None = None,
    executor: Executor | None = None,
    output: str | os.PathLike[str] = "results/study",
    hypotheses: Sequence[Hypothesis] = (),
    **more: Any,
) -> Records:
    """Train contenders on targets under regimes, and write results and report into a folder.

    What was computed is kept at once: the same call after an interruption goes on where it was, and no run is made
    twice. Everything that the description file of `circuitnn study` says can be said here.

    Args:
        contenders: by name: the settings of a network (``{"kind": "GRU", "hidden": 16}``), the name of a recipe
            ("lstm-40") or the path of a model (.nam, .npz), which learns nothing, as a model itself does; a function
            that makes a black box of a `Task` and of random numbers; or a `Contender`.
        targets: by name: a circuit, what makes one, the name of one in the catalogue, the path of a netlist, a folder
            of recordings, a dictionary with one of them and more; or a `Target`.
        regimes: names of `MORE_REGIMES`, or a mapping from names to tables or `TrainingRegime`.
        seeds: initial weights and data orders for each, trained together.
        budget: "updates" or "seconds" of each training, and what networks without a size of their own may have at most
            of "weights" or of "operations" a sample.
        executor: any of `concurrent.futures`, whose workers see the folder. When None a process for each core; where
            there are contenders, targets or regimes that are objects of your own program, which other processes cannot
            import, everything is done in this one.
        output: folder of results.json, curves.npz and report.html.
        hypotheses: written down before the first training, and judged by the report.
        more: further tables of a description: `training`, `material`, `search`, `title`, `volts`, `floor`.

    Returns:
        the results.

    Raises:
        DescriptionError: for all that is wrong with it, at once.
        ReportError, ValueError, OSError, RuntimeError: as the parts of a study do.
    """
    table = {
        "contenders": contenders,
        "targets": targets,
        "regimes": regimes,
        "seeds": seeds,
        "budget": budget or {},
        "hypotheses": list(hypotheses),
        **more,
    }
    description = Description.of(table, Path(output).name, source="cn.study.run")
    return computed(description, Path(output), executor=executor)


def computed(description: Description, folder: Path, *, executor: Executor | None = None) -> Records:
    """The results of a description; arguments as for `run`."""
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise ValueError(f"executor has to be one of concurrent.futures, which has a submit, got {executor!r}")
    grid.check_writable(folder)
    study = description.study()
    preset = study.presets[WHOLE]
    workers: grid.Workers
    if executor is not None:
        given = executor
        workers = lambda: contextlib.nullcontext(given)  # noqa: E731
    elif description.is_plain:
        workers = functools.partial(processes.pool, min(os.cpu_count() or 1, len(study.jobs(preset))))
    else:
        workers = processes.Here
    carried_out(study, preset, preset.signals(), folder, workers, command=study.command)
    return Records.read(folder)
