"""Whether a study can be computed, before anything of it is: contenders are built, and hear their first samples."""

from typing import Any

import jax
import numpy as np
from flax import nnx

from circuitnn.model import Model, StateModel, run
from circuitnn.opening import named
from circuitnn.study.contenders import task_of
from circuitnn.study.datasets import matched_states
from circuitnn.study.definition import Contender, Study, Target, Task
from circuitnn.study.keys import Faults
from circuitnn.study.preset import Preset
from circuitnn.study.signals import FS, Signals

SAMPLES = 64  # that are heard


def check(study: Study, preset: Preset) -> None:
    """See that there is something to compute, and that each contender can be built for a target and hears it.

    Raises:
        ValueError: with a line for each fault, that names the contender and a target.
    """
    faults, jobs = Faults(), study.jobs(preset)
    for name in study.contenders_of(preset):
        contender = study.contenders[name]
        targets = list(dict.fromkeys(job.circuit for job in jobs if job.model == name))
        if not contender.learns or not targets:
            continue
        tasks = {one: _task(contender, study.targets[one]) for one in targets}
        # What has room for the most signals has it for fewer: one target each, or large studies would wait for minutes.
        hardest = max(targets, key=lambda one: _signals(tasks[one]))
        problem = _problem(contender, study.targets[hardest], tasks[hardest])
        if problem:
            faults.note(f"contender {name} on target {hardest}", problem)
    if not jobs:
        faults.note("", f"there is nothing to compute: {'; '.join(study.left_out(preset))}")
    if faults.found:
        raise ValueError("\n".join(faults.found))


def check_length(study: Study, preset: Preset, signals: Signals) -> None:
    """See that the windows of a training fit into what is played.

    Raises:
        ValueError: when they are longer.
    """
    wanted = preset.warmup + preset.length * preset.blocks
    there = len(signals.parts["train"]) // preset.pieces
    if wanted > there and any(study.targets[name].recordings is None for name in study.targets_of(preset)):
        raise ValueError(
            f"training: windows of {wanted} samples (warmup and length) are longer than the recordings of "
            f"{there} samples ({there / FS:.2g} s) that are trained on"
        )


def _task(contender: Contender, target: Target) -> Task:
    return task_of(target.inputs, target.knobs, matched_states(contender, target))


def _signals(task: Task) -> int:
    return task.inputs + len(task.knobs) + len(task.state_names)


def _problem(contender: Contender, target: Target, task: Task) -> str:
    """What a contender of that task fails at, in words; empty where it does not."""
    try:
        shape = _heard(contender, task)
    except Exception:  # of a stranger's function, which may not like to be traced while it builds
        try:
            shape = _heard(contender, task, contender.build(task, nnx.Rngs(0)))
        except Exception as problem:
            return named(problem)
    outputs = 1 if target.circuit is None else len(target.circuit().outputs)
    if isinstance(shape, str):
        return shape
    return "" if shape == (1, SAMPLES, outputs) else f"gives {shape[-1]} signals, the target has {outputs}"


def _heard(contender: Contender, task: Task, model: Any = None) -> tuple[int, ...] | str:
    """The shape of what a model gives, without computing anything; or what it is in place of a model."""
    knobs = {name: np.full((1, 1), 0.5, np.float32) for name in task.knobs}
    kind = []

    def given(x: jax.Array) -> Any:
        made = contender.build(task, nnx.Rngs(0)) if model is None else model
        kind.append(type(made))
        return run(made, x, controls=knobs or None)[1] if isinstance(made, Model) else x

    shape = jax.eval_shape(given, np.zeros((1, SAMPLES, task.inputs), np.float32)).shape
    if not issubclass(kind[-1], Model):
        return f"its function gives a {kind[-1].__name__} and no model"
    if contender.matched != "none" and not issubclass(kind[-1], StateModel):
        return f'is matched to circuit states, and a {kind[-1].__name__} has none: say Contender(..., matched="none")'
    return shape
