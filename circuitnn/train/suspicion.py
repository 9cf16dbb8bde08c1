"""What is suspicious in recordings, said before a model is trained on them.

All of it is found in at most `MOST` samples of each signal, evenly spread, so that hours cost no more than a minute.
"""

import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from circuitnn.audio.flaws import EARLY, Pieces, offsets, stuck
from circuitnn.model import Model, StateModel
from circuitnn.train.dataset import AssumedRate, Dataset
from circuitnn.train.lag import lag_of
from circuitnn.train.quiet import begins_in_signal

PIECES, MOST = 64, 2**21  # pieces of the recordings, and samples of all of them together
LATE = 5e-4  # seconds; a circuit may be a little late
AFTER, MUCH = 0.1, 4.0  # seconds after a warm-up, and by how much the error there may be larger than later
HIDDEN = 0.05  # of all samples, without a loss


class DataWarning(UserWarning):
    """Recordings have something that a model should perhaps not learn."""


def warn_of_data(model: Model, data: Dataset, validation: Dataset | None, warmup: int) -> None:
    """Say what is suspicious before a training.

    Args:
        model: one of those that are trained, as it was given.
        data: to train it on.
        validation: data, where there are any.
        warmup: samples of each window without a loss.
    """
    findings = [f"the data{finding}" for finding in _rate(model, data)]
    findings += [f"the data: {finding}" for finding in _suspicious(data)]
    if not (isinstance(model, StateModel) and data.states is not None):
        findings += [f"the data: {finding}" for finding in _hidden_starts(data, warmup)]
    if validation is not None:
        findings += [f"the validation data: {finding}" for finding in _suspicious(validation)]
    for finding in findings:
        warnings.warn(finding, DataWarning, stacklevel=3)


def warn_of_start(data: Dataset, y: NDArray, warmup: int) -> None:
    """Say where an output from rest, (recordings, time, features), has not got over its start in mid-signal."""
    late, length = begins_in_signal(data), min(round(AFTER * data.fs), (y.shape[1] - warmup) // 4)
    if not (late.any() and length):
        return
    error, signal = (np.square(a[late]).sum(axis=(0, 2)) for a in (y - data.y, np.asarray(data.y, float)))
    just_after, later = slice(warmup, warmup + length), slice(warmup + length, None)
    ratios = [error[part].sum() / max(signal[part].sum(), 1e-300) for part in (just_after, later)]
    # Also without the signal: where the start is quiet any error is large beside it.
    is_larger = error[just_after].mean() > MUCH * error[later].mean() and ratios[0] > MUCH * ratios[1]
    if is_larger and ratios[0] > 1e-6:
        warnings.warn(
            f"the data: {late.sum()} of {len(late)} recordings begin in mid-signal, where the model begins at rest, "
            f"and after the warm-up of {warmup} samples the error is {ratios[0]:.2g} at first and {ratios[1]:.2g} "
            "later: a longer warmup=, or data from rest or with states",
            DataWarning,
            stacklevel=3,
        )


def _suspicious(data: Dataset) -> Iterator[str]:
    pieces = _pieces(data)
    yield from _silence(data, pieces)
    yield from _clipping(pieces)
    yield from _offsets(pieces, data.fs)
    yield from _lag(data, pieces)


def _rate(model: Model, data: Dataset) -> Iterator[str]:
    """What networks would take over."""
    if model.fs is None and "fs" in vars(model) and isinstance(data.fs, AssumedRate):
        yield (
            f" do not say their sample rate: {data.fs:g} Hz are assumed, and the network that is trained on them takes "
            "that over; Dataset(..., fs=...)"
        )


def _hidden_starts(data: Dataset, warmup: int) -> Iterator[str]:
    """Recordings that are loud at once, from states that nobody knows, and are hidden by a warm-up for long."""
    share = warmup / data.x.shape[1]
    if share > HIDDEN and (late := begins_in_signal(data)).any():
        yield (
            f"{late.sum()} of {len(late)} recordings begin in mid-signal, where a model begins at rest, and the "
            f"warm-up of {warmup} samples hides {100 * share:.0f} % of them. Where the device was at rest too, "
            "warmup=0 or silence in front of them lets the model learn how they begin; where not, longer recordings or "
            "their states"
        )


def _pieces(data: Dataset) -> Pieces:
    """Equal pieces, the whole of each recording where that is little."""
    count, time = data.x.shape[:2]
    length = min(time, max(MOST // min(count, PIECES), 1))
    if count * time <= MOST:
        places = [(recording, 0) for recording in range(count)]
        length = time
    else:
        length = min(time, MOST // PIECES)
        every = np.linspace(0, count * time - 1, PIECES).astype(int)
        places = [(at // time, min(at % time, time - length)) for at in every]
    return [
        tuple(np.asarray(signal[recording, start : start + length], float) for signal in (data.x, data.y))  # type: ignore[misc]
        for recording, start in dict.fromkeys(places)
    ]


def _silence(data: Dataset, pieces: Pieces) -> Iterator[str]:
    constant = [not np.ptp(y, axis=0).any() for _, y in pieces]
    is_played = [bool(np.ptp(x[:, 0])) for x, _ in pieces]
    if all(constant) and not any(y.any() for _, y in pieces):
        yield "y is silent: there is nothing to learn, and no error-to-signal ratio"
    elif all(constant) and any(is_played):
        yield f"y is {pieces[0][1][0, 0]:.3g} V throughout, whatever x does"
    elif len(pieces) == len(data.x):
        dead = [number for number, dull in enumerate(constant) if dull and is_played[number]]
        if dead:
            yield f"y does not move in recording {', '.join(map(str, dead[:5]))} of {len(data.x)}, though x does"


def _clipping(pieces: Pieces) -> Iterator[str]:
    for name, index in (("x", 0), ("y", 1)):
        for feature in range(pieces[0][index].shape[1]):
            signals = [piece[index][:, feature] for piece in pieces]
            corners, total = stuck(signals), sum(map(len, signals))
            if corners:
                level, count, places = corners
                yield (
                    f"{name} is clipped: {count} of {total} samples, in {places} places, are stuck at {level:.4g} V"
                    + (
                        ": record it lower"
                        if name == "x"
                        else ": record it lower, unless the device limits as hard itself"
                    )
                )


def _offsets(pieces: Pieces, fs: float) -> Iterator[str]:
    for name, offset, rms in offsets(pieces, fs):
        yield (
            f"{name} has an offset of {offset:.3g} V, {100 * abs(offset) / rms:.0f} % of its root mean square: if "
            f"that is the recorder's and not the device's, take it out, {name} - ({offset:.4g})"
        )


def _lag(data: Dataset, pieces: Pieces) -> Iterator[str]:
    lag = lag_of([(x[:, 0], y[:, 0]) for x, y in pieces])
    if lag is not None and not -EARLY * data.fs <= lag <= LATE * data.fs:
        yield (
            f"y is {'late' if lag > 0 else 'early'} by about {abs(lag)} samples against x, "
            f"{1e3 * abs(lag) / data.fs:.2f} ms: circuitnn.audio.align finds a recorder's delay, its apply takes it out"
        )
