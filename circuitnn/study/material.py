"""What is played in a study: kinds of music and test signals that are made up from a seed."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from circuitnn import audio
from circuitnn.knobs import did_you_mean
from circuitnn.study.signals import FS, Signals


def _by(name: str, **options: str) -> Callable[..., NDArray[np.float64]]:
    """The function of `circuitnn.audio`, which is imported when something is played: SciPy takes half a second."""
    return lambda seconds, fs, *, seed: getattr(audio, name)(seconds, fs, seed=seed, **options)


# Their peaks; what has no rests and no dynamics is as much softer as it is louder at the same peak.
KINDS: Mapping[str, tuple[float, Callable[..., NDArray[np.float64]]]] = {
    "guitar": (1.0, _by("guitar")),
    "bass": (1.0, _by("bass")),
    "drums": (1.0, _by("drums")),
    "pads": (0.7, _by("pads")),
    "sweep": (0.25, lambda seconds, fs, *, seed: audio.sweep(seconds, fs)),
    "noise": (0.25, _by("noise_bursts")),
    "rising noise": (0.5, _by("rising_noise")),
    "rising noise, logarithmic": (0.5, _by("rising_noise", law="logarithmic")),
}
"""By name: the peak in full scale, and what makes it of seconds, rate and seed."""

SHORTEST = 0.1  # seconds of a kind, and of a part of the data
MOST = 6 * 3600  # seconds


@final
@dataclasses.dataclass(frozen=True)
class Material:
    """Music and test signals, each of `kinds` for an equal share of the time, other ones in each recording.

    Attributes:
        kinds: names of `circuitnn.study.material.KINDS`.
        seconds: of each recording of the training.
        validation: seconds of each recording that weights are chosen by.
        test: seconds of the test's music, which is the same at all positions.
        seed: of all of it.

    Raises:
        ValueError: for unknown kinds and impossible lengths.
    """

    kinds: tuple[str, ...] = ("guitar", "bass", "drums", "pads", "sweep", "rising noise")
    seconds: float = 12.0
    validation: float = 3.0
    test: float = 6.0
    seed: int = 0

    def __post_init__(self):
        if not self.kinds:
            raise ValueError(f"kinds: there is none; there may be {', '.join(KINDS)}")
        for kind in self.kinds:
            if kind not in KINDS:
                raise ValueError(f"no kind {kind!r}{did_you_mean(kind, KINDS)}; there are {', '.join(KINDS)}")
        if self.seed < 0:
            raise ValueError(f"seed has to be 0 or above, got {self.seed}")
        for name in ("seconds", "validation", "test"):
            value, least = getattr(self, name), SHORTEST * len(self.kinds)
            if not (math.isfinite(value) and least <= value * (1 + 1e-9) and value <= MOST):
                raise ValueError(
                    f"{name} has to be from {least:g} ({SHORTEST:g} for each kind) to {MOST:g} seconds, got {value!r}"
                )

    def signals(self, pieces: int) -> Signals:
        """Training and validation of so many recordings, one after the other, and the music of the test."""
        seeds = iter(np.random.SeedSequence(self.seed).generate_state((2 * pieces + 1) * len(self.kinds)).tolist())

        def one(seconds: float) -> list[NDArray[np.float64]]:
            edges = np.round(np.linspace(0, seconds * FS, len(self.kinds) + 1)).astype(int)
            return [
                peak * make(length / FS, FS, seed=next(seeds))
                for (peak, make), length in zip((KINDS[kind] for kind in self.kinds), np.diff(edges), strict=True)
            ]

        test = one(self.test)
        train, validation = (
            np.concatenate([part for _ in range(pieces) for part in one(seconds)])
            for seconds in (self.seconds, self.validation)
        )
        return Signals(
            {"train": train, "validation": validation, "test": np.concatenate(test)},
            f"made up (seed {self.seed}): {', '.join(self.kinds)}",
            {"train": [], "validation": [], "test": list(self.kinds)},
            {"test": [len(part) for part in test]},
        )

    def cut(self, sounds: Signals, pieces: int) -> Signals:
        """Recordings of no more than these lengths: each gives as much from its beginning, short ones all they have."""
        most = {"train": pieces * self.seconds, "validation": pieces * self.validation, "test": self.test}
        parts, samples = {}, {}
        for part, sound in sounds.parts.items():
            counts = sounds.samples.get(part) or [len(sound)]
            taken = _shared_out(round(most[part] * FS), counts)
            pieces_of = np.split(sound, np.cumsum(counts)[:-1])
            parts[part] = np.concatenate([piece[:count] for piece, count in zip(pieces_of, taken, strict=True)])
            if sounds.samples.get(part):
                samples[part] = taken
        return dataclasses.replace(sounds, parts=parts, samples=samples)


def _shared_out(most: int, counts: Sequence[int]) -> list[int]:
    """What each gives of so many in all: as much as the others, or all that it has."""
    taken, left = [0] * len(counts), most
    for rank, index in enumerate(sorted(range(len(counts)), key=counts.__getitem__)):
        taken[index] = min(counts[index], left // (len(counts) - rank))
        left -= taken[index]
    return taken
