"""The trainings of a study: each target, contender and regime is one job, all seeds at once."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, final

import jax
import numpy as np
from flax import nnx

from circuitnn.circuit import Circuit
from circuitnn.devices.capacitor import CAPACITOR
from circuitnn.model import Model
from circuitnn.nodal import NodalModel
from circuitnn.recurrent import Scaling
from circuitnn.study.datasets import load, matched_states, shown
from circuitnn.study.definition import Job, Preset, Study, Task, warmed_up_adam
from circuitnn.study.measurement import Result, failed, measured, with_forced_best
from circuitnn.study.rate_search import best, plain_error, searched
from circuitnn.study.records import NODAL
from circuitnn.study.run_log import RunLog, stem
from circuitnn.study.signals import FS
from circuitnn.study.snapshots import Snapshots
from circuitnn.train import Dataset, DivergenceError, History, fit


def work(study: Study, job: Job, preset: Preset, folder: Path, recordings: Sequence[tuple[str, int]]) -> None:
    """Do one job from the data sets in the folder, and append what it finds to the run's log there.

    A training that was stopped goes on from its checkpoint.

    Args:
        study: what is compared.
        job: which of its trainings.
        preset: how much is computed.
        folder: of the run's state.
        recordings: name and samples of those that the test is made of.
    """
    log = RunLog(folder)
    if not log.results([job]):  # another worker may have been faster, where one was taken for dead
        log.append(job, _found(study, job, preset, folder, recordings))


def _found(study: Study, job: Job, preset: Preset, folder: Path, recordings: Sequence[tuple[str, int]]) -> Result:
    target = study.targets[job.circuit]
    circuit, data = target.circuit(), load(study, target, folder)
    if job.model == NODAL:
        with jax.enable_x64(True):
            models = [NodalModel(circuit, fs=FS, dtype=np.float64)]
            return measured(job, models, [None], data, History(), 0.0, recordings)
    contender = study.contenders[job.model]
    states = matched_states(contender, target)
    data = {part: shown(dataset, target, states) for part, dataset in data.items()}
    train, output = data["train"], output_state(circuit)
    scaling = Scaling.from_data(train.x, train.y, train.states)
    task = Task(target.inputs, target.knobs, states, output if output in states else None, scaling, FS)
    training = _Training(study, job, preset, task, data, max(samples for _, samples in recordings) / FS)
    files = folder / stem(job)
    errors = training.rates(files.with_suffix(".rates.json"))
    rate = best(errors) if errors else contender.learning_rate
    seeds, untrained = list(range(preset.seeds)), training.untrained(preset.seeds)
    snapshots = training.snapshots(files) if states else None
    began = time.monotonic()
    try:
        trained, history = training.fitted(untrained, rate, preset.updates, files.with_suffix(".npz"), snapshots)
    except DivergenceError as error:
        result = failed(job, untrained, seeds, data, str(error))
    else:
        seconds = sum(history.seconds) or time.monotonic() - began
        result = measured(job, trained, seeds, data, history, seconds / len(seeds), recordings)
        if snapshots is not None:
            result = with_forced_best(result, snapshots.best_forced(trained, data["validation"]), data["test"])
    told = {"learning_rate": rate, "rates_tried": [[tried, plain_error(error)] for tried, error in errors.items()]}
    return result._replace(rows=[row | told for row in result.rows])


@final
class _Training(NamedTuple):
    """What is the same for a training and for the short ones that its learning rate is found by."""

    study: Study
    job: Job
    preset: Preset
    task: Task
    data: Mapping[str, Dataset]
    horizon: float  # seconds of the longest recording of the test: as long as a model runs freely there

    def untrained(self, seeds: int) -> list[Model]:
        build = self.study.contenders[self.job.model].build
        return [build(self.task, nnx.Rngs(seed)) for seed in range(seeds)]

    def rates(self, file: Path) -> Mapping[float, float]:
        """The validation error of each rate that is tried; none where the contender's own is taken."""
        search = self.preset.search
        if search is None:
            return {}
        updates = max(1, round(search.share * self.preset.updates))
        untrained = self.untrained(search.seeds)
        return searched(search, lambda rate: self.fitted(untrained, rate, updates)[1], file)

    def snapshots(self, stem: Path) -> Snapshots:
        """Of the training itself, where a validation is made."""
        return Snapshots(stem, _every(self.preset.epochs(self.data["train"], self.preset.updates)))

    def fitted(
        self,
        untrained: Sequence[Model],
        rate: float,
        updates: int,
        checkpoint: Path | None = None,
        callback: Snapshots | None = None,
    ) -> tuple[list[Any], History]:
        train, preset = self.data["train"], self.preset
        epochs = preset.epochs(train, updates)
        return fit(
            untrained,
            train,
            self.study.regimes[str(self.job.regime)].build(**preset.window),
            optimizer=warmed_up_adam(rate),
            epochs=epochs,
            batch=preset.batch,
            validation=self.data["validation"],
            validation_every=_every(epochs),
            validation_seconds=self.horizon,
            callback=callback,
            checkpoint=checkpoint,
            progress=False,
        )


def _every(epochs: int) -> int:
    """Epochs between validations: ten in a training."""
    return max(1, epochs // 10)


def output_state(circuit: Circuit) -> str | None:
    """The capacitor across which the output is taken, if there is one."""
    for name in circuit.state_names:
        component = circuit[name]
        if component.device is CAPACITOR and component.nodes == (circuit.outputs[0], "0"):
            return name
    return None
