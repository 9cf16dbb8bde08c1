"""The jobs: each target, model and regime is trained for all seeds at once in a process of its own."""

import dataclasses
from pathlib import Path
from typing import Any, final

import numpy as np

from benchmarks.exposure_bias import material
from benchmarks.exposure_bias.presets import Preset
from benchmarks.exposure_bias.study import Job, scaling_of, trained
from benchmarks.state_matching.contenders import CONTENDERS, LEARNING_RATE, PLAIN, UNITS, Task, numbers_of
from benchmarks.state_matching.targets import TARGETS, Target, shown
from circuitnn.train import Dataset


@final
@dataclasses.dataclass(frozen=True)
class Plan:
    """How much is computed.

    Attributes:
        training: as in the exposure-bias study; its contenders are names in `CONTENDERS`.
        regimes: of the models with circuit states; black boxes learn under TBPTT only.
        pieces: recordings that each part of the data is cut into.
        oversampling: of the simulation.
    """

    training: Preset
    regimes: tuple[str, ...]
    pieces: int
    oversampling: int


def _training(name: str, **options: Any) -> Preset:
    """Windows of Wright et al. (2019): 43 ms with a loss, after 21 ms without."""
    return Preset(name, length=2048, warmup=1000, **options)


PLANS = {
    "quick": Plan(
        _training(
            "quick",
            seeds=5,
            updates=60,
            contenders=tuple(name for name in CONTENDERS if "some" not in name),
            batch=16,
            excitation_seconds=12.0,
        ),
        ("TBPTT", "TF+TBPTT"),
        pieces=4,
        oversampling=4,
    ),
    "medium": Plan(
        _training(
            "medium",
            seeds=8,
            updates=350,
            contenders=tuple(name for name in CONTENDERS if "some" not in name),
            batch=16,
            excitation_seconds=60.0,
        ),
        ("TBPTT", "TF+TBPTT"),
        pieces=8,
        oversampling=4,
    ),
    "full": Plan(
        _training(
            "full",
            seeds=10,
            updates=800,
            contenders=tuple(CONTENDERS),
            batch=24,
            excitation_seconds=60.0,
        ),
        ("TF", "SS", "TBPTT", "TF+TBPTT"),
        pieces=8,
        oversampling=8,
    ),
}


def jobs(plan: Plan) -> list[Job]:
    """Targets with many states first: they take longest."""
    return [
        Job(target, model, regime)
        for target in TARGETS
        for model in plan.training.contenders
        for regime in (("TBPTT",) if CONTENDERS[model].shown == "none" else plan.regimes)
    ]


def states_of(target: Target, model: str) -> tuple[str, ...]:
    """The circuit states that a model is matched to."""
    kinds = {"none": (), "chosen": target.chosen, "all": target.circuit().state_names}
    return kinds[CONTENDERS[model].shown]


def work(job: Job, plan: Plan, folder: Path) -> dict[str, Any]:
    """Do one job; the result has `rows` for the table and `curves` for the plots."""
    target, contender = TARGETS[job.circuit], CONTENDERS[job.model]
    states = states_of(target, job.model)
    stored = material.load(folder / f"{target.material}.npz")
    sets = {part: shown(data, target, states) for part, data in stored.items()}
    task = _task(target, states, sets["train"])
    plain = _task(target, (), sets["train"])
    numbers = numbers_of(CONTENDERS[PLAIN].shape(plain, UNITS))
    untrained = [contender.of_size(task, numbers, seed) for seed in range(plan.training.seeds)]
    return trained(job, untrained, sets, plan.training, LEARNING_RATE, folder)


def _task(target: Target, states: tuple[str, ...], train: Dataset) -> Task:
    scaling = scaling_of(train if states else dataclasses.replace(train, states=None, initial=None))
    return Task(target.inputs, target.knobs, states, scaling, float(np.float64(train.fs)))
