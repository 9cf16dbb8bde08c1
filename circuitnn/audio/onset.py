"""Where the response of a device begins: from there on a causal model can follow it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.linalg import cholesky, solve_triangular

from circuitnn.audio.errors import AudioError

BEFORE, AFTER = 64, 128  # samples beside the delay at which a filter of x may explain y
PAST = 32  # samples of y's own past
POWERS = (3, 9)  # of it: a diode's current is steep where the output is flat
NOTHING = 48  # of the earliest samples are taken to come before the response
CLEAR, VERY_CLEAR = 8.0, 30.0  # what a sample explains, over what chance makes of those on average
LEAST = 0.02  # of it, over what one of the next two samples explains: as little as the first sample of music does
FURTHEST = 16  # samples before the one that explains most
LONGEST = 1 << 19  # samples that are looked at, the loudest
RIDGE = 1e-9
BEFORE_CLICK = (0.25, 0.05)  # seconds before a click, of which the noise is measured
ABOVE_NOISE = 8.0


def onset(x: NDArray, y: NDArray) -> int:
    """Samples from y's delay (0: as they lie) to the first sample of x that has a part in y, or one less.

    y is explained by least squares from its own past, with powers of it, then by x from `AFTER` samples ago to `BEFORE`
    ahead, the past first (Granger 1969). What each sample adds to that is one component of a triangular solution:
    chance before the response begins, and much where it does, of what the past of x does not foretell.

    Args:
        x: (time,), what was played.
        y: (time,), moved to where the correlation has its peak.
    """
    start = _loudest(x, LONGEST)
    x, y = x[start : start + LONGEST], y[start : start + LONGEST]
    peak = np.abs(y).max()
    signals = np.stack([y, *((y / peak) ** power for power in POWERS), x])
    signals = (signals - signals.mean(axis=1, keepdims=True)) / signals.std(axis=1, keepdims=True)
    added = _added(signals * np.hanning(len(y)))  # without ends, where one recording goes on and the other does not
    chance = added[:NOTHING].mean()
    is_there = added > CLEAR * chance
    is_there[:-2] &= added[:-2] > LEAST * np.maximum(added[1:-1], added[2:])
    most = first = int(added[: BEFORE + FURTHEST].argmax())
    while first > most - FURTHEST and is_there[first - 1]:
        first -= 1
    return first - BEFORE - (added[first] < VERY_CLEAR * chance)


def _added(signals: NDArray) -> NDArray:
    """(lags,), the earliest first: what the last signal tells of the first beside its own past and the others'."""
    *others, last = range(len(signals))
    lags = np.arange(AFTER - 1, -BEFORE - 1, -1)
    signal = np.concatenate([np.repeat(others, PAST), np.full(len(lags), last)])
    lag = np.concatenate([np.tile(np.arange(1, PAST + 1), len(others)), lags])
    size = fft.next_fast_len(signals.shape[1] + PAST + len(lags), real=True)
    spectra = fft.rfft(signals, size)
    products = np.stack([fft.irfft(spectrum.conj() * spectra, size) for spectrum in spectra])
    gram = products[signal[:, None], signal, (lag[:, None] - lag) % size]
    gram[np.diag_indices_from(gram)] *= 1 + RIDGE
    with_first = products[signal, 0, lag % size]
    components = solve_triangular(cholesky(gram, lower=True, overwrite_a=True), with_first, lower=True)
    return components[: -len(lags) - 1 : -1] ** 2


def _loudest(x: NDArray, length: int) -> int:
    if len(x) <= length:
        return 0
    power = np.concatenate([[0.0], np.cumsum(x * x)])
    return int(np.argmax(power[length:] - power[:-length]))


def clicked(y: NDArray, fs: float, clicks: Sequence[float], reach: float) -> int:
    """Samples by which y answers to clicks at given seconds of x: one less than from each click to the first answer.

    Raises:
        AudioError: where no answer stands out of the noise before it, and where the answers differ.
    """
    answers = []
    for second in clicks:
        at = round(second * fs)
        quiet = y[max(at - round(BEFORE_CLICK[0] * fs), 0) : max(at - round(BEFORE_CLICK[1] * fs), 0)]
        after = y[at : at + round(reach * fs)]
        if len(quiet) < 16 or len(after) < 16:
            raise AudioError(f"y does not reach from {BEFORE_CLICK[0]} s before the click at {second:g} s to after")
        loud = np.abs(after - quiet.mean())
        level = max(ABOVE_NOISE * quiet.std(), 0.01 * loud.max())
        if not loud.max() > 2 * ABOVE_NOISE * quiet.std():
            raise AudioError(f"y has no click within {reach:g} s of {second:g} s that stands out of the noise")
        answers.append(int(np.argmax(loud > level)))
    if max(answers) - min(answers) > 2:
        raise AudioError(f"the clicks come {', '.join(map(str, answers))} samples late: not one latency")
    return min(answers) - 1
