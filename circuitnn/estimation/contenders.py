"""Networks that learn what a circuit leaves of a recording, and one that learns the recording without the circuit."""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple, final

import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from numpy.typing import NDArray

from circuitnn.composition import chain, parallel
from circuitnn.estimation.kept_ways import Ended, KeptWays
from circuitnn.estimation.remainder import Remainder, played, windows
from circuitnn.filters.bank import LowPassBank
from circuitnn.hybrid.corrected import Corrected
from circuitnn.model import Model
from circuitnn.networks.scaling import Scaling
from circuitnn.recurrent.gru import GRU
from circuitnn.recurrent.memoryless import Memoryless
from circuitnn.train.dataset import Dataset
from circuitnn.train.fitting import fit
from circuitnn.train.interruption import Interrupted
from circuitnn.train.regimes import TruncatedBPTT
from circuitnn.train.stopping import EpochEnd
from circuitnn.train.suspicion import DataWarning

MEMORIES = 8  # low passes of each signal
FASTEST = 1e-4  # seconds, of the time constants
SLOWEST = 0.5
LONGEST = 1 / 16  # of what is learnt from
RIDGE = 1e-4  # of the features' power
SHUFFLED = 256  # samples of a window of samples in any order
PATIENCE = 8  # epochs
AGAIN = 0.3  # of the rate, that what was learnt is trained further with
BESIDE, BLACK_BOX = "network beside", "black box"
LONG, WARM = 1024, 512  # samples that a gradient reaches back over, and without a loss before
SIDE_BY_SIDE = 8  # pieces of what is validated on: one after the other each sample would wait for the last one


@final
class Budget(NamedTuple):
    """What one contender may take.

    Attributes:
        seconds: after the first epoch, when training ends; None for no such limit.
        epochs: at most.
        seed: of weights, and of the order of the data.
        progress: whether to show bars.
        files: what was learnt before is there, and what is learnt goes there.
        until: error to choose by, of the whole model, at which a way ends.
    """

    seconds: float | None
    epochs: int
    seed: int
    progress: bool
    files: KeptWays
    until: float | None = None


@final
class Learnt(NamedTuple):
    """A contender's model.

    Attributes:
        model: the whole of it.
        weights: numbers that were learnt.
        epochs: passes over the data.
        stopped: whether the time was over.
    """

    model: Model
    weights: int
    epochs: int
    stopped: bool


def network_beside(task: Remainder, budget: Budget, hidden: int) -> Learnt:
    """The model, and a network that hears its input and its output with memories of several lengths.

    The memories stay as they are, so that the network behind them has no memory, and its samples may come in any order.
    It is a linear map, which begins as the best one (ridge regression), and a layer of tanh, which begins as nothing.
    """
    fs, dtype = task.fs, task.model.dtype
    learnt_from = (task.learnt.stop - task.learnt.start) / fs
    seconds = np.geomspace(FASTEST, min(SLOWEST, LONGEST * learnt_from), MEMORIES)
    bank = LowPassBank(tuple(seconds), fs, in_features=2, dtype=dtype)
    features = played(bank, np.stack([task.x, task.predicted], axis=-1))
    linear = _linear(features[task.learnt], task.left[task.learnt], budget.seed, dtype)
    curved = Memoryless(
        (hidden,),
        in_features=features.shape[-1],
        scaling=linear.scaling,
        dtype=dtype,
        rngs=nnx.Rngs(budget.seed),
    )
    _set(curved.layers[-1], 0.0, 0.0)
    order = np.random.default_rng(budget.seed).permutation(np.arange(task.learnt.start, task.learnt.stop))
    network, epochs, stopped = trained(
        parallel(linear=linear, curved=curved),
        Dataset(features[order], task.left[order], fs=fs),
        task.data(features, task.left, task.chosen),
        budget,
        way=BESIDE,
        target=_of_what_is_left(task, budget.until),
        regime=TruncatedBPTT(length=SHUFFLED, warmup=0),
        rate=5e-3,
        batch=32,
    )
    return Learnt(Corrected(task.model, chain(bank, network)), network.count().weights, epochs, stopped)


def _linear(features: NDArray, left: NDArray, seed: int, dtype: Any) -> Memoryless:
    """The linear map of features that leaves least."""
    offset, scale, size = features.mean(0), features.std(0), left.std()
    scale = np.where(scale > 1e-9 * scale.max(), scale, scale.max())
    scaling = Scaling(scale, np.array([size or 1.0]), input_offset=offset)
    rows = np.column_stack([(features - offset) / scale, np.ones(len(features))])
    damping = RIDGE * len(rows) * np.diag([*np.ones(features.shape[1]), 0.0])
    weights = np.linalg.solve(rows.T @ rows + damping, rows.T @ (left / (size or 1.0)))
    linear = Memoryless(
        (1,),
        in_features=features.shape[1],
        activation="linear",
        scaling=scaling,
        dtype=dtype,
        rngs=nnx.Rngs(seed),
    )
    _set(linear.layers[0], weights[:-1], weights[-1])
    _set(linear.layers[1], 1.0, 0.0)
    return linear


def black_box(task: Remainder, budget: Budget, weights: int) -> Learnt:
    """A GRU of as many weights that knows nothing of the circuit."""
    dtype = task.model.dtype
    x, y = (signal[task.learnt] for signal in (task.x, task.y))
    hidden = min(range(1, 200), key=lambda n: abs(3 * n * (n + 1) + 6 * n + n + 1 - weights))
    model = GRU(hidden, scaling=Scaling.from_data(x, y), fs=task.fs, dtype=dtype, rngs=nnx.Rngs(budget.seed))
    length = task.chosen.stop - task.chosen.start
    first = task.chosen.start + length // SIDE_BY_SIDE * np.arange(SIDE_BY_SIDE)
    heard, told = (windows(signal, first, length // SIDE_BY_SIDE) for signal in (task.x, task.y))
    fitted, epochs, stopped = trained(
        model,
        task.data(task.x, task.y, task.learnt),
        Dataset(heard, told, fs=task.fs),
        budget,
        way=BLACK_BOX,
        target=budget.until,
        regime=TruncatedBPTT(length=LONG, warmup=WARM),
        rate=5e-3,
        batch=40,
        patience=None,
    )
    return Learnt(fitted, fitted.count().weights, epochs, stopped)


def _of_what_is_left(task: Remainder, until: float | None) -> float | None:
    """The error of a network beside the model, over what that leaves, with which both have this error together."""
    if until is None:
        return None
    left = float(np.sum(task.left[task.chosen] ** 2))
    return until * float(np.sum(task.y[task.chosen] ** 2)) / max(left, 1e-300)


def trained(
    model: Any,
    data: Dataset,
    validation: Dataset | None,
    budget: Budget,
    *,
    way: str,
    regime: TruncatedBPTT,
    rate: float,
    batch: int,
    patience: int | None = PATIENCE,
    **options: Any,
) -> Ended:
    """The model with the weights of its best epoch, or of the last one where there is nothing to validate on.

    It is what the files of the way have where that has ended; one that was stopped goes on, and one of a training
    before is trained further. After Ctrl-C it is the model so far, and `budget.files` says so.
    """
    files = budget.files
    ended, before = files.ended(way), files.before(way)
    if ended is not None:
        return ended
    is_over = False

    def late(epoch: EpochEnd) -> bool:
        nonlocal is_over
        took = sum(epoch.history.seconds[1:])  # without the compilation
        is_over = budget.seconds is not None and epoch.epoch < epoch.epochs and took > budget.seconds
        return is_over

    with warnings.catch_warnings():
        # Of what is left, and of samples in any order, nothing of what it warns of is wrong.
        warnings.simplefilter("ignore", DataWarning)
        try:
            fitted, history = fit(
                model if before is None else before,
                data,
                regime,
                optimizer=_falling(rate if before is None else AGAIN * rate),
                epochs=budget.epochs,
                seed=budget.seed,
                batch=batch,
                validation=validation,
                validation_every=1,
                patience=patience,
                callback=late,
                checkpoint=files.state(way),
                progress=budget.progress,
                **options,
            )
        except Interrupted as stop:
            files.stopped_by = stop
            return Ended(stop.model, len(stop.history.loss), stopped=True)
    found = Ended(fitted, len(history.loss), is_over)
    files.keep(way, found)
    return found


def _falling(rate: float) -> Callable[[int], Any]:
    """Adam whose rate falls to zero along half a cosine, gradients of at most norm one."""
    return lambda updates: optax.chain(
        optax.clip_by_global_norm(1.0), optax.adam(optax.cosine_decay_schedule(rate, max(updates, 1)))
    )


def _set(layer: Any, weight: Any, bias: Any) -> None:
    for variable, value in ((layer.weight, weight), (layer.bias, bias)):
        there = variable[...]
        variable[...] = jnp.broadcast_to(jnp.asarray(value, there.dtype), there.shape)
