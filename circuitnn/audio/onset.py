"""Where the response of a device begins: from there on a causal model can follow it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.linalg import cholesky, solve_triangular

from circuitnn.audio.errors import AudioError

BEFORE, AFTER = 128, 256  # samples beside the delay at which a filter of x may explain y
NOTHING = 64  # of those before it are taken to come before the response
CLEAR = 4.0  # what an earlier sample explains, over the most that chance makes there
LEAST = 1e-3  # of it, over the part of x that its past does not foretell: 3 % of amplitude
FURTHEST = 16  # samples before the delay
MARGIN = 1
LONGEST = 1 << 19  # samples that are looked at, the loudest
BENT = (2.0, 8.0)  # over the standard deviation: what saturates explains clippers better
RIDGE = 1e-9
BEFORE_CLICK = (0.25, 0.05)  # seconds before a click, of which the noise is measured
ABOVE_NOISE = 8.0


def onset(x: NDArray, y: NDArray) -> int:
    """Samples from y's delay (0: as they lie) to one before the first sample of x that has a part in y.

    A filter of x and of two saturated copies of it, from `AFTER` samples in the past to `BEFORE` in the future, is
    fitted by least squares, the past first. What each further sample adds is a component of the triangular solution:
    noise alike before the response begins, and more where it does. Only what its own past does not foretell of x can
    show that.

    Args:
        x: (time,), what was played.
        y: (time,), moved to where the correlation has its peak.
    """
    start = _loudest(x, LONGEST)
    x, y = x[start : start + LONGEST], y[start : start + LONGEST]
    scale = x.std()
    copies = np.stack([x / scale, *(np.tanh(bend * x / scale) for bend in BENT)])
    copies -= copies.mean(axis=1, keepdims=True)
    added, foretold = _explained(copies, (y - y.mean()) / (len(y) ** 0.5 * y.std()))
    steps = np.sum(np.diff(added, axis=0, prepend=added[:1]) ** 2, axis=1)
    is_there = steps > max(CLEAR * steps[:NOTHING].max(), LEAST * foretold)
    first = BEFORE
    if is_there[BEFORE - 1 : BEFORE + 1].any():
        while first > BEFORE - FURTHEST and is_there[first - 2 : first].any():
            first -= 1
        first += not is_there[first]
    elif is_there[BEFORE:].any():
        first += int(is_there[BEFORE:].argmax())
    return first - BEFORE - MARGIN


def _explained(copies: NDArray, y: NDArray) -> tuple[NDArray, float]:
    """(lags, copies), the earliest lag first, with signs; and the share of x that its past does not foretell."""
    count, lags = len(copies), np.arange(AFTER - 1, -BEFORE - 1, -1)
    size = fft.next_fast_len(copies.shape[1] + len(lags), real=True)
    spectra, of_y = fft.rfft(copies, size), fft.rfft(y, size)
    with_y = fft.irfft(spectra.conj() * of_y, size)[:, lags % size].T.ravel()
    apart = (lags[:, None] - lags) % size
    each_other = np.empty((len(lags), count, len(lags), count))
    for a in range(count):
        for b in range(count):
            each_other[:, a, :, b] = fft.irfft(spectra[a].conj() * spectra[b], size)[apart]
    gram = each_other.reshape(len(with_y), len(with_y))
    gram += RIDGE * np.diag(gram.diagonal())
    lower = cholesky(gram, lower=True, overwrite_a=True)
    added = solve_triangular(lower, with_y, lower=True).reshape(-1, count)[::-1]
    return added, float(lower[-count, -count] ** 2 / gram[0, 0])


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
    return min(answers) - MARGIN
