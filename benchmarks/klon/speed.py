"""How fast the whole Klon runs, in each of its versions: seconds of audio for a second of computing."""

from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx

from benchmarks.circuits import FS, loudest
from benchmarks.speed import BATCH_ONE, ONE
from circuitnn import run
from circuitnn.hybrid import klon
from circuitnn.model import Model
from circuitnn.recurrent import GRU
from circuitnn.study.rounds import Step, best_of
from circuitnn.study.rounds import seconds as timed

BATCH, BATCH_SECONDS, SECONDS = 64, 0.25, 1.0
PEAK = 0.5  # volts


def versions() -> dict[str, Model]:
    """The whole pedal by name of the version, in single precision; the network is untrained, which costs the same."""
    network = GRU(8, controls=("gain",), rngs=nnx.Rngs(0))
    return {
        "nodal": klon(),
        "nodal, the plug-in's blocks": klon(version="plugin"),
        "nodal and wdf": klon(gain_stage="wdf"),
        "nodal and GRU-8": klon(gain_stage=network),
    }


def rows(recording: np.ndarray, rounds: int, *, seconds: float = SECONDS) -> Iterator[dict[str, Any]]:
    """One for each version, all measured in the same rounds."""
    recording = np.resize(recording, max(len(recording), round(seconds * FS)))
    loud = PEAK * loudest(recording, round(seconds * FS))
    short = round(seconds * BATCH_SECONDS / SECONDS * FS)
    starts = np.linspace(0, len(recording) - short, BATCH).astype(int)
    many = PEAK * np.stack([recording[start : start + short] for start in starts])
    found = {}
    for name, model in versions().items():
        found[name, ONE] = _step(model, loud, (), seconds)
        found[name, BATCH_ONE] = _step(model, many[..., None], (BATCH,), BATCH * short / FS)
    first = {key: timed(step) for key, step in found.items()}
    best = best_of(found, rounds)
    rate = {key: step.audio_seconds / best[key] for key, step in found.items()}
    for name in versions():
        yield {
            "kind": "speed",
            "version": name,
            "one_stream": rate[name, ONE],
            "batch": BATCH,
            "batch_aggregate": rate[name, BATCH_ONE],
            "batch_each": rate[name, BATCH_ONE] / BATCH,
            "first_call_seconds": {kind: first[name, kind] for kind in (ONE, BATCH_ONE)},
        }


def _step(model: Model, x: np.ndarray, batch: tuple[int, ...], seconds: float) -> Step:
    signal, rest = jnp.asarray(x, jnp.float32), model.init_carry(batch)
    return Step(lambda: run(model, signal, rest), seconds)
