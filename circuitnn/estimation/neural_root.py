"""The identified circuit as a wave digital filter whose diodes a network corrects, learnt from what is heard."""

import numpy as np
from flax import nnx
from numpy.typing import NDArray

from circuitnn.composition import Chain, chain
from circuitnn.estimation.contenders import Budget, Learnt, trained
from circuitnn.estimation.kept_ways import Ended
from circuitnn.estimation.remainder import Remainder, loud_places, played, windows
from circuitnn.model import Model, trace
from circuitnn.native import fastest
from circuitnn.nodal.model import NodalModel
from circuitnn.train.dataset import Dataset
from circuitnn.train.regimes import TruncatedBPTT
from circuitnn.wdf.neural_circuit import with_neural_root

LONG, WARM = 512, 128  # samples that a gradient reaches back over, and without a loss before
PIECES = 48  # to learn from, the loudest of equal stretches: each sample takes several steps of the circuit
BATCH = 16
DIODES = "diodes corrected"
RATE = 5e-4  # it begins within a hundredth of where it is to end


def diodes_corrected(task: Remainder, budget: Budget, hidden: int) -> Learnt:
    """The model with a network at the diodes of its circuit.

    What is in front of the circuit stays as it is and is played once. What is behind it is taken for a factor while it
    is learnt: couplings far below the music do not act in a window of a fiftieth of a second. Windows begin with the
    states that the circuit has there.

    Raises:
        ValueError: where there is no such circuit in the model, or one with other devices than one diode or an
            antiparallel pair.
    """
    before, circuit, behind = _around(task.model)
    x = task.x if before is None else played(before, task.x)
    fs = task.fs
    corrected = with_neural_root(
        circuit.circuit,
        fs,
        hidden=(hidden,),
        largest_wave=float(np.abs(x).max()),
        rule=circuit.rule,
        oversampling=circuit.oversampling.filters.factor,
        dtype=circuit.dtype,
        rngs=nnx.Rngs(budget.seed),
    )
    volts, states = (np.asarray(each, np.float64) for each in trace(fastest(circuit, len(x), is_observed=True), x)[1:])
    wanted = volts + _at_the_circuit(task, volts, circuit.latency)

    first = loud_places(x, task.learnt, PIECES, LONG + WARM)
    heard, told, held = (windows(signal, first, LONG + WARM) for signal in (x, wanted, states))
    fitted, epochs, stopped = trained(
        corrected,
        Dataset(heard, told, held, initial=states[np.maximum(first - 1, 0)], fs=fs),
        None,  # pieces of it would begin with filters at rest
        budget,
        way=DIODES,
        regime=TruncatedBPTT(length=LONG, warmup=WARM),
        rate=RATE,
        patience=None,
        batch=BATCH,
        state_weight=0.0,
    )
    whole = _in_place(before, fitted, behind)
    earlier = budget.files.before(DIODES)
    if earlier is not None and _error(task, _in_place(before, earlier, behind)) <= _error(task, whole):
        # Nothing was validated on the way: what was there before stays where it is as good.
        fitted, whole = earlier, _in_place(before, earlier, behind)
        if budget.files.stopped_by is None:
            budget.files.keep(DIODES, Ended(fitted, epochs, stopped))
    weights = fitted.network.weights
    count = sum(layer.size for layer in (*weights.kernels, *weights.biases))
    return Learnt(whole, count, epochs, stopped)


def _in_place(before: Model | None, circuit: Model, behind: Model | None) -> Model:
    parts = [part for part in (before, circuit, behind) if part is not None]
    return parts[0] if len(parts) == 1 else chain(*parts)


def _error(task: Remainder, model: Model) -> float:
    return float(np.sum((task.y - played(model, task.x))[task.chosen] ** 2))


def _around(model: Model) -> tuple[Model | None, NodalModel, Model | None]:
    """What is in front of the one circuit of a model, that circuit, and what is behind it."""
    parts = _in_a_row(model)
    circuits = [k for k, part in enumerate(parts) if isinstance(part, NodalModel)]
    if len(circuits) != 1:
        raise ValueError(f"the model has {len(circuits)} circuits in a row where one is wanted")
    place = circuits[0]
    before, behind = parts[:place], parts[place + 1 :]
    return chain(*before) if before else None, parts[place], chain(*behind) if behind else None  # type: ignore[return-value]


def _in_a_row(model: Model) -> list[Model]:
    return [part for member in model.models for part in _in_a_row(member)] if isinstance(model, Chain) else [model]


def _at_the_circuit(task: Remainder, volts: NDArray, latency: int) -> NDArray:
    """What is left of the recording, in volts at the circuit's output and as late as that is: (time,)."""
    # Volts that come late against what the whole model makes of them, which is not late.
    heard, made = (signal[task.learnt] for signal in (np.roll(volts, -latency), task.predicted))
    heard = heard - heard.mean()
    factor = heard @ (made - made.mean()) / (heard @ heard)
    return np.roll(task.left, latency) / factor
