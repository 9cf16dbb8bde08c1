"""Models of the second-order clipper and how each is trained: another one is one entry more."""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast, final

import jax
import numpy as np
from flax import nnx

from circuitnn import circuits, losses, metrics
from circuitnn.circuit import Circuit
from circuitnn.model import Model, StateModel, run
from circuitnn.nodal import NeuralDevices, NodalModel
from circuitnn.recurrent import GRU, LRU, STN, Scaling, StateMatchedGRU
from circuitnn.study.regimes import warmed_up_adam
from circuitnn.study.signals import FS
from circuitnn.train import Dataset, InTurn, TeacherForcing, TruncatedBPTT, fit, fit_increments
from circuitnn.train.regimes import Regime
from circuitnn.wdf import with_neural_root

STATES = circuits.diode_clipper_second_order().state_names
LEVELS = (1.0, 0.3, 0.1)
WINDOWS = TruncatedBPTT(512, warmup=200)


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """A model and its training.

    Attributes:
        make: (scaling, rngs) -> the untrained model; the scaling has the states where it is `matched`.
        rate: of learning, at the beginning.
        regime: windows, and what of the true states is shown.
        levels: at which the training recordings are played.
        circuit: that is learnt.
        matched: whether the model has the circuit's states.
        steps: of `fit_increments` at most, in place of all that is said of `fit`; 0 for `fit`.
        batch: windows in an update.
        options: further ones of `fit`.
    """

    make: Callable[..., Model]
    rate: float = 1e-2
    regime: Regime | InTurn = WINDOWS
    levels: Sequence[float] = (1.0,)
    circuit: Callable[[], Circuit] = circuits.diode_clipper_second_order
    matched: bool = False
    steps: int = 0
    batch: int = 40
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def but(self, **changes: Any) -> "Recipe":
        """The same with some things changed."""
        return dataclasses.replace(self, **changes)


def gru(hidden: int, **more: Any) -> Callable[..., Model]:
    """Makes a GRU."""
    return lambda scaling, rngs: GRU(hidden, scaling=scaling, fs=FS, rngs=rngs, **more)


def lru(hidden: int, layers: int, **more: Any) -> Callable[..., Model]:
    """Makes an LRU with as many states as features."""
    return lambda scaling, rngs: LRU(
        hidden, layers, states=hidden, time_constants=_SLOW, scaling=scaling, fs=FS, rngs=rngs, **more
    )


def smgru(hidden: int) -> Callable[..., Model]:
    """Makes a state-matched GRU with a read-out."""
    return lambda scaling, rngs: StateMatchedGRU(
        STATES, hidden=hidden, mapping="readout", output="Cl", scaling=scaling, fs=FS, rngs=rngs
    )


def stn(*hidden: int, states: Sequence[str] = STATES, **more: Any) -> Callable[..., Model]:
    """Makes a state trajectory network that sees two samples of its input; the last of its states is the output."""
    return lambda scaling, rngs: STN(
        states, hidden=hidden, input_taps=2, output=states[-1], scaling=scaling, fs=FS, rngs=rngs, **more
    )


def learnt_diode() -> Callable[..., Model]:
    """Makes the circuit itself, whose diodes are learnt from wrong ones on."""
    return lambda scaling, rngs: NodalModel(_WRONG, FS, trainable=("*.IS", "*.N"))


def neural_root(*hidden: int) -> Callable[..., Model]:
    """Makes the circuit as a wave digital filter, with a network that corrects wrong diodes."""
    return lambda scaling, rngs: with_neural_root(_WRONG, FS, hidden=hidden, symmetric=True, rngs=rngs)


def neural_devices(*hidden: int, **more: Any) -> Callable[..., Model]:
    """Makes the linear part of the circuit with a network or a curve that begins along wrong diodes."""
    return lambda scaling, rngs: NeuralDevices(_WRONG, FS, hidden=hidden, rngs=rngs, **more)


def forced_then_free(free: TruncatedBPTT) -> InTurn:
    """Teacher forcing for three fifths of the epochs, then running freely."""
    return InTurn((TeacherForcing(512, warmup=200, blocks=64), 0.6), (free, 0.4))


_SLOW = (2e-5, 2.0)  # seconds, of the circuit: its low-pass, and what its coupling capacitor takes to forget
_WRONG = circuits.diode_clipper_second_order().replace(**{"DCLIP.IS": 10e-9, "DCLIP.N": 2.0})  # 2.52 nA, 1.752
_STEPS = (0.0276, 0.0974)  # by which share of their size the states move in a sample, about
_plain = Recipe(make=gru(8))
_gray = Recipe(make=learnt_diode(), rate=1e-1, matched=True, regime=TruncatedBPTT(256, warmup=0))
_blocks = TruncatedBPTT(512, warmup=200, blocks=64)
_stored, _strata, _windows = {"starts": "stored"}, {"order": "stratified"}, {"loss": losses.per_window()}
RECIPES: dict[str, Recipe] = {
    "GRU-8": _plain,
    "GRU-8, strata": _plain.but(options=_strata),
    "GRU-8, per window": _plain.but(options=_windows),
    "GRU-8, levels": _plain.but(levels=LEVELS),
    "GRU-8, blocks": _plain.but(regime=_blocks),
    "GRU-8, stored": _plain.but(options=_stored),
    "GRU-8, slow": _plain.but(make=gru(8, time_constants=_SLOW)),
    "GRU-8, stored, per window": _plain.but(options=_stored | _windows),
    "GRU-8, stored, levels": _plain.but(options=_stored, levels=LEVELS),
    "GRU-8, stored, slow": _plain.but(make=gru(8, time_constants=_SLOW), options=_stored),
    "GRU-8, stored, slow, per window": _plain.but(
        make=gru(8, time_constants=_SLOW), options=_stored | _windows | _strata
    ),
    "GRU-8, all": _plain.but(
        make=gru(8, time_constants=_SLOW), options=_stored | _windows | _strata, levels=LEVELS, regime=_blocks
    ),
    "LRU, stored, per window": _plain.but(make=lru(8, 2), options=_stored | _windows | _strata),
    "SMGRU-8, TF+TBPTT": _plain.but(make=smgru(8), matched=True, regime=forced_then_free(_blocks)),
    "STN-12-12, TF+TBPTT": _plain.but(
        make=stn(12, 12), matched=True, regime=forced_then_free(TruncatedBPTT(2048, warmup=0, blocks=16)), batch=20
    ),
    "STN-12-12, increments": Recipe(make=stn(12, 12, step=_STEPS), matched=True, levels=LEVELS, steps=400),
    "first order: STN-12-12, increments": Recipe(
        make=stn(12, 12, states=circuits.diode_clipper().state_names, step=(0.05,)),
        circuit=circuits.diode_clipper,
        matched=True,
        levels=LEVELS,
        steps=400,
    ),
    "gray: learnt diode": _gray,
    "gray: neural root": _gray.but(make=neural_root(8, 8), rate=1e-2),
    "gray: NeuralDevices": _gray.but(make=neural_devices(8, 8), rate=1e-2),
    "gray: NeuralDevices, monotone": _gray.but(make=neural_devices(8, curve="monotone"), rate=3e-2),
    "gray: NeuralDevices, monotone, increments": _gray.but(make=neural_devices(8, curve="monotone"), steps=50),
}


def trained(recipe: Recipe, data: Dataset, *, updates: int, seeds: int) -> tuple[list[Model], int, float]:
    """The models of all seeds, trained for so many updates, with the last weights; how many they were, and seconds."""
    data = data if recipe.matched else dataclasses.replace(data, states=None, initial=None)
    scaling = Scaling.from_data(data.x, data.y, data.states)
    models = [recipe.make(scaling=scaling, rngs=nnx.Rngs(seed)) for seed in range(seeds)]
    began = time.monotonic()
    if recipe.steps:
        steps = min(updates, recipe.steps)
        models = [fit_increments(cast(StateModel, model), data, steps=steps)[0] for model in models]
        return models, steps, time.monotonic() - began
    found, history = fit(
        models,
        data,
        recipe.regime,
        optimizer=warmed_up_adam(recipe.rate),
        epochs=epochs_of(recipe, data, updates),
        batch=recipe.batch,
        progress=False,
        **recipe.options,
    )
    return found, history.updates, time.monotonic() - began


def epochs_of(recipe: Recipe, data: Dataset, updates: int) -> int:
    """As many as come nearest to that number of updates."""
    parts = [part for part, _ in recipe.regime.parts] if isinstance(recipe.regime, InTurn) else [recipe.regime]
    recordings, time_ = data.x.shape[:2]
    each = []
    for part in parts:
        windows = recordings * ((time_ - part.warmup) // (part.length * part.blocks))
        each.append(max(1, windows // recipe.batch) * part.blocks)
    return max(1, round(updates / (sum(each) / len(each))))


def errors(model: Model, tests: Mapping[str, Dataset]) -> dict[str, float]:
    """Free-running error-to-signal ratio on each recording, from rest."""
    found = {}
    for name, data in tests.items():
        y = np.asarray(run(model, data.x)[1], float)
        found[name] = float(metrics.esr(y, np.asarray(data.y, float)))
    return found


def weights_of(model: Model) -> int:
    """How many numbers it learns."""
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))
