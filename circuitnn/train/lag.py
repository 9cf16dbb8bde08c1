"""By how much a recording is late: seen at once, without a doubt, or not at all."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SEGMENT, SEGMENTS = 2**14, 64  # samples, and how many at most
REACH = 0.25  # of a segment, either way
SHARP = 2.0  # the highest peak over the next one that is apart
APART = 16  # samples
RELATED = 0.3  # of y's power, that a filter of x explains: a rectifier's overtones may seem to be early
SURE = 8.0  # the highest peak over the root mean square of all


def lag_of(pairs: Sequence[tuple[NDArray, NDArray]]) -> int | None:
    """Samples by which y is late against x; None where that cannot be told.

    The cross-correlation of phases alone, each frequency weighed by how coherent x and y are there (Knapp and Carter
    1976): a filter, however slow, begins to answer at once, and its peak is where it begins.

    Args:
        pairs: x and y, (time,) each.
    """
    size = min(SEGMENT, 1 << (min(len(x) for x, _ in pairs).bit_length() - 1))
    if size < 512:
        return None
    places = [(number, at) for number, (x, _) in enumerate(pairs) for at in range(0, len(x) - size + 1, size // 2)]
    chosen = [places[k] for k in np.unique(np.linspace(0, len(places) - 1, SEGMENTS).astype(int))]
    window = np.hanning(size)
    sums: list[NDArray] = [np.zeros(size + 1), np.zeros(size + 1), np.zeros(size + 1, complex)]
    for number, at in chosen:
        a, b = (
            np.fft.rfft(window * (part := signal[at : at + size]) - window * part.mean(), 2 * size)
            for signal in pairs[number]
        )
        for total, power in zip(sums, (np.abs(a) ** 2, np.abs(b) ** 2, np.conj(a) * b), strict=True):
            total += power
    of_x, of_y, cross = sums
    if not (of_x.max() > 0 and of_y.max() > 0):
        return None
    heard = (of_x > 1e-9 * of_x.max()) & (of_y > 1e-12 * of_y.max())
    coherence = np.where(heard, np.abs(cross) ** 2 / np.where(heard, of_x * of_y, 1), 0)
    if np.sum(coherence * of_y) < RELATED * np.sum(of_y):
        return None
    weight = coherence / (1.02 - np.minimum(coherence, 1))
    phases = np.where(heard, cross / np.where(heard, np.abs(cross) + 1e-300, 1), 0)
    correlation = np.abs(np.fft.irfft(weight * phases))
    reach = round(REACH * size)
    correlation = np.concatenate([correlation[-reach:], correlation[: reach + 1]])
    lags = np.arange(-reach, reach + 1)
    peak = int(correlation.argmax())
    others = correlation[np.abs(lags - lags[peak]) > APART]
    is_sure = correlation[peak] > SURE * np.sqrt(np.mean(others**2)) and correlation[peak] > SHARP * others.max()
    return int(lags[peak]) if is_sure else None
