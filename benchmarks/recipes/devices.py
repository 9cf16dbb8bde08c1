"""What is learnt: the Tube Screamer's drive stage and the Klon's gain stage, each at one position of its knob."""

from collections.abc import Callable, Mapping

import numpy as np

from benchmarks.klon import material
from circuitnn import circuits
from circuitnn.study.signals import FS
from circuitnn.train import Dataset, simulate_dataset

TUBE_SCREAMER_VOLTS = 0.3  # of full scale: a guitar with hot pick-ups
DRIVE = GAIN = 0.5


def tube_screamer(x: np.ndarray) -> Dataset:
    """The overdrive stage of Ibanez' TS-808, its drive in the middle."""
    data = simulate_dataset(
        circuits.tube_screamer_clipping(),
        x,
        controls={"drive": DRIVE},
        oversampling=4,
        volts=TUBE_SCREAMER_VOLTS,
        progress=False,
    )
    return Dataset(data.x, data.y, fs=FS)


def klon(x: np.ndarray) -> Dataset:
    """The gain stage of the Klon Centaur as the schematic has it, its gain in the middle."""
    played = material.played(x, (GAIN,))
    return Dataset(played.x[None, :, None], played.y[:, :, None], fs=FS)


DEVICES: Mapping[str, Callable[[np.ndarray], Dataset]] = {"tube-screamer": tube_screamer, "klon": klon}
