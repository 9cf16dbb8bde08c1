"""A training from its plan to its end: begun, gone on with, watched, stopped, kept."""

from pathlib import Path
from typing import NamedTuple, final

from click.exceptions import Exit

from circuitnn import capture
from circuitnn import train as learning
from circuitnn.cli.problems import Fault, say
from circuitnn.cli.train_options import Epochs
from circuitnn.cli.watching import Watch, logged

SHOWN = 1e-3  # of an ESR that is near to the noise's


@final
class Length(NamedTuple):
    """How long a training is: epochs or minutes, and the validation error that is enough."""

    epochs: Epochs | None
    minutes: float | None
    until: float | None


def train(
    material: capture.Material,
    recipe: capture.Recipe,
    plan: capture.Plan,
    length: Length,
    out: Path,
    *,
    resume: bool,
    again: str,
) -> None:
    """Train, write the model, and say how good it is and what to do next.

    Args:
        material: to learn from and to be judged on.
        recipe: of the network.
        plan: names and seed; its legs are still to be planned.
        length: of the training.
        out: of the model; the folder of the training is beside it.
        resume: go on with the training that is there.
        again: the command that goes on with it.

    Raises:
        Fault: where there is nothing to go on with, or it is another training.
        Exit: with the status 130, after Ctrl-C, when the model is written.
    """
    folder = capture.Folder(out.with_suffix(".training"))
    parts = material.part("train"), material.part("validation")
    (recordings, samples), chosen = parts[0].x.shape[:2], parts[1].x.shape[1]
    fitted = recipe.fitted_to(recordings, samples, chosen)
    trainer = capture.Trainer(*parts, fitted, plan.loss, plan.seed)
    say(f"{plan.model}: {trainer.untrained().count().weights} weights, loss {plan.loss}")
    plan = _gone_on_with(folder, plan, trainer, length, out) if resume else _begun(folder, plan, trainer, length)
    leg = plan.legs[-1]
    say(f"{leg.epochs} epochs, learning rate {leg.rate:g}; log: {folder.path / 'log.txt'}")
    stopped: learning.Interrupted | None = None
    with Watch(leg, fitted, out, folder.path / "log.txt") as watch:
        try:
            seconds = None if length.minutes is None else 60 * length.minutes
            model, history = trainer.leg(folder, plan, target=length.until, seconds=seconds, callback=watch)
        except learning.Interrupted as problem:
            model, history, stopped = problem.model, problem.history, problem
    learning.save(model, out)
    prediction = material.predicted(model)
    kept = min([float(history.initial), *map(float, history.validation)])
    said = f"{out}: ESR {prediction.esr:.2g} on the {prediction.y.shape[1] / prediction.fs:.1f} s held out"
    logged(folder.path / "log.txt", said)
    say(f"{said} (validation {kept:.2g})")
    if stopped is not None:
        say(f"stopped after epoch {len(history.loss)} of {leg.epochs}; the best so far is kept. To go on:\n  {again}")
        raise Exit(130)
    say(f"next:\n  circuitnn run {out} guitar.wav out.wav\n  {again} --epochs +{max(1, leg.epochs // 2)}")


def check_same(there: capture.Plan, plan: capture.Plan, out: Path) -> None:
    """Raises a Fault where a training is to go on that was begun as another one."""
    for what in ("model", "loss", "seed"):
        if getattr(there, what) != getattr(plan, what):
            raise Fault(
                f"{out}: was begun with --{what} {getattr(there, what)}: --resume goes on with the same; --overwrite "
                "begins another one"
            )


def _begun(folder: capture.Folder, plan: capture.Plan, trainer: capture.Trainer, length: Length) -> capture.Plan:
    leg = capture.Leg(_epochs(trainer, length), trainer.recipe.rate)
    plan = capture.Plan(plan.model, plan.loss, plan.seed, (leg,), plan.more)
    folder.begin(plan)
    return plan


def _gone_on_with(
    folder: capture.Folder, plan: capture.Plan, trainer: capture.Trainer, length: Length, out: Path
) -> capture.Plan:
    there = folder.read()
    check_same(there, plan, out)
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
    say(f"compiling, and measuring how many epochs {length.minutes:g} minutes are ...")
    return trainer.epochs_in(60 * (length.minutes or 0))
