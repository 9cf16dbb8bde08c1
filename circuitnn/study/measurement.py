"""What is measured of trained models: rows of the table and curves of the figures."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, final

import numpy as np

from circuitnn import metrics
from circuitnn.model import Model, StateModel, run
from circuitnn.study import players
from circuitnn.study.breakdown import parts
from circuitnn.study.contenders import numbers_of
from circuitnn.study.definition import Job
from circuitnn.study.players import packed
from circuitnn.study.positions import Condition
from circuitnn.study.records import NODAL
from circuitnn.study.signals import FS, loudest
from circuitnn.train import Dataset, ExposureBias, History, exposure_bias
from circuitnn.train.exposure import forced_esr
from circuitnn.train.objective import true_start

WARMUP = 1000  # samples at the start that do not count, as in `exposure_bias`
EXCERPT = 2400  # samples of waveform kept for the report: 50 ms


@final
class Test(NamedTuple):
    """What the test of a target is made of.

    Attributes:
        recordings: name and samples of those that its pieces were cut from, one after the other.
        conditions: of each piece, where all pieces are all of these recordings; else none.
    """

    recordings: Sequence[tuple[str, int]]
    conditions: Sequence[Condition] = ()

    @property
    def longest(self) -> int:
        """Samples that a model runs freely for."""
        samples = [samples for _, samples in self.recordings]
        return sum(samples) if self.conditions else max(samples)


@final
class Result(NamedTuple):
    """What a job has found: a row for each seed, arrays by name, and what each seed's training took."""

    rows: list[dict[str, Any]]
    curves: dict[str, np.ndarray]
    updates: int = 0
    gradient_samples: int = 0


def measured(
    job: Job,
    models: Sequence[Model],
    seeds: Sequence[int | None],
    data: Mapping[str, Dataset],
    history: History,
    seconds: float,
    told: Test,
) -> Result:
    """Errors of the models on the held-out data, and the waveform of the one with the median error."""
    test = data["test"]
    reports = [exposure_bias(model, test) for model in models]
    rows = []
    for index, (seed, model, report) in enumerate(zip(seeds, models, reports, strict=True)):
        validation = float(np.min(history.validation, axis=0)[index]) if len(history.validation) else None
        recovery = report.recovery_seconds
        rows.append(
            _row(job, seed, model, data)
            | {
                "esr_teacher_forced": _number(report.esr_teacher_forced),
                "esr_free_running": _number(report.esr_free_running),
                "exposure_bias_db": _number(report.exposure_bias_db),
                "rest_share": _number(report.rest_share),
                "train_seconds": round(seconds, 3),
                "recovery_seconds": _number(recovery),
                "recovered": None if recovery is None else bool(np.isfinite(recovery)),
                "validation_esr": _number(validation),
                "validation": [_number(each[index]) for each in history.validation],
                **_free_run(model, test, told),
            }
        )
    curves = _horizons(job, reports) | _waveforms(job, models, reports, test)
    return Result(rows, curves, history.updates, history.samples)


def with_forced_best(result: Result, models: Sequence[StateModel], test: Dataset) -> Result:
    """The result with the forced error of the weights that were chosen by their forced error, a model for each row."""
    errors = [forced_esr(model, test, warmup=WARMUP) for model in models]
    rows = [row | {"esr_forced_at_its_best": _number(e)} for row, e in zip(result.rows, errors, strict=True)]
    return result._replace(rows=rows)


def failed(
    job: Job, untrained: Sequence[Model], seeds: Sequence[int], data: Mapping[str, Dataset], reason: str
) -> Result:
    """Rows without figures for a training that diverged."""
    rows = [_row(job, seed, model, data) for seed, model in zip(seeds, untrained, strict=True)]
    return Result([row | {"diverged": reason} for row in rows], {})


def _row(job: Job, seed: int | None, model: Model, data: Mapping[str, Dataset]) -> dict[str, Any]:
    is_floor = job.model == NODAL
    return {
        **dataclasses.asdict(job),
        "seed": seed,
        "parameters": 0 if is_floor else numbers_of(model),
        "operations": None if is_floor else model.count().operations,
        "states": 0 if data["train"].states is None else data["train"].states.shape[-1],
        "esr_teacher_forced": None,
        "esr_free_running": None,
        "esr_forced_at_its_best": None,
        "exposure_bias_db": None,
        "rest_share": None,
        "recovery_seconds": None,
        "recovered": None,
        "learning_rate": None,
        "rates_tried": [],
        "train_seconds": 0.0,
        "audio_seconds": 0.0 if is_floor else round(data["train"].seconds, 3),
        "validation_esr": None,
        "validation": [],
        "diverged": None,
        "parts": [],
    }


def _free_run(model: Model, test: Dataset, told: Test) -> dict[str, Any]:
    """Other metrics than the ESR by their names, and the ESR in parts; the start of each recording is left out."""
    carry = model.init_carry(test.x.shape[:1], test.controls or None)
    if isinstance(model, StateModel) and test.initial is not None:
        carry = true_start(model, carry, test.initial, test.preceding)
    y = np.asarray(run(model, test.x, carry, controls=test.controls)[1], float)
    figures = metrics.summary(y[:, WARMUP:], test.y[:, WARMUP:], fs=test.fs)
    return {name: _number(value) for name, value in figures.items() if name != "esr"} | {
        "parts": parts(
            test.x[..., 0],
            y,
            test.y,
            recordings=told.recordings,
            fs=FS,
            warmup=WARMUP,
            conditions=told.conditions,
        )
    }


def _horizons(job: Job, reports: Sequence[ExposureBias]) -> dict[str, np.ndarray]:
    if reports[0].error is None:
        return {}
    return {
        f"{job.label}|error": np.stack([np.asarray(report.error, float) for report in reports]),
        f"{job.label}|wrong": np.stack([np.asarray(report.error_wrong_start, float) for report in reports]),
        f"{job.circuit}|times": np.asarray(reports[0].times, float),
    }


def _waveforms(
    job: Job, models: Sequence[Model], reports: Sequence[ExposureBias], test: Dataset
) -> dict[str, np.ndarray]:
    """The loudest excerpt of the test, and what the model of median error makes of it and of the sound around it."""
    start = WARMUP + loudest(test.x[0, WARMUP:, 0], EXCERPT).start
    stop = start + EXCERPT
    length = min(round(players.SECONDS * FS), test.x.shape[1] - WARMUP)
    begin = min(max(start - length // 4, WARMUP), test.x.shape[1] - length)
    end = max(stop, begin + length)
    middle = int(np.argsort([report.esr_free_running for report in reports])[len(reports) // 2])
    x = test.x[0, :end]
    knobs = {name: knob[0, :end] for name, knob in (test.controls or {}).items()}
    y = np.asarray(run(models[middle], x, controls=knobs)[1])[:, 0]
    sound = slice(begin, begin + length)
    target = np.asarray(test.y[0, :end, 0])
    kept = {"input": packed(x[sound, 0], x[sound, 0]), "target": packed(target[sound], target[sound])}
    return {
        f"{job.label}|waveform": y[start:stop],
        f"{job.label}|sound": packed(y[sound], target[sound]),
        f"{job.circuit}|waveform-time": (start + np.arange(EXCERPT)) / FS,
        f"{job.circuit}|waveform-target": target[start:stop],
        f"{job.circuit}|waveform-input": x[start:stop, 0],
        **{f"{job.circuit}|sound-{name}": signal for name, signal in kept.items()},
    }


def _number(value: float | None) -> float | None:
    """JSON has no infinity: a model that ran away has no figure."""
    return None if value is None or not np.isfinite(value) else float(value)
