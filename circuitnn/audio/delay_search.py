"""Where one recording lies in another one: the whole of both is searched, at a low rate, by what both have whitened."""

from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import uniform_filter1d
from scipy.signal import resample_poly

RATE = 8_000.0  # Hz, or less: above 4 kHz recordings of instruments are noise
LONGEST = 1 << 22  # samples at the low rate, for hours of audio
SHORTEST = 1 << 14  # fewer are not thinned out
UNIQUE = 1.5  # a peak over the next one, below which no delay is told
PIECES_OF = (
    20.0,
    5.0,
)  # seconds that are looked for; clocks that differ by 100 ppm drift by half a millisecond in five
PIECES = 3  # of a recording, the loudest of each third: one of them may lie beyond the end of the other recording
AWAY = 0.001  # seconds from its peak a correlation has to be to count as another peak
NEIGHBOURS = 100.0  # Hz on either side, over which a spectrum is smoothed
QUIETER = 0.1  # of its neighbours' amplitude: lines of a spectrum weigh less where they are below
QUIETEST = 1e-4  # of the amplitude of the loudest neighbours
LOWEST = 30.0  # Hz


@final
class Place(NamedTuple):
    """Where the best piece of a recording lies.

    Attributes:
        lag: samples by which y is late, to within a few.
        middle: of that piece in x, samples.
        peak: height of the correlation.
        next: height of its next peak within the bounds.
        outside: height of the highest peak outside of the bounds.
        outside_lag: samples.
    """

    lag: int
    middle: int
    peak: float
    next: float
    outside: float
    outside_lag: int

    @property
    def sharpness(self) -> float:
        """The peak over the next one."""
        return self.peak / max(self.next, 1e-300)


def place(x: NDArray, y: NDArray, fs: float, bounds: tuple[float, float]) -> Place:
    """The lag within `bounds`, samples, at which whitened pieces of one recording fit best into the other one."""
    length = max(len(x), len(y))
    thinned = max(1, -(-length // LONGEST), min(round(fs / RATE), length // SHORTEST))
    coarse_x, coarse_y = (resample_poly(signal, 1, thinned) if thinned > 1 else signal for signal in (x, y))
    low, high = (np.clip(bound, -length, length) / thinned for bound in bounds)
    sought, whole, sign = (coarse_y, coarse_x, 1) if len(y) <= len(x) else (coarse_x, coarse_y, -1)
    places: list[Place] = []
    for start, stop in (piece for seconds in PIECES_OF for piece in _pieces(sought, round(seconds * fs / thinned))):
        if places and places[-1].sharpness > UNIQUE and places[-1].peak > places[-1].outside:
            break
        # The piece is found `start - lag` samples into the whole, or `start + lag` where the pieces are those of x.
        heights, lags = _whitened(whole, sought[start:stop], fs / thinned)
        at = _highest(heights, sign * (start - lags), (low, high), max(AWAY * fs / thinned, 3))
        places.append(at._replace(middle=(start + stop) // 2 - (at.lag if sign > 0 else 0)))
    best = max(places, key=lambda candidate: candidate.sharpness)
    return best._replace(lag=best.lag * thinned, outside_lag=best.outside_lag * thinned, middle=best.middle * thinned)


def _pieces(signal: NDArray, size: int) -> list[tuple[int, int]]:
    """Where the loudest piece of each third begins and ends, the loudest first; the whole of a short recording."""
    if len(signal) <= size:
        return [(0, len(signal))]
    power = np.concatenate([[0.0], np.cumsum((signal - signal.mean()) ** 2)])
    energy = power[size:] - power[:-size]
    thirds = [part for part in np.array_split(np.arange(len(energy)), PIECES) if len(part)]
    starts = sorted((int(part[energy[part].argmax()]) for part in thirds), key=lambda start: -energy[start])
    return [(start, start + size) for start in starts]


def _whitened(whole: NDArray, piece: NDArray, rate: float) -> tuple[NDArray, NDArray]:
    """Correlation of the phases, and where the piece's first sample lies in the whole.

    The piece fades in and out over its whole length: two recordings that begin in mid-signal would fit with their ends
    together. A line of the spectrum counts in full unless it is far below its neighbours, so that between the
    harmonics of a tone nothing is made out of rounding.
    """
    size = fft.next_fast_len(len(whole) + len(piece), real=True)
    smooth = max(round(2 * NEIGHBOURS * size / rate), 3)
    cross = np.ones(size // 2 + 1, complex)
    for signal, sign in ((whole - whole.mean(), 1), ((piece - piece.mean()) * np.hanning(len(piece)), -1)):
        spectrum = fft.rfft(signal, size)
        amplitude = np.abs(spectrum)
        around = np.maximum(uniform_filter1d(amplitude, smooth), 0)
        spectrum /= amplitude + QUIETER * around + QUIETEST * around.max() + 1e-300
        cross *= spectrum if sign > 0 else spectrum.conj()
    cross[: round(LOWEST * size / rate)] = 0
    lags = np.arange(size)
    return fft.irfft(cross, size), np.where(lags < len(whole), lags, lags - size)


def _highest(heights: NDArray, lags: NDArray, bounds: tuple[float, float], away: float) -> Place:
    heights = np.abs(heights)
    inside = (lags >= np.floor(bounds[0])) & (lags <= np.ceil(bounds[1]))
    lag = int(lags[np.where(inside, heights, -1.0).argmax()])
    others = np.abs(lags - lag) > away
    peak = float(heights[np.where(inside, heights, -1.0).argmax()])
    beyond = np.where(others & ~inside, heights, 0.0)
    return Place(
        lag=lag,
        middle=0,
        peak=peak,
        next=float(heights[others & inside].max(initial=0.0)),
        outside=float(beyond.max()),
        outside_lag=int(lags[beyond.argmax()]),
    )
