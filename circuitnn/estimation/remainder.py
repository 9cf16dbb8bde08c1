"""A recording and what a model makes of its input, put to each other, and cut into what is learnt from and what not."""

import dataclasses
from typing import final

import numpy as np
from numpy.typing import NDArray

from circuitnn.audio.clock_drift import paced
from circuitnn.estimation.excerpts import loudest
from circuitnn.estimation.whole_chain import Lateness
from circuitnn.metrics import esr
from circuitnn.model import Model, run
from circuitnn.native import fastest
from circuitnn.numerics.fractional_delay import HALF
from circuitnn.train.dataset import Dataset

SETTLING = 0.5  # seconds at the beginning that are left out, where the recording is long enough,
LONGEST_SETTLING = 0.1  # of what there is to learn from
CHOSEN_BY = 0.25  # of that


@final
@dataclasses.dataclass(frozen=True)
class Remainder:
    """What a model leaves of a recording.

    Attributes:
        model: as identified; its output is in the unit of y.
        x: (time,), as the model hears it.
        y: (time,), as recorded, at the model's time, without the recorder's zero.
        predicted: (time,), by the model.
        learnt: samples that are learnt from.
        chosen: samples that decide what is kept.
        held_out: samples that nothing has seen.
    """

    model: Model
    x: NDArray
    y: NDArray
    predicted: NDArray
    learnt: slice
    chosen: slice
    held_out: slice

    @property
    def fs(self) -> float:
        """Hz."""
        assert self.model.fs is not None
        return self.model.fs

    @property
    def left(self) -> NDArray:
        """(time,): y without what the model says."""
        return self.y - self.predicted

    def esr(self, predicted: NDArray, part: slice) -> float | None:
        """Error-to-signal ratio over a part; None where that is empty."""
        y = self.y[part]
        return esr(predicted[part], y) if len(y) else None

    def data(self, x: NDArray, y: NDArray, part: slice) -> Dataset:
        """Signals of one part."""
        return Dataset(x[part], y[part], fs=self.fs)


def remainder(model: Model, x: NDArray, y: NDArray, held_out: float, there: int | None = None) -> Remainder:
    """The parts of a recording, and what the model makes of it.

    Args:
        model: with one input and one output, and a rate.
        x: (time,).
        y: (time,), at the model's time.
        held_out: seconds at the end.
        there: samples of y that there are, where it is late and ends before what x's last ones make; None for all.

    Raises:
        ValueError: where too little is left to learn from.
    """
    fs = model.fs
    if fs is None or (model.in_features, model.out_features) != (1, 1):
        raise ValueError("complete: a model with a sample rate, one input and one output is wanted")
    end = len(x) - round(held_out * fs)
    if not held_out >= 0 or end < fs:
        raise ValueError(f"held_out: {held_out:g} s of {len(x) / fs:g} s leave less than a second to learn from")
    first = round(min(SETTLING * fs, LONGEST_SETTLING * end))
    middle = end - round(CHOSEN_BY * end)
    predicted = played(model, x)
    # The zero of a converter is nothing of the device.
    y = y - np.mean((y - predicted)[first:middle])
    unseen = slice(end, len(x) if there is None else max(end, there))
    return Remainder(model, x, y, predicted, slice(first, middle), slice(middle, end), unseen)


def put_to_the_input(late: Lateness, y: NDArray) -> tuple[NDArray, int]:
    """A recording at the time and at the pace of x, as upside down as it is, (time,); and how much of it there is."""
    start, pace = -late.start / (1 + late.rate), 1 / (1 + late.rate)
    there = int((len(y) - HALF - start) / pace)
    return paced(y, start, pace - 1), min(max(there, 0), len(y))


def played(model: Model, x: NDArray) -> NDArray:
    """What a model makes of x from rest, at the time of x: (time,) or (time, features)."""
    late = model.latency
    padded = np.pad(x, ((0, late),) + ((0, 0),) * (x.ndim - 1))
    return np.asarray(run(fastest(model, len(padded)), padded)[1], np.float64)[late:]


def windows(signal: NDArray, first: NDArray, length: int) -> NDArray:
    """(pieces, length, features) of a signal (time,) or (time, features)."""
    return signal.reshape(len(signal), -1)[first[:, None] + np.arange(length)]


def loud_places(signal: NDArray, part: slice, count: int, length: int) -> NDArray:
    """(pieces,), where the loudest piece of each of `count` equal stretches of a part begins."""
    grid = np.arange(part.start, part.stop - length + 1, length)
    loud = np.concatenate([[0.0], np.cumsum(signal**2)])
    return grid[loudest(loud[grid + length] - loud[grid], count)]
