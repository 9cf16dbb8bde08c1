"""A training from its plan to its end: begun, gone on with, watched, stopped, kept."""

import dataclasses
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple, final

from click.exceptions import Exit

from circuitnn import capture, metrics
from circuitnn import train as learning
from circuitnn.cli import told
from circuitnn.cli.problems import Fault, say
from circuitnn.cli.sources import Given
from circuitnn.cli.train_options import MINUTES, Epochs
from circuitnn.cli.watching import Watch, logged
from circuitnn.model import Model
from circuitnn.version import __version__

MOSTLY = 0.5  # of the error

# Of the options that a plan holds; all others are numbers, or not said.
KINDS: Mapping[str, tuple[type, ...]] = {
    "model": (str,),
    "loss": (str,),
    "seed": (int,),
    "fs": (int,),
    "seconds": (float, int),
    "keep_polarity": (bool,),
    "channel": (str, type(None)),
    "learn": (list,),
    "knobs": (list,),
}


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
        recipe: of the network.
        plan: names and seed; its legs are still to be planned.
        length: of the training.
        out: of the model; the folder of the training is beside it.
        report: of the page, or None.
        again: the command that goes on with it.
    """

    given: Given
    recipe: capture.Recipe
    plan: capture.Plan
    length: Length
    out: Path
    report: Path | None
    again: str

    @property
    def folder(self) -> capture.Folder:
        return folder_of(self.out)


def folder_of(out: Path) -> capture.Folder:
    """Where the training of a model keeps what it goes on from."""
    return capture.Folder(out.with_suffix(".training"))


def train(job: Job, *, resume: bool) -> None:
    """Train, write the model, and say how good it is and what to do next.

    Args:
        job: what is trained.
        resume: go on with the training that is there.

    Raises:
        Fault: where there is nothing to go on with, or it is another training.
        Exit: with the status 130, after Ctrl-C, when the model is written.
    """
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
    plugin = job.out.with_suffix(".lv2")
    commands = f"circuitnn run {job.out} guitar.wav out.wav\ncircuitnn export {job.out} {plugin}\n{job.again}"
    commands += "" if stopped else f" --epochs +{max(1, epochs // 2)}"
    if job.report is not None:
        plan = job.plan
        facts = {
            "Recordings": job.given.what,
            "What was found there": "; ".join(finding.text for finding in job.given.findings) or "nothing",
            "Division": str(job.given.material),
            "Network": f"{plan.model}: {model.count().weights} weights; loss {plan.loss}, seed {plan.seed}",
            "Training": f"{done} of {epochs} epochs, {history.updates} updates, {sum(history.seconds):.0f} s",
            "Versions": f"circuitnn {__version__}",
        }
        if each:
            facts["Error-to-signal ratios"] = "; ".join(each)
        doubts = [hint] if hint else []
        doubts += [finding.text for finding in job.given.findings if finding.is_doubt]
        doubts += ["The training was stopped before its end."] if stopped else []
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
        )
    if stopped:
        say(f"stopped after epoch {done} of {epochs}; the best so far is kept")
    say("next:")
    for command in commands.splitlines():
        say(f"  {command}")


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


def remembered(out: Path, options: Mapping[str, Any], *, given: Collection[str]) -> dict[str, Any]:
    """The options that a training was begun with, which is to go on with the same ones.

    Args:
        out: of the model.
        options: of the command, by name.
        given: names of those that were said this time.

    Raises:
        Fault: where one of them was another one.
        TrainingError: where there is no training to go on with.
    """
    there = folder_of(out).read().more
    kinds = {name: KINDS.get(name, (float, int, type(None))) for name in options}
    if not all(isinstance(there.get(name), kind) for name, kind in kinds.items()):
        raise Fault(f"{folder_of(out).path}: its plan is not one of this command; --overwrite begins another training")
    own = {name: _plain(value) for name, value in options.items()}
    for name in given:
        if there.get(name) != own[name]:
            raise Fault(
                f"{out}: was begun with another --{name.replace('_', '-')} ({there.get(name)}): --resume goes on with "
                "the same; --overwrite begins another one"
            )
    return {name: there[name] for name in own}


def _plain(value: Any) -> Any:
    """As JSON gives it back."""
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _begun(job: Job, trainer: capture.Trainer) -> capture.Plan:
    leg = capture.Leg(_epochs(trainer, job.length), trainer.recipe.rate)
    plan = dataclasses.replace(job.plan, legs=(leg,))
    job.folder.begin(plan)
    return plan


def _gone_on_with(job: Job, trainer: capture.Trainer) -> capture.Plan:
    folder, length, out = job.folder, job.length, job.out
    there = folder.read()
    leg = there.legs[-1]
    asked = length.epochs
    if not leg.is_done:
        if asked is not None and asked.number != leg.epochs:
            raise Fault(f"{out}: its {leg.epochs} epochs are not done yet: --resume without --epochs goes on with them")
        return there
    if asked is not None and not asked.is_more:
        done = sum(each.epochs for each in there.legs)
        if asked.number <= done:
            raise Fault(f"{out}: has {done} epochs already; --epochs +{asked.number} trains it further")
        asked = Epochs(asked.number - done, is_more=True)
    epochs = _epochs(trainer, length._replace(epochs=asked))
    return trainer.lengthened(folder, there, learning.restore(out), epochs)


def _epochs(trainer: capture.Trainer, length: Length) -> int:
    if length.epochs is not None:
        return length.epochs.number
    minutes = length.minutes or MINUTES
    say(f"compiling, and measuring how many epochs {minutes:g} minutes are ...")
    return trainer.epochs_in(60 * minutes)
