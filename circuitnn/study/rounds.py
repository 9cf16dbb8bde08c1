"""Times of steps in interleaved rounds, so that a busy machine slows all of them alike."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, final

import jax

IN_A_ROW = 0.02  # seconds

Name = TypeVar("Name")


@final
@dataclass(frozen=True)
class Step:
    """One thing to time, and how many seconds of audio it is, over all streams together."""

    run: Callable[[], Any]
    audio_seconds: float


def seconds(step: Step) -> float:
    """How long it takes, until the result is there."""
    began = time.perf_counter()
    jax.block_until_ready(step.run())
    return time.perf_counter() - began


def best_of(steps: Mapping[Name, Step], rounds: int) -> dict[Name, float]:
    """The least time of each step, in rounds over all of them.

    A short step is repeated within a round, as blocks of audio follow each other: the step before it was another one,
    and has left nothing of this one in the caches.
    """
    best = dict.fromkeys(steps, float("inf"))
    for _ in range(rounds):
        for name, step in steps.items():
            spent, count = 0.0, 0
            while count == 0 or (spent < IN_A_ROW and count < 10):
                took = seconds(step)
                spent, count = spent + took, count + 1
                best[name] = min(best[name], took)
    return best
