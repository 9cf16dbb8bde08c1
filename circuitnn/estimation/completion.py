"""What a circuit leaves of a recording: learnt in several ways on the same seconds, and the best of them kept."""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuitnn.audio.signals import checked_signal
from circuitnn.estimation.completion_report import CompletionReport, Contender
from circuitnn.estimation.contenders import Budget, Learnt, black_box, network_beside
from circuitnn.estimation.identification_report import IdentificationReport
from circuitnn.estimation.neural_root import diodes_corrected
from circuitnn.estimation.paired import preferred
from circuitnn.estimation.remainder import Remainder, played, put_to_the_input, remainder
from circuitnn.model import Model

CIRCUIT = "circuit"
PLAINEST = (CIRCUIT, "diodes corrected", "network beside", "black box")
HELD_OUT = 0.25  # of the recording


def complete(
    identified: IdentificationReport | Model,
    x: ArrayLike,
    y: ArrayLike,
    *,
    held_out: float | None = None,
    seconds: float = 20.0,
    epochs: int = 30,
    hidden: int = 16,
    seed: int = 0,
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
        seconds: that the training of one contender may take, without its preparation.
        epochs: passes over the data at most; of the black box, which learns slowest, four times as many.
        hidden: units of the network beside the circuit, which give the others their sizes.
        seed: of the weights and of the order of the data.
        progress: whether to show progress bars.

    Returns:
        The best model, with the identified one inside unless it is the black box: it has the input and the output of
        `identified.model`; and the report, to be printed.

    Raises:
        ValueError: for recordings that are not one channel each, of different lengths or too short, and numbers out of
            range.

    Source: Chowdhury and Clarke 2022 (networks at the diodes); Wiener 1958 (memories and a curve behind them); Parker,
        Esqueda and Bergner 2019 (a circuit with a learnt part against black boxes).
    """
    task = _task(identified, x, y, held_out)
    if not (seconds > 0 and epochs >= 1 and hidden >= 1):
        raise ValueError(
            f"seconds has to be positive, epochs and hidden at least 1, got {seconds}, {epochs} and {hidden}"
        )
    budget = Budget(seconds, int(epochs), int(seed), progress)
    models, predictions, rows = {CIRCUIT: task.model}, {CIRCUIT: task.predicted}, {CIRCUIT: Contender(CIRCUIT)}

    def tried(name: str, learn: Callable[[], Learnt]) -> None:
        began = time.monotonic()
        try:
            learnt = learn()
        except ValueError as problem:
            rows[name] = Contender(name, problem=str(problem).splitlines()[0])
            return
        models[name], predictions[name] = learnt.model, played(learnt.model, task.x)
        took = time.monotonic() - began
        rows[name] = Contender(name, learnt.weights, learnt.epochs, took, stopped=learnt.stopped)

    tried("diodes corrected", lambda: diodes_corrected(task, budget, hidden))
    tried("network beside", lambda: network_beside(task, budget, hidden))
    tried("black box", lambda: black_box(task, budget, rows["network beside"].weights or 20 * hidden))
    return _judged(task, models, predictions, rows)


def _task(identified: IdentificationReport | Model, x: ArrayLike, y: ArrayLike, held_out: float | None) -> Remainder:
    played_in, heard = (_channel(signal, name) for signal, name in ((x, "x"), (y, "y")))
    if len(played_in) != len(heard):
        raise ValueError(f"complete: x has {len(played_in)} samples, y has {len(heard)}: equal lengths are wanted")
    there = None
    if isinstance(identified, Model):
        model = identified
    else:
        model, (heard, there) = identified.model, put_to_the_input(identified, heard)
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
    """The plainest of those that cannot be told from the best, over the seconds that are there to choose by."""
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
        tuple(rows[name] for name in PLAINEST),
        names[place],
        tuple((part.start / task.fs, part.stop / task.fs) for part in parts),
        task.learnt.start / task.fs,
    )
    return models[names[place]], report
