"""What is suspicious in recordings, said before a model is trained on them.

All of it is found in at most `MOST` samples of each signal, evenly spread, so that hours cost no more than a minute.
"""

import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from circuitnn.model import Model, StateModel
from circuitnn.train.dataset import AssumedRate, Dataset
from circuitnn.train.lag import lag_of
from circuitnn.train.quiet import begins_in_signal

PIECES, MOST = 64, 2**21  # pieces of the recordings, and samples of all of them together
STUCK, PLACES = 3, 3  # equal samples at the end of the scale in a row, and how often that has to be
CORNER = 0.2  # of a soft limit more samples than this share of those at it are close to it
OFFSET = {"x": (0.02, 3.0), "y": (0.05, 1.0)}  # of the root mean square: less is nothing, more is a bias that is meant
SEGMENT, FEWEST, SURE = 0.02, 16, 8.0  # seconds that a mean is taken over, how many, and standard errors of an offset
LATE, EARLY = 5e-4, 2.5e-4  # seconds; a circuit may be a little late, and cannot be early
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


Pieces = list[tuple[NDArray, NDArray]]  # x and y, (time, features) each


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


def stuck(signals: list[NDArray]) -> tuple[float, int, int] | None:
    """The level at which signals end in corners, the samples there, and in how many places; None where they do not."""
    low, high = float(min(signal.min() for signal in signals)), float(max(signal.max() for signal in signals))
    middle = float(np.median(np.concatenate([signal[:: max(1, len(signal) // 4096)] for signal in signals])))
    step = min((_step(signal) for signal in signals), default=0.0)
    for level in (high, low):
        height = abs(level - middle)
        if height < 0.25 * (high - low) or not height:  # a rectifier's zero
            continue
        count = places = near = ends = 0
        for signal in signals:
            at_end = signal == level
            is_near = ~at_end & (np.abs(signal - level) <= max(2e-3 * height, 2.5 * step))
            near, ends = near + int(np.count_nonzero(is_near)), ends + int(np.count_nonzero(at_end))
            edges = np.flatnonzero(np.diff(at_end.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
            edges = edges[edges[:, 1] - edges[:, 0] >= STUCK]
            # On its way there, and not in one step, as a square wave is.
            before = signal[np.maximum(edges[:, 0] - 1, 0)]
            edges = edges[np.abs(before - level) < 0.5 * height]
            count, places = count + int(np.sum(edges[:, 1] - edges[:, 0])), places + len(edges)
        if places >= PLACES and near < CORNER * ends:
            return float(level), count, places
    return None


def _step(signal: NDArray) -> float:
    """The least difference between two values: a converter's step."""
    values = np.unique(signal[: 2**16])
    return float(np.diff(values).min()) if len(values) > 1 else np.inf


def _offsets(pieces: Pieces, fs: float) -> Iterator[str]:
    for name, offset, rms in offsets(pieces, fs):
        yield (
            f"{name} has an offset of {offset:.3g} V, {100 * abs(offset) / rms:.0f} % of its root mean square: if "
            f"that is the recorder's and not the device's, take it out, {name} - ({offset:.4g})"
        )


def offsets(pieces: Pieces, fs: float) -> Iterator[tuple[str, float, float]]:
    """Those of "x" and "y" that are there, each with the root mean square of its signal.

    Of x its mean. Of y what is left where x is silent: what a diode rectifies grows with x.
    """
    segments = [
        np.stack([a[: len(a) // size * size].reshape(-1, size) for a in (x[:, 0], y[:, 0])])
        for x, y in pieces
        for size in [min(max(1, round(SEGMENT * fs)), len(x))]
    ]
    if not all(np.ptp(np.concatenate([a[k].ravel() for a in segments])) for k in (0, 1)):
        return
    x_means, y_means, loudness = (
        np.concatenate([take(a) for a in segments])
        for take in (lambda a: a[0].mean(-1), lambda a: a[1].mean(-1), lambda a: np.abs(a[0]).mean(-1))
    )
    if len(x_means) < FEWEST:
        return
    ones = np.ones(len(x_means))
    for name, means in (("x", x_means), ("y", y_means)):
        rms = np.sqrt(np.mean([a["xy".index(name)].var() for a in segments]))
        offset, error = _constant(means, np.stack([ones] if name == "x" else [ones, x_means, loudness], -1))
        if name == "x" and any(part.mean() * offset < 0.25 * offset**2 for part in np.array_split(means, 8)):
            continue  # a step, a control voltage: not there all the time
        if name == "y" and abs(means[loudness <= np.quantile(loudness, 0.1)].mean() - offset) > 0.5 * abs(offset):
            continue  # a rectifier of another kind: there is nothing in silence
        low, high = OFFSET[name]
        if abs(offset) > SURE * error and low * rms < abs(offset) < high * rms:
            yield name, offset, float(rms)
            if name == "x":
                x_means = x_means - offset


def _constant(means: NDArray, causes: NDArray) -> tuple[float, float]:
    """The factor of the first cause by least squares, and its standard error; neighbours count as one."""
    count, width = causes.shape
    factors = np.linalg.lstsq(causes, means, rcond=None)[0]
    residual = means - causes @ factors
    covariance = np.linalg.pinv(causes.T @ causes) * np.sum(residual**2) / (count - width)
    return float(factors[0]), float(np.sqrt(max(covariance[0, 0], 0.0))) + 1e-300


def _lag(data: Dataset, pieces: Pieces) -> Iterator[str]:
    lag = lag_of([(x[:, 0], y[:, 0]) for x, y in pieces])
    if lag is not None and not -EARLY * data.fs <= lag <= LATE * data.fs:
        yield (
            f"y is {'late' if lag > 0 else 'early'} by about {abs(lag)} samples against x, "
            f"{1e3 * abs(lag) / data.fs:.2f} ms: circuitnn.audio.align finds a recorder's delay, its apply takes it out"
        )
