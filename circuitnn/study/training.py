"""The trainings of a study: each target, contender and regime is one job, all seeds at once."""

import dataclasses
import json
import logging
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, final

import jax
import numpy as np
from flax import nnx

from circuitnn.capture import loss
from circuitnn.circuit import Circuit
from circuitnn.devices.capacitor import CAPACITOR
from circuitnn.files import replacing
from circuitnn.model import Model
from circuitnn.nodal import NodalModel
from circuitnn.opening import LARGEST_JSON, content, json_of, named
from circuitnn.recurrent import Scaling
from circuitnn.study.datasets import circuit_of, load, matched_states, shown
from circuitnn.study.definition import Job, Study, Task
from circuitnn.study.fixed import as_it_plays
from circuitnn.study.measurement import Result, Test, failed, measured, with_forced_best
from circuitnn.study.preset import Preset
from circuitnn.study.rate_search import best, plain_error, searched
from circuitnn.study.records import NODAL
from circuitnn.study.regimes import TrainingRegime
from circuitnn.study.run_log import RunLog, stem
from circuitnn.study.signals import FS
from circuitnn.study.snapshots import Snapshots
from circuitnn.train import Dataset, DataWarning, DivergenceError, History, fit

log = logging.getLogger(__name__)
TIMED = 16  # epochs of one batch, by which the time of an update is found
_TIMES: dict[tuple[Any, ...], float] = {}  # of an update, that this process has found


def attempted(study: Study, job: Job, preset: Preset, folder: Path, recordings: Sequence[tuple[str, int]]) -> str:
    """Do one job, see `work`; in words what it failed at, which takes no other run along.

    An exception of a stranger's class may not find its way from one process to another.

    Raises:
        OSError: when the folder cannot be read or written, which all jobs would fail at.
    """
    try:
        work(study, job, preset, folder, recordings)
    except OSError:
        raise
    except Exception as problem:
        log.debug("%s", job.label, exc_info=True)
        return named(problem)
    return ""


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
    runs = RunLog(folder)
    if not runs.results([job]):  # another worker may have been faster, where one was taken for dead
        runs.append(job, _found(study, job, preset, folder, recordings))


def _found(study: Study, job: Job, preset: Preset, folder: Path, recordings: Sequence[tuple[str, int]]) -> Result:
    target = study.targets[job.circuit]
    data, conditions = load(study, target, folder)
    if target.recordings is not None:
        recordings = [(target.title, data["test"].x.shape[1])]
    told = Test(recordings, conditions)
    if job.model == NODAL:
        with jax.enable_x64(True):
            models: list[Model] = [NodalModel(circuit_of(target), fs=FS, dtype=np.float64)]
            return measured(job, models, [None], data, History(), 0.0, told)
    contender = study.contenders[job.model]
    states = matched_states(contender, target)
    data = {part: shown(dataset, target, states) for part, dataset in data.items()}
    train, output = data["train"], None if target.circuit is None else output_state(circuit_of(target))
    scaling = Scaling.from_data(train.x, train.y, train.states)
    task = Task(target.inputs, target.knobs, states, output if output in states else None, scaling, FS)
    if not contender.learns:
        model = contender.build(task, nnx.Rngs(0))
        return measured(job, [model], [None], as_it_plays(model, data), History(), 0.0, told)
    training = _Training(study, job, preset, task, data, told.longest / FS)
    files = folder / stem(job)
    updates = preset.updates if preset.seconds is None else training.updates_in(preset.seconds, files)
    errors = training.rates(updates, files.with_suffix(".rates.json"))
    rate = best(errors) if errors else training.regime.rate or contender.learning_rate
    seeds, untrained = list(range(preset.seeds)), training.untrained(preset.seeds)
    snapshots = training.snapshots(files, updates) if states else None
    began = time.monotonic()
    try:
        trained, history = training.fitted(untrained, rate, updates, files.with_suffix(".npz"), snapshots)
    except DivergenceError as error:
        result = failed(job, untrained, seeds, data, str(error))
    else:
        seconds = sum(history.seconds) or time.monotonic() - began
        whole = np.flatnonzero(np.isfinite(history.loss).all(axis=0))  # one seed that diverges takes no other along
        kept = {int(number): trained[number] for number in whole}
        result = measured(job, [*kept.values()], [*kept], data, history.of(whole), seconds / len(seeds), told)
        if snapshots is not None:
            result = with_forced_best(result, snapshots.best_forced(kept, data["validation"]), data["test"])
        gone = [seed for seed in seeds if seed not in kept]
        rows = failed(job, [untrained[seed] for seed in gone], gone, data, "the loss became nan in training").rows
        result = result._replace(rows=sorted([*result.rows, *rows], key=lambda row: row["seed"]))
    rates = {"learning_rate": rate, "rates_tried": [[tried, plain_error(error)] for tried, error in errors.items()]}
    return result._replace(rows=[row | rates | {"updates": result.updates} for row in result.rows])


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

    def rates(self, updates: int, file: Path) -> Mapping[float, float]:
        """The validation error of each rate that is tried; none where the regime's or the contender's own is taken.

        Args:
            updates: of the training itself.
            file: see `searched`.
        """
        search = self.preset.search
        if search is None or self.regime.rate is not None:
            return {}
        few = max(1, round(search.share * updates))
        untrained = self.untrained(search.seeds)
        return searched(search, lambda rate: self.fitted(untrained, rate, few)[1], file)

    @property
    def regime(self) -> TrainingRegime:
        """By its name."""
        return self.study.regimes[str(self.job.regime)]

    def snapshots(self, stem: Path, updates: int) -> Snapshots:
        """Of the training itself, where a validation is made."""
        return Snapshots(stem, _every(self.preset.epochs(self.data["train"], updates)))

    def updates_in(self, seconds: float, stem: Path) -> int:
        """How many take so long for each seed; found once for a training."""
        file = stem.with_suffix(".updates.json")
        if not file.exists():
            # Tasks of one shape get the same number of updates, by one program: this process times it once.
            task, preset = self.task, dataclasses.replace(self.preset, targets=None)
            shape = (self.study.module, self.job.model, self.job.regime, task.inputs, task.knobs, task.state_names)
            known = (*shape, len(self.data["train"].x), preset)
            if known not in _TIMES:
                _TIMES[known] = self._seconds_an_update()
            with replacing(file) as target:
                target.write(json.dumps(max(1, round(seconds / _TIMES[known]))).encode())
        return int(json_of(content(file, LARGEST_JSON)))

    def _seconds_an_update(self) -> float:
        """Of each seed, from the fastest of a few epochs of one batch.

        Those of the processor where it computes: what else is done on the machine takes nothing away. Compiling and
        validations, of which a recurrent network has the slower ones, are not counted.
        """
        preset, train = self.preset, self.data["train"]
        windows = -(-preset.batch // len(train.x))  # of each recording
        length = preset.warmup + windows * preset.length * preset.blocks
        small = train.between(0, min(length, train.x.shape[1]))
        clock = time.process_time if jax.default_backend() == "cpu" else time.monotonic
        ends: list[float] = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # of a piece of the data, which nothing is learnt from
            fit(
                self.untrained(preset.seeds),
                small,
                self.regime.build(**preset.window),
                optimizer=self.regime.optimizer(1e-4),
                epochs=TIMED,
                batch=preset.batch,
                loss=loss(self.regime.loss, FS),
                progress=False,
                callback=lambda _: ends.append(clock()),
            )
        epoch = max(float(np.min(np.diff(ends))), 1e-6)
        return epoch / preset.updates_of_a_pass(small) / preset.seeds

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
            self.regime.build(**preset.window),
            optimizer=self.regime.optimizer(rate),
            epochs=epochs,
            batch=preset.batch,
            loss=loss(self.regime.loss, FS),
            patience=self.regime.patience,
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
