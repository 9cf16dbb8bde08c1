"""The sound, through the circuit: recordings of equal length to learn from, and whole ones to test on."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from circuitnn.circuit import Circuit
from circuitnn.study.signals import FS, Signals
from circuitnn.train import Dataset, simulate_dataset

VOLTS = 4.5  # of full scale


def learnt_from(
    circuit: Callable[[], Circuit],
    signals: Signals,
    *,
    seconds: float,
    levels: Sequence[float] = (1.0,),
    oversampling: int = 4,
) -> Dataset:
    """The beginning of each recording for training, at each of the levels, through a circuit."""
    samples = round(seconds * FS)
    pieces = [piece[:samples] for _, piece in _recordings(signals, "train") if len(piece) >= samples]
    if not pieces:
        raise ValueError(f"no recording for training has {seconds:g} s")
    return through(circuit, np.stack([level * piece for level in levels for piece in pieces]), oversampling)


def judged_on(circuit: Callable[[], Circuit], signals: Signals, part: str, *, oversampling: int) -> dict[str, Dataset]:
    """Each recording for the test, or for validation, by itself, from its beginning to its end."""
    return {name: through(circuit, piece, oversampling) for name, piece in _recordings(signals, part)}


def through(circuit: Callable[[], Circuit], sound: np.ndarray, oversampling: int) -> Dataset:
    """Sound in full scale (time,) or (recordings, time) through a circuit."""
    return simulate_dataset(circuit(), sound, fs=FS, oversampling=oversampling, volts=VOLTS, progress=False)


def _recordings(signals: Signals, part: str) -> Iterator[tuple[str, np.ndarray]]:
    start = 0
    for name, samples in signals.lengths[part]:
        yield name.partition(".")[0], signals.parts[part][start : start + samples]
        start += samples
