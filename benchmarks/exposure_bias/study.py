"""The study: each circuit, model and regime is one job, trained for all seeds at once in a process of its own."""

import dataclasses
import time
from pathlib import Path
from typing import Any, final

import jax
import numpy as np
from flax import nnx

from benchmarks.exposure_bias import material
from benchmarks.exposure_bias.presets import CIRCUITS, CONTENDERS, Known, Preset
from circuitnn import metrics
from circuitnn.circuit import Circuit
from circuitnn.model import Model, run
from circuitnn.nodal import NodalModel
from circuitnn.recurrent import Scaling
from circuitnn.train import Dataset, DivergenceError, History, exposure_bias, fit

NODAL = "nodal"
WARMUP = 1000  # samples at the start that do not count, as in `exposure_bias`
EXCERPT = 2400  # samples of waveform kept for the report: 50 ms


@final
@dataclasses.dataclass(frozen=True)
class Job:
    circuit: str
    model: str
    regime: str | None

    @property
    def label(self) -> str:
        return f"{self.circuit}|{self.model}|{self.regime}"


def jobs(preset: Preset) -> list[Job]:
    """The long ones first, so that the processes end at about the same time."""
    trained = [Job(c, m, r) for c in CIRCUITS for m in preset.contenders for r in CONTENDERS[m].regimes]
    return [Job(c, NODAL, None) for c in CIRCUITS] + sorted(trained, key=lambda job: job.model == preset.contenders[0])


def output_state(circuit: Circuit) -> str | None:
    """The capacitor across which the output is taken, if there is one."""
    for name in circuit.state_names:
        component = circuit[name]
        if component.kind == "C" and component.nodes == (circuit.outputs[0], "0"):
            return name
    return None


def work(job: Job, preset: Preset, folder: Path) -> dict[str, Any]:
    """Do one job; the result has `rows` for the table and `curves` for the plots."""
    sets = material.load(folder / f"{job.circuit}.npz")
    circuit = CIRCUITS[job.circuit]()
    if job.model == NODAL:
        with jax.enable_x64(True):
            models = [NodalModel(circuit, fs=material.FS, dtype=np.float64)]
            return _measured(job, models, [None], sets, History(), 0.0)
    known = Known(circuit.state_names, output_state(circuit), scaling_of(sets["train"]), material.FS)
    contender = CONTENDERS[job.model]
    untrained = [contender.build(known, nnx.Rngs(seed)) for seed in range(preset.seeds)]
    return trained(job, untrained, sets, preset, contender.learning_rate, folder)


def scaling_of(train: Dataset) -> Scaling:
    """What the networks see has unit size in the training data."""
    return Scaling.from_data(train.x, train.y, train.states)


def trained(
    job: Job, untrained: list, sets: dict[str, Dataset], preset: Preset, learning_rate: float, folder: Path
) -> dict[str, Any]:
    """Train a model of each seed together and measure them all."""
    epochs = _epochs(preset, sets["train"])
    seeds = list(range(len(untrained)))
    began = time.monotonic()
    try:
        models, history = fit(
            untrained,
            sets["train"],
            preset.regime(str(job.regime)),
            optimizer=preset.optimizer(learning_rate),
            epochs=epochs,
            batch=preset.batch,
            validation=sets["validation"],
            validation_every=max(1, epochs // 10),
            checkpoint=folder / f"{job.label.replace('|', '~').replace(' ', '_')}.npz",
            progress=False,
        )
    except DivergenceError as error:
        rows = [_row(job, seed, model, sets, diverged=str(error)) for seed, model in zip(seeds, untrained, strict=True)]
        return {"rows": rows, "curves": {}, "updates": 0, "samples": 0}
    seconds = sum(history.seconds) or time.monotonic() - began
    return _measured(job, models, seeds, sets, history, seconds / len(seeds))


def _epochs(preset: Preset, train: Dataset) -> int:
    """Whole passes that come nearest to the preset's number of updates; the same for every model and regime."""
    windows = (train.x.shape[1] - preset.warmup) // preset.length * train.x.shape[0]
    return max(1, round(preset.updates / max(1, windows // preset.batch)))


def _measured(
    job: Job, models: list, seeds: list, sets: dict[str, Dataset], history: History, seconds: float
) -> dict[str, Any]:
    rows, curves = [], {}
    reports = [exposure_bias(model, sets["test"]) for model in models]
    for index, (seed, model, report) in enumerate(zip(seeds, models, reports, strict=True)):
        told = {name: _number(value) for name, value in _told(model, sets["test"]).items()}
        validation = float(np.min(history.validation, axis=0)[index]) if len(history.validation) else None
        rows.append(
            _row(
                job,
                seed,
                model,
                sets,
                esr_teacher_forced=_number(report.esr_teacher_forced),
                esr_free_running=_number(report.esr_free_running),
                exposure_bias_db=_number(report.exposure_bias_db),
                train_seconds=round(seconds, 3),
                recovery_seconds=_number(report.recovery_seconds),
                recovered=None if report.recovery_seconds is None else bool(np.isfinite(report.recovery_seconds)),
                validation_esr=_number(validation),
                **told,
            )
        )
    if reports[0].error is not None:
        curves[f"{job.label}|error"] = np.stack([np.asarray(report.error, float) for report in reports])
        curves[f"{job.label}|wrong"] = np.stack([np.asarray(report.error_wrong_start, float) for report in reports])
        curves[f"{job.circuit}|times"] = np.asarray(reports[0].times, float)
    middle = int(np.argsort([report.esr_free_running for report in reports])[len(reports) // 2])
    start = _loudest(sets["test"])
    x = sets["test"].x[0, : start + EXCERPT]
    knobs = {name: knob[0, : start + EXCERPT] for name, knob in (sets["test"].controls or {}).items()}
    curves[f"{job.label}|waveform"] = np.asarray(run(models[middle], x, controls=knobs)[1])[start:, 0]
    curves[f"{job.circuit}|waveform-time"] = (start + np.arange(EXCERPT)) / material.FS
    curves[f"{job.circuit}|waveform-target"] = sets["test"].y[0, start : start + EXCERPT, 0]
    curves[f"{job.circuit}|waveform-input"] = x[start:, 0]
    return {"rows": rows, "curves": curves, "updates": history.updates, "samples": history.samples}


def _told(model: Model, test: Dataset) -> dict[str, float]:
    """Other metrics of the free run than its ESR, by their names; the start of each recording is left out."""
    _, y = run(model, test.x, controls=test.controls)
    found = metrics.summary(np.asarray(y, float)[:, WARMUP:], test.y[:, WARMUP:], fs=test.fs)
    del found["esr"]
    return found


def _row(job: Job, seed: int | None, model: Model, sets: dict[str, Dataset], **found: Any) -> dict[str, Any]:
    figures = ("esr_teacher_forced", "esr_free_running", "exposure_bias_db", "recovery_seconds", "recovered")
    weights = 0 if job.model == NODAL else sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))
    return {
        **dataclasses.asdict(job),
        "seed": seed,
        "parameters": int(weights),
        **dict.fromkeys(figures),
        "train_seconds": 0.0,
        "audio_seconds": 0.0 if job.model == NODAL else round(sets["train"].seconds, 3),
        "validation_esr": None,
        "diverged": None,
        **found,
    }


def _loudest(data: Dataset) -> int:
    """Where the excerpt with the most energy starts, warm-up left out."""
    energy = np.convolve(np.square(data.x[0, :, 0]), np.ones(EXCERPT), mode="valid")
    return WARMUP + int(np.argmax(energy[WARMUP:]))


def _number(value: float | None) -> float | None:
    """JSON has no infinity: a model that ran away has no figure."""
    return None if value is None or not np.isfinite(value) else float(value)
