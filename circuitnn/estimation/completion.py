"""What a circuit leaves of a recording: learnt in several ways on the same seconds, and the best of them kept."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuitnn.audio.signals import checked_signal
from circuitnn.estimation.completion_report import CompletionReport, Contender
from circuitnn.estimation.contenders import BESIDE, BLACK_BOX, Budget, Learnt, black_box, network_beside
from circuitnn.estimation.identification_report import IdentificationReport
from circuitnn.estimation.kept_ways import KeptWays
from circuitnn.estimation.neural_root import DIODES, diodes_corrected
from circuitnn.estimation.paired import preferred
from circuitnn.estimation.remainder import Remainder, played, put_to_the_input, remainder
from circuitnn.model import Model
from circuitnn.train.checkpoint import CheckpointError
from circuitnn.train.interruption import Interrupted

CIRCUIT = "circuit"
PLAINEST = (CIRCUIT, DIODES, BESIDE, BLACK_BOX)
HELD_OUT = 0.25  # of the recording


def complete(
    identified: IdentificationReport | Model,
    x: ArrayLike,
    y: ArrayLike,
    *,
    held_out: float | None = None,
    seconds: float | None = 20.0,
    epochs: int = 30,
    hidden: int = 16,
    until: float | None = None,
    seed: int = 0,
    folder: str | os.PathLike | None = None,
    trainings: int = 0,
    callback: Callable[[Model, CompletionReport], None] | None = None,
    progress: bool = True,
) -> tuple[Model, CompletionReport]:
    """Learn what an identified circuit leaves of a recording, in several ways, and keep the best.

    Compared are the circuit as it was identified; the same with a network that corrects its diodes (where a diode or an
    antiparallel pair is its only device); the same with a network beside it that hears what goes in and what comes out;
    and a GRU of as many weights that knows no circuit. All learn from the same seconds; the last quarter of these
    decides which epoch's weights are kept and which contender is: the plainest of those that cannot be told from the
    best. The seconds held out decide nothing, so that the errors there are those of unseen music.

    Args:
        identified: the report of `identify`; or a model, and y then lies to x as the model's output does.
        x: input as it was given to `identify`, (time,) or (time, 1).
        y: output likewise.
        held_out: seconds at the end that nothing is learnt from, those that the identification held out; a quarter of
            the recording when None.
        seconds: that the training of one contender may take, without its preparation; None for all of its epochs.
        epochs: passes over the data of each contender, at most.
        hidden: units of the network beside the circuit, which give the others their sizes.
        until: error-to-signal ratio over the seconds that choose, at which a training ends; contenders that are less
            plain than one which has reached it are not tried.
        seed: of the weights and of the order of the data.
        folder: keeps what was learnt. The same call goes on where it was stopped, to the same numbers, as far as not
            the clock but the epochs end a training.
        trainings: that were before in this folder. Each contender begins with what the last one has kept, at three
            tenths of the learning rate, and does not become worse where it is chosen by.
        callback: called after each contender with the best model so far and the report.
        progress: whether to show progress bars.

    Returns:
        The best model, with the identified one inside unless it is the black box: it has the input and the output of
        `identified.model`; and the report, to be printed.

    Raises:
        Interrupted: after Ctrl-C, at the end of an epoch: a KeyboardInterrupt with the best model so far and, as
            `history`, the report.
        CheckpointError: when the folder belongs to another training.
        ValueError: for recordings that are not one channel each, of different lengths or too short, and numbers out of
            range.

    Source: Chowdhury and Clarke 2022 (networks at the diodes); Wiener 1958 (memories and a curve behind them); Parker,
        Esqueda and Bergner 2019 (a circuit with a learnt part against black boxes).
    """
    task = _task(identified, x, y, held_out)
    numbers = (*([] if seconds is None else [seconds]), *([] if until is None else [until]))
    if not (all(number > 0 for number in numbers) and epochs >= 1 and hidden >= 1):
        raise ValueError(
            f"seconds and until have to be positive, epochs and hidden at least 1, got {seconds}, {until}, {epochs} "
            f"and {hidden}"
        )
    files = KeptWays(None if folder is None else Path(folder), trainings)
    budget = Budget(seconds, int(epochs), int(seed), progress, files, until)
    race = _Race(task)
    ways: dict[str, Callable[[], Learnt]] = {
        DIODES: lambda: diodes_corrected(task, budget, hidden),
        BESIDE: lambda: network_beside(task, budget, hidden),
        BLACK_BOX: lambda: black_box(task, budget, race.rows[BESIDE].weights or 20 * hidden),
    }
    for name, learn in ways.items():
        if until is not None and race.lowest() <= until:
            race.rows[name] = Contender(name, problem=f"not tried, as {until:.3g} is reached without")
            continue
        race.add(name, learn)
        if files.stopped_by is not None:
            raise Interrupted(f"{name}: {files.stopped_by}", *race.judged())
        if callback is not None:
            callback(*race.judged())
    return race.judged()


@final
class _Race:
    """The contenders so far; the circuit alone is the first."""

    def __init__(self, task: Remainder):
        self._task = task
        self.models: dict[str, Model] = {CIRCUIT: task.model}
        self.predictions: dict[str, NDArray] = {CIRCUIT: task.predicted}
        self.rows: dict[str, Contender] = {CIRCUIT: Contender(CIRCUIT)}

    def add(self, name: str, learn: Callable[[], Learnt]) -> None:
        """Let one learn; what cannot is told in its row."""
        began = time.monotonic()
        try:
            learnt = learn()
        except ValueError as problem:
            if isinstance(problem, CheckpointError):
                raise
            self.rows[name] = Contender(name, problem=str(problem).splitlines()[0])
            return
        self.models[name], self.predictions[name] = learnt.model, played(learnt.model, self._task.x)
        took = time.monotonic() - began
        self.rows[name] = Contender(name, learnt.weights, learnt.epochs, took, stopped=learnt.stopped)

    def lowest(self) -> float:
        """The lowest error where it is chosen by."""
        return min(self._task.esr(predicted, self._task.chosen) or 0.0 for predicted in self.predictions.values())

    def judged(self) -> tuple[Model, CompletionReport]:
        """The plainest of those that cannot be told from the best, over the seconds that are there to choose by."""
        return _judged(self._task, self.models, self.predictions, dict(self.rows))


def _task(identified: IdentificationReport | Model, x: ArrayLike, y: ArrayLike, held_out: float | None) -> Remainder:
    played_in, heard = (_channel(signal, name) for signal, name in ((x, "x"), (y, "y")))
    if len(played_in) != len(heard):
        raise ValueError(f"complete: x has {len(played_in)} samples, y has {len(heard)}: equal lengths are wanted")
    there = None
    if isinstance(identified, Model):
        model = identified
    else:
        assert identified.recording is not None
        model, (heard, there) = identified.model, put_to_the_input(identified.recording.lateness, heard)
    if held_out is None:
        held_out = HELD_OUT * len(played_in) / (model.fs or np.inf)
    return remainder(model, played_in, heard, float(held_out), there)


def _channel(signal: ArrayLike, name: str) -> NDArray:
    samples = checked_signal(signal, f"complete: {name}")
    if samples.ndim > 1 and samples.size != len(samples):
        raise ValueError(f"complete: {name}: one channel is wanted, got the shape {samples.shape}")
    return samples.reshape(-1)


def _judged(
    task: Remainder, models: dict[str, Model], predictions: dict[str, NDArray], rows: dict[str, Contender]
) -> tuple[Model, CompletionReport]:
    names = [name for name in PLAINEST if name in models]
    y = task.y[task.chosen]
    errors = [y - predictions[name][task.chosen] for name in names]
    place, _, differences = preferred(errors, float(y @ y), task.fs, [(k,) for k in range(len(names))])
    for name, difference in zip(names, differences, strict=True):
        row, predicted = rows[name], predictions[name]
        rows[name] = Contender(
            **vars(row)
            | {
                "esr_learnt": task.esr(predicted, task.learnt),
                "esr_chosen": task.esr(predicted, task.chosen),
                "esr_held_out": task.esr(predicted, task.held_out),
                "difference": difference,
            }
        )
    parts = [part for part in (task.learnt, task.chosen, task.held_out) if part.stop > part.start]
    report = CompletionReport(
        tuple(rows[name] for name in PLAINEST if name in rows),
        names[place],
        tuple((part.start / task.fs, part.stop / task.fs) for part in parts),
        task.learnt.start / task.fs,
    )
    return models[names[place]], report
