"""What a phaser makes of sound while its oscillator moves: pieces with a rate and a phase of their own each."""

from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from circuitnn import circuits
from circuitnn.study.signals import FS
from circuitnn.train import Dataset, simulate_dataset

CENTRE, DEPTH = -2.1, 0.15  # volts at the gates, as in benchmarks/state_matching
RATES = (0.3, 3.0)  # hertz
VOLTS = 0.5  # of full scale: a passive pickup, not played hard
CHANGE = 1.3  # of a rate that moves, up or down, over an excerpt
STEADY, MOVING = "steady", "moving"


@final
class Excerpts(NamedTuple):
    """Pieces of sound and what the phaser made of them.

    Attributes:
        data: x (pieces, time, 2), the guitar and the gates, y and the states.
        rate: (pieces, time) hertz.
        phase: (pieces, time) radians.
    """

    data: Dataset
    rate: NDArray[np.float64]
    phase: NDArray[np.float64]


def excerpts(
    sound: NDArray, seconds: float, *, seed: int, draws: int = 1, kind: str = STEADY, oversampling: int = 4
) -> Excerpts:
    """Pieces of a sound (time,), each played `draws` times with another oscillator.

    Truth is the nodal model in double precision at `oversampling` times 48 kHz.
    """
    length = round(seconds * FS)
    count = len(sound) // length
    if not count:
        raise ValueError(f"{len(sound) / FS:g} s of sound are less than a piece of {seconds:g} s")
    pieces = np.repeat(np.asarray(sound)[: count * length].reshape(count, length), draws, axis=0)
    rate, phase = movements(np.random.default_rng(seed), len(pieces), length, seconds if kind == MOVING else None)
    gates = CENTRE + DEPTH * np.sin(phase)
    circuit = circuits.phase90()
    data = simulate_dataset(
        circuit, pieces, inputs={"Vlfo": gates}, volts=VOLTS, fs=FS, oversampling=oversampling, progress=False
    )
    return Excerpts(data, rate, phase)


def movements(
    rng: np.random.Generator, pieces: int, samples: int, over: float | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rate in hertz and phase in radians, (pieces, samples); rates that move do so exponentially, over so many s."""
    slowest, fastest = RATES
    first = slowest * (fastest / slowest) ** rng.uniform(0, 1, (pieces, 1))
    phase = 2 * np.pi * rng.uniform(0, 1, (pieces, 1))
    time = np.arange(samples) / FS
    if over is None:
        return np.broadcast_to(first, (pieces, samples)), phase + 2 * np.pi * first * time
    speed = np.log(CHANGE) / over * rng.choice([-1, 1], (pieces, 1)) * rng.uniform(0.5, 1, (pieces, 1))
    growth = np.exp(speed * time)
    return first * growth, phase + 2 * np.pi * first * (growth - 1) / speed
