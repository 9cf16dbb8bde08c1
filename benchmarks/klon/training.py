"""Networks in place of the Klon's gain stage: one for each gain, and one for all that is told the gain."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax import Array

from benchmarks.klon.material import Played, at_gain, at_gains
from circuitnn import run
from circuitnn.losses import esr
from circuitnn.recurrent import GRU, Scaling
from circuitnn.train import Dataset, TruncatedBPTT, fit

HIDDEN = 8
GAINS = (0.0, 0.25, 0.5, 0.75, 1.0)
PUBLISHED = (0.70, 0.57, 0.50, 0.67, 1.72)  # %, validation (Chowdhury 2020), of the plug-in's gain stage
KNOWN = tuple(k / 8 for k in range(9))  # that the conditioned network is trained at
AT_ONCE = 3  # of them for each piece of signal


@final
@dataclass(frozen=True)
class Preset:
    """How much is trained.

    Attributes:
        seconds: of excitation, where there are no recordings.
        gains: indices into `GAINS` of the networks that are trained.
        updates: of each network, at least.
        conditioned: how many times as many of the conditioned one.
        batch: pieces of signal in an update.
        length: samples that a gradient reaches back over.
        blocks: updates for each piece.
        rate: the learning rate to start with.
    """

    seconds: float
    gains: tuple[int, ...]
    updates: int
    conditioned: float = 2.0
    batch: int = 40
    length: int = 2048
    blocks: int = 8
    rate: float = 1e-2


PRESETS = {
    "quick": Preset(seconds=3.0, gains=(2,), updates=8, conditioned=1.0, batch=4, length=512, blocks=2),
    "full": Preset(seconds=180.0, gains=(0, 1, 2, 3, 4), updates=5000),
}


@final
class Trained(NamedTuple):
    """A network and what it cost."""

    model: GRU
    seconds: float
    updates: int


def own(preset: Preset, train: Played, validation: Played, known: Sequence[float], gain: float) -> Trained:
    """A network for one gain."""
    index = list(known).index(gain)
    return _trained(preset, at_gain(train, index), at_gain(validation, index), (), preset.updates)


def conditioned(preset: Preset, train: Played, validation: Played, known: Sequence[float]) -> Trained:
    """One network for all gains, the knob as a further input."""
    updates = round(preset.conditioned * preset.updates)
    shown = at_gains(validation, known, len(known))
    return _trained(preset, at_gains(train, known, min(AT_ONCE, len(known))), shown, ("gain",), updates)


def _trained(preset: Preset, train: Dataset, validation: Dataset, knobs: Sequence[str], updates: int) -> Trained:
    regime = TruncatedBPTT(preset.length, warmup=preset.length, blocks=preset.blocks)
    each = max(1, len(train.x) * _windows(train, regime) // preset.batch) * preset.blocks
    began = time.monotonic()
    model = GRU(HIDDEN, controls=knobs, scaling=Scaling.from_data(train.x, train.y), rngs=nnx.Rngs(0))
    model, history = fit(
        model,
        train,
        regime,
        optimizer=lambda count: optax.chain(
            optax.clip_by_global_norm(1.0), optax.adam(optax.cosine_decay_schedule(preset.rate, count))
        ),
        epochs=math.ceil(updates / each),
        batch=preset.batch,
        loss=per_entry if knobs else esr,
        validation=validation,
        progress=False,
    )
    return Trained(model, time.monotonic() - began, history.updates)


def per_entry(prediction: Array, target: Array) -> Array:
    """Mean over the batch of each entry's error-to-signal ratio: low gains are quiet, and count more than by energy.

    Half of the batch's mean energy is added below, so that rests do not count more than music.
    """
    energy = jnp.mean(jnp.square(target), axis=(1, 2))
    error = jnp.mean(jnp.square(prediction - target), axis=(1, 2))
    return jnp.mean(error / (energy + 0.5 * jnp.mean(energy) + 1e-8))


def _windows(data: Dataset, regime: TruncatedBPTT) -> int:
    return (data.x.shape[1] - regime.warmup) // (regime.length * regime.blocks)


def error(model: GRU, part: Played, index: int, gain: float) -> float:
    """Error-to-signal ratio in percent over the whole part, the network running freely from rest."""
    controls: dict[str, Any] = {"gain": gain} if model.controls else {}
    target = np.asarray(part.y[index], float)
    wrong = np.asarray(run(model, part.x, controls=controls)[1], float) - target
    return float(100 * np.sum(np.square(wrong)) / np.sum(np.square(target)))
