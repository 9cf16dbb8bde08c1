"""Models of the low pass and how each is trained: another one is one entry more."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any, final

import jax
import numpy as np
from flax import nnx

from benchmarks.low_pass.material import CONSTANT, KNOBS, VERSIONS
from circuitnn import chain, circuits, losses, residual
from circuitnn.filters import StateVariableFilter
from circuitnn.model import Model, run
from circuitnn.networks import Poles, Scaling
from circuitnn.nodal import NodalModel
from circuitnn.recurrent import GRU, LRU, LSTM, Memoryless, windowed
from circuitnn.study.definition import warmed_up_adam
from circuitnn.study.signals import FS
from circuitnn.train import Dataset, TruncatedBPTT, fit
from circuitnn.train.objective import Loss

CONTROL, GRAY, BLACK = "circuit", "gray box", "black box"
FRAME = 32  # samples for which a filter holds its knobs
MOST_WEIGHTS = 1500  # of a black box
_EACH, _WINDOWS = losses.per_window(), TruncatedBPTT(1024, warmup=512)
Make = Callable[[Scaling, nnx.Rngs], Model]


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """A model and its training.

    Attributes:
        make: the untrained model.
        kind: circuit, gray box or black box.
        rate: of learning, at the beginning.
        loss: of (prediction, target).
        regime: windows.
        batch: windows in an update.
        share: of the updates that the command asks for.
        versions: with knobs that stand still, that move, or both.
    """

    make: Make
    kind: str = BLACK
    rate: float = 1e-2
    loss: Loss = _EACH
    regime: TruncatedBPTT = _WINDOWS
    batch: int = 40
    share: float = 1.0
    versions: Sequence[str] = VERSIONS

    def but(self, **changes: Any) -> "Recipe":
        """The same with some things changed."""
        return dataclasses.replace(self, **changes)


def network(cls: Any, *sizes: int, **more: Any) -> Make:
    """Makes a network that is given the knobs."""
    return lambda scaling, rngs: cls(*sizes, controls=KNOBS, scaling=scaling, fs=FS, rngs=rngs, **more)


def published(name: str, *sizes: int, **more: Any) -> Make:
    """Makes a network in the shape of the published study."""
    return lambda scaling, rngs: windowed(name, *sizes, controls=KNOBS, scaling=scaling, fs=FS, rngs=rngs, **more)


def state_variable(sections: int, *, saturation: float | None = 20.0) -> Make:
    """Makes the gray box; its curve begins beyond the volts of the training."""
    arguments: Any = {"sections": sections, "hidden": (8, 8), "saturation": saturation, "fs": FS, "frame": FRAME}
    return lambda _, rngs: StateVariableFilter(dict.fromkeys(KNOBS, 0.5), rngs=rngs, **arguments)


def beside(place: str) -> Make:
    """Makes the gray box with its nonlinearity in front of a linear filter, or behind it."""

    def make(scaling: Scaling, rngs: nnx.Rngs) -> Model:
        linear = state_variable(1, saturation=None)(scaling, rngs)
        volts = Scaling(scaling.input, scaling.input) if place == "before" else Scaling(scaling.output, scaling.output)
        curve = residual(Memoryless((8,), scaling=volts, rngs=rngs))
        return chain(curve, linear) if place == "before" else chain(linear, curve)

    return make


def circuit() -> Make:
    """Makes the circuit with wrong capacitors and a wrong input resistor, which are learnt."""
    wrong = circuits.ota_lowpass().replace(C1=430e-12, C2=250e-12, Rin=120e3)
    return lambda _, rngs: NodalModel(wrong, FS, trainable=("C1", "C2", "Rin"))


_gray = Recipe(make=state_variable(1), kind=GRAY, rate=2e-2)
_black = Recipe(make=network(GRU, 16))
_lru = _black.but(make=network(LRU, 6, 2, states=3, conditioning=Poles(8)))
# As published but for the learning rate: one setting of the study's shape, changed in one thing after the other.
_study = _black.but(make=published("LSTM"), loss=losses.mse, rate=5e-3, versions=(CONSTANT,))
_study_lru = _study.but(make=published("LRU"))
_audible = losses.weighted((1.0, losses.pre_emphasis), (0.02, losses.mr_stft))
RECIPES: dict[str, Recipe] = {
    "circuit, learnt values": Recipe(
        make=circuit(), kind=CONTROL, rate=3e-2, share=0.1, regime=TruncatedBPTT(512, warmup=256), batch=16
    ),
    "gray": _gray,
    "gray, 2 sections": _gray.but(make=state_variable(2)),
    "gray, linear": _gray.but(make=state_variable(1, saturation=None)),
    "gray, curve before": _gray.but(make=beside("before")),
    "gray, curve behind": _gray.but(make=beside("behind")),
    "LRU, poles": _lru,
    "LRU, film": _lru.but(make=network(LRU, 6, 2, states=3, conditioning="film"), versions=(CONSTANT,)),
    "LRU, inputs": _lru.but(make=network(LRU, 6, 2, states=3), versions=(CONSTANT,)),
    "LRU, poles, MSE": _lru.but(loss=losses.mse, versions=(CONSTANT,)),
    "LRU, poles, audible": _lru.but(loss=_audible, versions=(CONSTANT,)),
    "GRU-16": _black,
    "GRU-16, film": _black.but(make=network(GRU, 16, conditioning="film"), versions=(CONSTANT,)),
    "GRU-16, MSE": _black.but(loss=losses.mse, versions=(CONSTANT,)),
    "LSTM-16": _black.but(make=network(LSTM, 16)),
    "study LSTM": _study,
    "study LSTM, 1 sample": _study.but(make=published("LSTM", window=1)),
    "study LSTM, 256 samples": _study.but(make=published("LSTM", window=256, projection=3)),
    "study LSTM, knobs as inputs": _study.but(make=published("LSTM", window=16, conditioning="inputs")),
    "study LSTM, per window": _study.but(loss=losses.per_window()),
    "study LRU": _study_lru,
    "study S4D": _study.but(make=published("S4D")),
    "study S6": _study.but(make=published("S6")),
    "study ED": _study.but(make=published("ED")),
}
ITEMS = tuple(f"{name}: {version}" for name, recipe in RECIPES.items() for version in recipe.versions)


def trained(recipe: Recipe, data: Dataset, *, updates: int, seeds: int) -> tuple[list[Model], int, float]:
    """The models of all seeds with their last weights; how many updates they had, and seconds."""
    scaling = Scaling.from_data(data.x, data.y)
    models = [recipe.make(scaling, nnx.Rngs(seed)) for seed in range(seeds)]
    began = time.monotonic()
    found, history = fit(
        models,
        data,
        recipe.regime,
        optimizer=warmed_up_adam(recipe.rate),
        epochs=epochs_of(recipe, data, recipe.share * updates),
        batch=recipe.batch,
        loss=recipe.loss,
        progress=False,
    )
    return found, history.updates, time.monotonic() - began


def epochs_of(recipe: Recipe, data: Dataset, updates: float) -> int:
    """As many as come nearest to that number of updates."""
    recordings, samples = data.x.shape[:2]
    windows = recordings * ((samples - recipe.regime.warmup) // recipe.regime.length)
    return max(1, round(updates / max(1, windows // recipe.batch)))


def errors(model: Model, data: Dataset) -> list[float]:
    """Free-running error-to-signal ratio of each recording, from rest."""
    y = np.asarray(run(model, data.x, controls=data.controls)[1], float)
    truth = np.asarray(data.y, float)
    return (np.sum((y - truth) ** 2, axis=(1, 2)) / np.sum(truth**2, axis=(1, 2))).tolist()


def learnt_shape(data: Dataset, like: Dataset) -> Dataset:
    """As many of the recordings that were learnt from as another data set has, from rest; spread over the grid."""
    count, samples = like.x.shape[0], min(like.x.shape[1], data.x.shape[1])
    rows = np.linspace(0, len(data.x) - 1, min(count, len(data.x))).astype(int)
    knobs = {name: np.asarray(knob)[rows, :samples] for name, knob in (data.controls or {}).items()}
    return Dataset(data.x[rows, :samples], data.y[rows, :samples], controls=knobs, fs=FS)


def weights_of(model: Model) -> int:
    """How many numbers it learns."""
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))
