"""A circuit as the model of a recording: its values are found, and what they leave is learnt."""

import dataclasses
import sys
from typing import Any, final

import numpy as np
from click.exceptions import Exit
from numpy.typing import NDArray

from circuitnn import capture
from circuitnn import train as learning
from circuitnn.cli import distortion, remembered, told
from circuitnn.cli.found_values import Found, mark_of
from circuitnn.cli.problems import say
from circuitnn.cli.trained import Job, Length
from circuitnn.cli.variants import Turned
from circuitnn.cli.watching import logged
from circuitnn.estimation.contenders import AGAIN
from circuitnn.estimation.remainder import put_to_the_input
from circuitnn.model import Model

SECONDS, WAYS = 20.0, 3  # of learning what is left in one way where nothing is said, and in how many it is learnt
EPOCHS = 30  # of each, likewise
LIMIT = "way_seconds"  # in a plan


def train(job: Job, turned: Turned, *, resume: bool) -> None:
    """Find the values of a circuit, learn what they leave in several ways, and write the best model.

    Args:
        job: what is trained; the name of its model is the circuit's.
        turned: the circuit, and where its knobs stand.
        resume: go on with the training that is there.

    Raises:
        Fault: where there is nothing to go on with, or it is another training.
        Exit: with the status 130, after Ctrl-C.
    """
    plan = _gone_on_with(job) if resume else _begun(job)
    whole, test = job.given.material.whole, job.given.material.parts["test"]
    x, y = (np.asarray(signal[0, :, 0], float) for signal in (whole.x, whole.y))
    try:
        found = _found(job, turned, x, y, held_out=(test.stop - test.start) / whole.fs)
    except KeyboardInterrupt:
        say("stopped while the values were found: there is no model yet, and --resume begins with them", err=True)
        raise Exit(130) from None
    job.folder.write(plan)
    heard, there = put_to_the_input(found.lateness, y)
    watch = _Watch(job, found, _put_in(job.given.material, heard - found.zero, there), resume=resume)
    leg, seconds = plan.legs[-1], plan.more[LIMIT]
    limit = "" if seconds is None else f", {seconds:.3g} s at most"
    say(f"learning what the circuit leaves, in {WAYS} ways of {leg.epochs} epochs{limit} ...")
    stopped = False
    try:
        model, left = learning.complete(
            found.model,
            x[:there],
            heard[:there],
            held_out=max(there - test.start, 0) / whole.fs,
            seconds=seconds,
            epochs=leg.epochs,
            until=job.length.until,
            seed=job.plan.seed,
            folder=job.folder.path,
            trainings=len(plan.legs) - 1,
            callback=watch,
            progress=sys.stderr.isatty(),
        )
        watch.keep(model, left.chosen)
        done = dataclasses.replace(leg, is_done=True)
        job.folder.write(dataclasses.replace(plan, legs=(*plan.legs[:-1], done)))
    except learning.Interrupted as problem:
        watch(problem.model, problem.history)
        stopped = True
    except KeyboardInterrupt:  # not while it learns
        stopped = True
    _conclude(job, watch, found, stopped=stopped)
    if stopped:
        raise Exit(130)


def _found(job: Job, turned: Turned, x: NDArray, y: NDArray, *, held_out: float) -> Found:
    """The circuit with its values; those that were found before where a training goes on."""
    circuit = turned.circuit.replace(**turned.held)
    options, folder = job.plan.more, job.folder.path
    volts, output_volts = options["volts"], options["output_volts"] or options["volts"]
    arguments: dict[str, Any] = {
        "fs": job.given.material.whole.fs,
        "x_gain": volts or "fit",
        "y_gain": 1 / output_volts if output_volts else "fit",
        # Players and recorders have a zero that is off, and a capacitor at the input; what is none is found to be none.
        "x_offset": "fit",
        "output": "ac",
        "held_out": held_out,
    }
    mark = mark_of(circuit, x, y, arguments)
    found = Found.read(folder, mark)
    if found is not None:
        say(f"the values of {job.plan.model} are those that were found before")
        return found
    say(f"finding the values of {job.plan.model} ...")
    _, report = learning.identify(circuit, x, y, progress=sys.stderr.isatty(), **arguments)
    say(str(report))
    found = Found.of(report)
    found.write(folder, mark)
    return found


@final
class _Watch:
    """Called after each way of learning: keeps the best model so far, and shows what it makes of the validation part.

    Args:
        job: what is trained.
        found: the circuit, which is the first model.
        material: where the recording lies at the time of what was played.
        resume: whether the model that is there already is the first one.

    Attributes:
        model: that is kept.
        chosen: how it was learnt.
        left: the report so far.
    """

    def __init__(self, job: Job, found: Found, material: capture.Material, *, resume: bool):
        self._job, self.material = job, material
        self._log = job.folder.path / "log.txt"
        self._told: set[str] = set()
        self.left: learning.CompletionReport | None = None
        if resume and job.out.exists():
            self.keep(learning.restore(job.out), "as it was before")
        else:
            self.keep(found.model, "circuit")
        logged(self._log, f"the values of {job.plan.model} are found")

    def __call__(self, model: Model, left: learning.CompletionReport) -> None:
        self.left = left
        for row in left.contenders:
            if row.name not in self._told and row.esr_chosen is not None:
                line = f"{row.name}: ESR {row.esr_chosen:.2e} to choose by, {row.epochs} epochs, {row.seconds:.0f} s"
                logged(self._log, line)
                say(line, err=True)
                self._told.add(row.name)
        # Ways that are still to come may have been better in a training before.
        if self.material.predicted(model, "validation").esr <= self._esr:
            self.keep(model, left.chosen)

    def keep(self, model: Model, chosen: str) -> None:
        """Write the model, and what it makes of the validation part."""
        prediction = self.material.predicted(model, "validation")
        self.model, self.chosen, self._esr = model, chosen, prediction.esr
        learning.save(model, self._job.out)
        told.write_preview(self._job.folder.path, prediction)


def _conclude(job: Job, watch: _Watch, found: Found, *, stopped: bool) -> None:
    model, chosen, left = watch.model, watch.chosen, watch.left
    if left is not None:
        say(str(left))
    prediction = watch.material.predicted(model)
    told.write_sounds(job.folder.path, prediction)
    said = (
        f"{job.out}: ESR {prediction.esr:.2g} on the {prediction.y.shape[1] / prediction.fs:.1f} s held out ({chosen})"
    )
    logged(job.folder.path / "log.txt", said)
    say(said)
    epochs = job.folder.read().legs[-1].epochs
    commands = told.following(job.out, job.again, None if stopped else epochs)
    if job.report is not None:
        alone = "" if found.esr_held_out is None else f"; alone the circuit has an ESR of {found.esr_held_out:.2g}"
        told.write_page(
            job.report,
            model,
            None,
            prediction,
            title=f"{job.out.stem}: a circuit, and what it leaves",
            doubts=told.doubts(job.given, stopped=stopped),
            facts=told.facts(job.given, {"Circuit": job.plan.model, "Chosen": f"{chosen}{alone}", "Ways": _ways(left)}),
            noise=job.given.material.noise,
            following=commands,
            harmonics=lambda: distortion.harmonics(job.given, model, prediction, watch.material),
        )
    if stopped:
        say("stopped; the best so far is kept")
    told.say_next(commands)


def _ways(left: learning.CompletionReport | None) -> str:
    rows = () if left is None else left.contenders
    return (
        "; ".join(
            f"{row.name}: {row.problem or f'ESR {row.esr_chosen:.2g} to choose by, {row.epochs} epochs'}"
            for row in rows
        )
        or "none was learnt"
    )


def _put_in(material: capture.Material, heard: NDArray, there: int) -> capture.Material:
    """The material with the recording at the time of what was played."""
    whole = dataclasses.replace(material.whole, y=np.asarray(heard, material.whole.y.dtype)[None, :, None])
    parts = {name: slice(part.start, min(part.stop, there)) for name, part in material.parts.items()}
    return capture.Material(whole, parts, material.noise)


def _begun(job: Job) -> capture.Plan:
    asked = job.length.epochs
    leg = capture.Leg(EPOCHS if asked is None else asked.number, 1.0)
    plan = dataclasses.replace(job.plan, legs=(leg,), more={**job.plan.more, LIMIT: _seconds(job.length)})
    job.folder.begin(plan)
    return plan


def _gone_on_with(job: Job) -> capture.Plan:
    there, length = job.folder.read(), job.length
    seconds = there.more.get(LIMIT)
    if there.legs[-1].is_done:
        asked = remembered.more(job.out, there, length.epochs)
        leg = capture.Leg(EPOCHS if asked is None else asked.number, AGAIN)
        there, seconds = dataclasses.replace(there, legs=(*there.legs, leg)), _seconds(length)
    elif length.minutes is not None:
        seconds = _seconds(length)
    return dataclasses.replace(there, more={**there.more, LIMIT: seconds})


def _seconds(length: Length) -> float | None:
    """Of learning in one way; None where the epochs end it."""
    if length.minutes is not None:
        return 60 * length.minutes / WAYS
    return SECONDS if length.epochs is None else None
