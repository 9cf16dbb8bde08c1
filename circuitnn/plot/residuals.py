"""What a prediction leaves of a recording, in figures that can be drawn: excerpts, spectra, levels."""

from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import welch

FRAME = 0.01  # seconds over which a level is taken
SHOWN = 0.02  # seconds of an excerpt
QUIET = 0.1  # of the level of the loudest, in an excerpt that is called quiet
LOWEST, BANDS = 20.0, 6  # hertz, and bands in an octave
BINS = 24


@final
class Spectra(NamedTuple):
    """Levels in bands: `freqs` (b,) hertz, middles; of the recording, and what is left, (b,) dB of 1."""

    freqs: NDArray
    recorded: NDArray
    left: NDArray


@final
class Levels(NamedTuple):
    """What is left, against what was predicted.

    Attributes:
        level: (n,) dB of 1, of a frame of the prediction.
        left: (n,) dB of 1, of what is left in it.
        place: (b,), predicted values: middles of bins.
        mean: (b,), mean of what is left where the prediction is there.
        spread: (b,), its standard deviation there.
    """

    level: NDArray
    left: NDArray
    place: NDArray
    mean: NDArray
    spread: NDArray


def excerpts(predicted: NDArray, fs: float) -> tuple[slice, slice]:
    """The loudest excerpt, and one whose level is nearest to a tenth of that."""
    level, length = _frames(predicted, fs), round(FRAME * fs)
    loudest = int(np.argmax(level))
    quiet = int(np.argmin(np.abs(np.log(np.maximum(level, 1e-12 * level.max()) / (QUIET * level.max())))))
    shown = min(round(SHOWN * fs), len(predicted))
    starts = (min(max(k * length + (length - shown) // 2, 0), len(predicted) - shown) for k in (loudest, quiet))
    first, second = (slice(start, start + shown) for start in starts)
    return first, second


def spectra(recorded: NDArray, left: NDArray, fs: float) -> Spectra:
    """Levels in bands of a sixth of an octave, by Welch's method."""
    middles, level = bands(recorded, fs)
    return Spectra(middles, level, bands(left, fs)[1])


def bands(signal: NDArray, fs: float) -> tuple[NDArray, NDArray]:
    """Middles of the bands, (b,) hertz, and the level of a signal in each, (b,) dB of 1."""
    edges = LOWEST * 2.0 ** (np.arange(int(BANDS * np.log2(0.5 * fs / LOWEST)) + 1) / BANDS)
    freqs, density = welch(signal, fs, nperseg=min(len(signal), 1 << 15), detrend="constant")
    power = np.concatenate([[0.0], np.cumsum(density) * (freqs[1] - freqs[0])])
    # Between the lines of the spectrum, as the lowest bands have hardly one of their own.
    inside = np.diff(np.interp(edges, np.append(freqs, freqs[-1] + freqs[1]) - 0.5 * freqs[1], power))
    return np.sqrt(edges[1:] * edges[:-1]), decibels(np.sqrt(inside))


def levels(predicted: NDArray, left: NDArray, fs: float) -> Levels:
    """What is left by the level of each frame, and by the value of each sample."""
    level, rest = _frames(predicted, fs), _frames(left, fs)
    heard = level > 1e-5 * level.max()
    edges = np.linspace(predicted.min(), predicted.max(), BINS + 1)
    where = np.clip(np.digitize(predicted, edges) - 1, 0, BINS - 1)
    count = np.bincount(where, minlength=BINS)
    mean = np.bincount(where, left, minlength=BINS) / np.maximum(count, 1)
    square = np.bincount(where, left**2, minlength=BINS) / np.maximum(count, 1)
    there = count >= 20
    spread = np.sqrt(np.maximum(square - mean**2, 0))
    place = 0.5 * (edges[1:] + edges[:-1])
    return Levels(decibels(level[heard]), decibels(rest[heard]), place[there], mean[there], spread[there])


def decibels(amplitude: NDArray) -> NDArray:
    return 20 * np.log10(np.maximum(amplitude, 1e-10))


def _frames(signal: NDArray, fs: float) -> NDArray:
    """Root mean square of each frame, about its mean."""
    length = max(round(FRAME * fs), 1)
    whole = signal[: len(signal) // length * length].reshape(-1, length)
    return whole.std(axis=1)
