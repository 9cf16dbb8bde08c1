"""A training from its plan to its end: begun, gone on with, watched, stopped, kept."""

import dataclasses
import time
from pathlib import Path
from typing import NamedTuple, final

from click.exceptions import Exit

from circuitnn import capture, metrics
from circuitnn import train as learning
from circuitnn.cli import distortion, remembered, told
from circuitnn.cli.problems import say
from circuitnn.cli.sources import Given
from circuitnn.cli.train_options import MINUTES, Epochs
from circuitnn.cli.watching import Watch, logged
from circuitnn.model import Model

MOSTLY = 0.5  # of the error


@final
class Length(NamedTuple):
    """How long a training is: epochs or minutes, or neither; and the validation error that is enough."""

    epochs: Epochs | None
    minutes: float | None
    until: float | None


@final
@dataclasses.dataclass(frozen=True)
class Job:
    """What is to be trained, and where it goes.

    Attributes:
        given: to learn from and to be judged on.
        recipe: of the network; None for a circuit, whose values are found.
        plan: names and seed; its legs are still to be planned.
        length: of the training.
        out: of the model; the folder of the training is beside it.
        report: of the page, or None.
        again: the command that goes on with it.
    """

    given: Given
    recipe: capture.Recipe | None
    plan: capture.Plan
    length: Length
    out: Path
    report: Path | None
    again: str

    @property
    def folder(self) -> capture.Folder:
        return remembered.folder_of(self.out)


def train(job: Job, *, resume: bool) -> None:
    """Train, write the model, and say how good it is and what to do next.

    Args:
        job: what is trained.
        resume: go on with the training that is there.

    Raises:
        Fault: where there is nothing to go on with, or it is another training.
        Exit: with the status 130, after Ctrl-C, when the model is written.
    """
    assert job.recipe is not None
    folder, length = job.folder, job.length
    parts = job.given.material.part("train"), job.given.material.part("validation")
    (recordings, samples), chosen = parts[0].x.shape[:2], parts[1].x.shape[1]
    fitted = job.recipe.fitted_to(recordings, samples, chosen)
    names = job.given.state_names
    trainer = capture.Trainer(*parts, fitted, job.plan.loss, job.plan.seed, names)
    say(f"{job.plan.model}: {trainer.untrained().count().weights} weights, loss {job.plan.loss}")
    began = time.monotonic()
    goes_on = resume and not folder.read().legs[-1].is_done
    plan = _gone_on_with(job, trainer) if resume else _begun(job, trainer)
    minutes = length.minutes if length.epochs is not None or goes_on else length.minutes or MINUTES
    leg = plan.legs[-1]
    log = folder.path / "log.txt"
    say(f"{leg.epochs} epochs, learning rate {leg.rate:g}; log: {log}")
    stopped: learning.Interrupted | None = None
    with Watch(leg, fitted, job.out, log, job.given.material) as watch:
        try:
            seconds = None if minutes is None else max(60 * minutes - (time.monotonic() - began), 1.0)
            model, history = trainer.leg(folder, plan, target=length.until, seconds=seconds, callback=watch)
        except learning.Interrupted as problem:
            model, history, stopped = problem.model, problem.history, problem
    learning.save(model, job.out)
    _conclude(job, model, history, log, stopped=stopped is not None)
    if stopped is not None:
        raise Exit(130)


def _conclude(job: Job, model: Model, history: learning.History, log: Path, *, stopped: bool) -> None:
    prediction = job.given.material.predicted(model)
    kept = min([float(history.initial), *map(float, history.validation)])
    said = f"{job.out}: ESR {prediction.esr:.2g} on the {prediction.y.shape[1] / prediction.fs:.1f} s held out"
    logged(log, said)
    say(f"{said} (validation {kept:.2g})")
    each = _each(job, prediction)
    for line in each:
        say(f"  {line}")
    hint = _hint(job, prediction)
    if hint:
        say(hint)
    told.write_sounds(job.folder.path, prediction)
    done, epochs = len(history.loss), job.folder.read().legs[-1].epochs
    commands = told.following(job.out, job.again, None if stopped else epochs)
    if job.report is not None:
        plan = job.plan
        network = f"{plan.model}: {model.count().weights} weights; loss {plan.loss}, seed {plan.seed}"
        training = f"{done} of {epochs} epochs, {history.updates} updates, {sum(history.seconds):.0f} s"
        facts = told.facts(job.given, {"Network": network, "Training": training})
        if each:
            facts["Error-to-signal ratios"] = "; ".join(each)
        doubts = ([hint] if hint else []) + told.doubts(job.given, stopped=stopped)
        told.write_page(
            job.report,
            model,
            history,
            prediction,
            title=f"{job.out.stem}: a model of a device",
            doubts=doubts,
            facts=facts,
            noise=job.given.material.noise,
            following=commands,
            harmonics=lambda: distortion.harmonics(job.given, model, prediction),
        )
    if stopped:
        say(f"stopped after epoch {done} of {epochs}; the best so far is kept")
    told.say_next(commands)


def _each(job: Job, prediction: capture.Prediction) -> list[str]:
    """Of several recordings the error of each, with where its knobs were."""
    if len(prediction.y) == 1:
        return []
    knobs = job.given.material.whole.controls or {}
    lines = []
    for number, (y, target) in enumerate(zip(prediction.y, prediction.target, strict=True)):
        where = ", ".join(f"{name} {float(values[number, 0]):g}" for name, values in knobs.items())
        lines.append(f"{where or f'recording {number}'}: ESR {metrics.esr(y, target):.2g}")
    return lines


def _hint(job: Job, prediction: capture.Prediction) -> str:
    """Which other network would do better, where that can be seen."""
    share, name = prediction.slow_share, job.plan.model
    slower = f"{name}-slow"
    if share < MOSTLY or name.endswith("-slow") or not name.startswith(("gru", "lstm")):
        return ""
    return (
        f"{100 * share:.0f} % of the error lies below 20 Hz: the device remembers for longer than {name} does; --model "
        f"{slower} begins with units that do"
    )


def _begun(job: Job, trainer: capture.Trainer) -> capture.Plan:
    leg = capture.Leg(_epochs(trainer, job.length), trainer.recipe.rate)
    plan = dataclasses.replace(job.plan, legs=(leg,))
    job.folder.begin(plan)
    return plan


def _gone_on_with(job: Job, trainer: capture.Trainer) -> capture.Plan:
    folder, length, out = job.folder, job.length, job.out
    there = folder.read()
    if not there.legs[-1].is_done:
        return there
    asked = remembered.more(out, there, length.epochs)
    epochs = _epochs(trainer, length._replace(epochs=asked))
    return trainer.lengthened(folder, there, learning.restore(out), epochs)


def _epochs(trainer: capture.Trainer, length: Length) -> int:
    if length.epochs is not None:
        return length.epochs.number
    minutes = length.minutes or MINUTES
    say(f"compiling, and measuring how many epochs {minutes:g} minutes are ...")
    return trainer.epochs_in(60 * minutes)
