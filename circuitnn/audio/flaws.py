"""What recorders do to signals: nothing at all, corners where a converter ends, and offsets."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

STUCK, PLACES = 3, 3  # equal samples at the end of the scale in a row, and how often that has to be
CORNER = 0.2  # of a soft limit more samples than this share of those at it are close to it
OFFSET = {"x": (0.02, 3.0), "y": (0.05, 1.0)}  # of the root mean square: less is nothing, more is a bias that is meant
SEGMENT, FEWEST, SURE = 0.02, 16, 8.0  # seconds that a mean is taken over, how many, and standard errors of an offset
EARLY = 2.5e-4  # seconds; no device answers earlier than that

LEAST, MOST = 1e-12, 1e12  # of full scale: squares of what is beyond are no numbers in single precision

Pieces = list[tuple[NDArray, NDArray]]  # x and y, (time, features) each


def still(signal: NDArray) -> str:
    """In words that a signal never moves; empty where it does."""
    if np.ptp(signal):
        return ""
    return f"is {signal[0]:.3g} throughout" if signal[0] else "is silent"


def beyond(signal: NDArray) -> str:
    """In words that a signal is too small or too large for a sound; empty where it is not, and for silence."""
    peak = float(np.abs(signal).max(initial=0.0))
    return "" if not peak or LEAST < peak < MOST else f"its peak is {peak:.3g} of full scale, which is no sound"


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
