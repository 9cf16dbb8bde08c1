"""The trainings of a study: each target, contender and regime is one job, all seeds at once."""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
from flax import nnx

from circuitnn.circuit import Circuit
from circuitnn.devices.capacitor import CAPACITOR
from circuitnn.nodal import NodalModel
from circuitnn.recurrent import Scaling
from circuitnn.study.datasets import load, matched_states, shown
from circuitnn.study.definition import Job, Preset, Study, Task, warmed_up_adam
from circuitnn.study.measurement import Result, failed, measured
from circuitnn.study.records import NODAL
from circuitnn.study.signals import FS
from circuitnn.train import DivergenceError, History, fit


def work(study: Study, job: Job, preset: Preset, folder: Path, recordings: Sequence[tuple[str, int]]) -> Result:
    """Do one job, from the data sets in the folder; a training that was stopped goes on from its checkpoint there.

    Args:
        study: what is compared.
        job: which of its trainings.
        preset: how much is computed.
        folder: of the run's state.
        recordings: name and samples of those that the test is made of.
    """
    target = study.targets[job.circuit]
    circuit, data = target.circuit(), load(study, target, folder)
    if job.model == NODAL:
        with jax.enable_x64(True):
            models = [NodalModel(circuit, fs=FS, dtype=np.float64)]
            return measured(job, models, [None], data, History(), 0.0, recordings)
    contender = study.contenders[job.model]
    states = matched_states(contender, target)
    data = {part: shown(dataset, target, states) for part, dataset in data.items()}
    train = data["train"]
    output = output_state(circuit)
    scaling = Scaling.from_data(train.x, train.y, train.states)
    task = Task(target.inputs, target.knobs, states, output if output in states else None, scaling, FS)
    seeds = list(range(preset.seeds))
    untrained = [contender.build(task, nnx.Rngs(seed)) for seed in seeds]
    epochs = preset.epochs(train)
    began = time.monotonic()
    try:
        models, history = fit(
            untrained,
            train,
            study.regimes[str(job.regime)].build(length=preset.length, warmup=preset.warmup),
            optimizer=warmed_up_adam(contender.learning_rate),
            epochs=epochs,
            batch=preset.batch,
            validation=data["validation"],
            validation_every=max(1, epochs // 10),
            checkpoint=folder / f"{hashlib.sha256(job.label.encode()).hexdigest()[:16]}.npz",
            progress=False,
        )
    except DivergenceError as error:
        return failed(job, untrained, seeds, data, str(error))
    seconds = sum(history.seconds) or time.monotonic() - began
    return measured(job, models, seeds, data, history, seconds / len(seeds), recordings)


def output_state(circuit: Circuit) -> str | None:
    """The capacitor across which the output is taken, if there is one."""
    for name in circuit.state_names:
        component = circuit[name]
        if component.device is CAPACITOR and component.nodes == (circuit.outputs[0], "0"):
            return name
    return None
