"""How fast the whole Klon runs, in each of its three versions: seconds of audio for a second of computing."""

from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx

from benchmarks import catalogue, timing
from circuitnn import run
from circuitnn.hybrid import klon
from circuitnn.model import Model
from circuitnn.recurrent import GRU

BATCH, BATCH_SECONDS, SECONDS = 64, 0.25, 1.0
PEAK = 0.5  # volts


def versions() -> dict[str, Model]:
    """The whole pedal by name of the version, in single precision; the network is untrained, which costs the same."""
    network = GRU(8, controls=("gain",), rngs=nnx.Rngs(0))
    return {
        "nodal": klon(),
        "nodal and wdf": klon(gain_stage="wdf"),
        "nodal and GRU-8": klon(gain_stage=network),
    }


def rows(recording: np.ndarray, rounds: int, *, seconds: float = SECONDS) -> Iterator[dict[str, Any]]:
    """One for each version, all measured in the same rounds."""
    recording = np.resize(recording, max(len(recording), round(seconds * catalogue.FS)))
    loud = PEAK * catalogue.loudest(recording, round(seconds * catalogue.FS))
    short = round(seconds * BATCH_SECONDS / SECONDS * catalogue.FS)
    starts = np.linspace(0, len(recording) - short, BATCH).astype(int)
    many = PEAK * np.stack([recording[start : start + short] for start in starts])
    found = {}
    for name, model in versions().items():
        one, batch = jnp.asarray(loud, jnp.float32), jnp.asarray(many[..., None], jnp.float32)
        rest, rests = model.init_carry(), model.init_carry((BATCH,))
        found[name, timing.ONE] = timing.Step(lambda m=model, x=one, c=rest: run(m, x, c), seconds)
        found[name, timing.BATCH_ONE] = timing.Step(
            lambda m=model, x=batch, c=rests: run(m, x, c), BATCH * short / catalogue.FS
        )
    first = {key: timing.seconds(step) for key, step in found.items()}
    best = timing.best_of(found, rounds)
    for name in versions():
        one, batch = (name, timing.ONE), (name, timing.BATCH_ONE)
        aggregate = found[batch].audio_seconds / best[batch]
        yield {
            "kind": "speed",
            "version": name,
            "one_stream": found[one].audio_seconds / best[one],
            "batch": BATCH,
            "batch_aggregate": aggregate,
            "batch_each": aggregate / BATCH,
            "first_call_seconds": {"one stream": first[one], "batch": first[batch]},
        }
