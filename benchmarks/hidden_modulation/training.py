"""The networks: some are given the modulation while they learn, some never hear of it."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, final

import optax
from flax import nnx

from circuitnn import circuits
from circuitnn.model import Model
from circuitnn.recurrent import GRU, STN, Scaling, StateMatchedGRU
from circuitnn.study.signals import FS
from circuitnn.train import Dataset, TeacherForcing, TruncatedBPTT, fit, restore, save

UNITS = 16
STATES = circuits.phase90().state_names
HIDDEN, GIVEN = "hidden", "given"


@final
@dataclasses.dataclass(frozen=True)
class Preset:
    """How much is trained and tested.

    Attributes:
        seconds: of excitation, where there are no recordings.
        piece: seconds of a piece of training.
        forced: passes over the data with true states, for networks that have some.
        epochs: passes without.
        batch: windows in an update.
        oversampling: of the truth.
        draws: oscillators for each piece of the test.
    """

    seconds: float
    piece: float = 6.0
    forced: int = 6
    epochs: int = 30
    batch: int = 32
    oversampling: int = 4
    draws: int = 1


PRESETS = {
    "quick": Preset(seconds=24.0, piece=3.0, forced=6, epochs=6, batch=8, oversampling=2, draws=1),
    "full": Preset(seconds=160.0),
}


def _gru(scaling: Scaling, inputs: int) -> Model:
    return GRU(UNITS, in_features=inputs, scaling=scaling._replace(state=None, state_offset=None), rngs=nnx.Rngs(0))


def _state_matched(scaling: Scaling, inputs: int) -> Model:
    return StateMatchedGRU(
        STATES, hidden=UNITS, mapping="readout", in_features=inputs, scaling=scaling, rngs=nnx.Rngs(0)
    )


def _stn(scaling: Scaling, inputs: int) -> Model:
    return STN(
        STATES, hidden=(UNITS, UNITS), in_features=inputs, input_taps=2, fs=FS, scaling=scaling, rngs=nnx.Rngs(0)
    )


KINDS: dict[str, Callable[[Scaling, int], Model]] = {"STN": _stn, "SMGRU": _state_matched, "GRU": _gru}


def network(kind: str, inputs: str, preset: Preset, train: Dataset, validation: Dataset, folder: str | None) -> Model:
    """A trained network; one that is in the folder already is taken from there.

    Args:
        kind: of `KINDS`.
        inputs: `HIDDEN` or `GIVEN`.
        preset: how long.
        train: with both inputs.
        validation: likewise.
        folder: keeps the networks, if there is one.
    """
    path = None if folder is None else Path(folder) / f"{kind}-{inputs}.npz"
    if path is not None and path.exists():
        return restore(path)
    began = time.monotonic()
    train, validation = (heard(data, inputs) for data in (train, validation))
    model = KINDS[kind](Scaling.from_data(train.x, train.y, train.states), train.x.shape[-1])
    common: dict[str, Any] = {"batch": preset.batch, "validation": validation, "progress": False}
    if kind != "GRU":
        model, _ = fit(model, train, TeacherForcing(2048), optimizer=_optimizer, epochs=preset.forced, **common)
    regime = TruncatedBPTT(2048, warmup=1000)
    model, history = fit(model, train, regime, optimizer=_optimizer, epochs=preset.epochs, **common)
    print(
        f"    {kind}, modulation {inputs}: validation ESR {min(history.validation):.3g} after {history.updates} "
        f"updates, {time.monotonic() - began:.0f} s",
        flush=True,
    )
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        save(model, path)
    return model


def heard(data: Dataset, inputs: str) -> Dataset:
    """The data with the gates among the inputs, or without."""
    return data if inputs == GIVEN else dataclasses.replace(data, x=data.x[..., :1])


def _optimizer(updates: int) -> optax.GradientTransformation:
    schedule = optax.cosine_decay_schedule(1e-2, updates)
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule))
