"""Clocks that differ: how the delay of a recording grows with time, and the recording at the pace of the other one."""

import math
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from circuitnn.audio.coherence import FEWEST, SHORT, correlation, fraction, spectra
from circuitnn.numerics.fractional_delay import HALF, taps

FEWEST_PIECES = 12
CHANCE = 5.0  # standard errors
SOME = 0.1  # of a sample: a drift that large from start to end is said, where it is more than chance
PIECES = 100  # at most
LONGEST = 1 << 15  # samples of a piece
REACH = 512  # samples that the delay may move by from one piece to the next
QUIET = 1e-4  # of the loudest piece's power
RELATED = 0.2  # coherence
ALONG = 10.0  # variance of the slope over what it were if pitch and level did not go with time
OUTLYING = 4.685  # standard deviations (Beaton and Tukey 1974)
PHASES = 512  # of a sample, between which filters are interpolated: 1e-6
CHUNK = 1 << 14


@final
@dataclass(frozen=True)
class Drift:
    """How the delay of a recording changes from its start to its end.

    Attributes:
        ppm: of the clocks' rates, parts in a million; positive where the recording becomes later.
        standard_error: of it.
        start: delay at the start, or at the first excerpt, samples.
        end: at the end, or at the last excerpt.
    """

    ppm: float
    standard_error: float
    start: float
    end: float

    @property
    def is_there(self) -> bool:
        """Whether it is more than chance, and more than a tenth of a sample from start to end."""
        return abs(self.ppm) > CHANCE * self.standard_error and abs(self.end - self.start) > SOME

    def __str__(self) -> str:
        return f"from {self.start:.2f} to {self.end:.2f} samples ({self.ppm:+.2f} +- {self.standard_error:.2g} ppm)"


def drift(x: NDArray, y: NDArray, lag: int, middle: int, shortest: int, *, is_predicted: bool = False) -> Drift | None:
    """A line through the delays of pieces of a recording; None where there are not enough of them.

    What a device adds to the delay depends on level and pitch, and these may go up or down with time: they are taken
    out along with the line. Of a sweep, whose pitch is its time, no drift can be told.

    Args:
        x: (time,), what was played.
        y: what was recorded.
        lag: samples by which it is late...
        middle: ...at this sample of x.
        shortest: samples, fewer of which do not tell.
        is_predicted: whether x has the delays of the device already: where pitch and level go with time all along, as
            those of a chord that dies away, the line is then through the delays as they are.
    """
    length = min(LONGEST, 1 << max((len(x) // 12).bit_length() - 1, 11))
    first, last = max(0, -lag), min(len(x), len(y) - lag) - length
    if last - first < max(4 * length, shortest):
        return None
    starts = np.linspace(first, last, min(PIECES, 1 + 2 * (last - first) // length), dtype=int)
    power = np.array([np.var(x[start : start + length]) for start in starts])
    starts = starts[power > QUIET * power.max(initial=0.0)]
    nearest = int(np.abs(starts + length // 2 - middle).argmin())
    rows = []
    for order in (range(nearest, len(starts)), range(nearest - 1, -1, -1)):
        guess = lag
        for k in order:
            piece = _delay(x, y, int(starts[k]), length, guess)
            if piece is not None:
                guess = round(piece[0])
                rows.append((starts[k] + length / 2, *piece))
    if len(rows) < FEWEST_PIECES:
        return None
    time, delays, pitch, level = np.array(rows).T
    start, rate, error = _line(time, delays, np.stack([pitch, pitch**2, level]))
    if np.isinf(error) and is_predicted:
        start, rate, error = _line(time, delays, np.empty((0, len(time))))
    return None if np.isinf(error) else Drift(1e6 * rate, 1e6 * error, start, start + rate * len(x))


def _delay(x: NDArray, y: NDArray, start: int, length: int, guess: int) -> tuple[float, float, float] | None:
    """Of one piece, with its pitch and level, logarithms; None where it has too little in common with y."""
    played = x[start : start + length]
    for size in (4 * REACH, SHORT):
        heard = y[max(start + guess, 0) : start + guess + length]
        if len(heard) < length or np.ptp(heard) == 0:
            return None
        measured = spectra(played, heard, size, FEWEST)
        reach = min(REACH, len(measured.omega) // 2)
        heights = correlation(measured, reach)
        moved = int(np.abs(heights).argmax()) - reach
        guess += moved
    if np.sum(measured.coherence * measured.y) < RELATED * measured.y.sum() or abs(moved) > 2:
        return None
    rest, _ = fraction(measured, 1 if heights[moved + reach] > 0 else -1, length)
    weight = np.abs(measured.weighted)
    pitch = np.average(np.log(measured.omega), weights=weight)
    return guess - moved + rest, float(pitch), float(np.log(measured.x.sum()))


def _line(time: NDArray, delay: NDArray, beside: NDArray) -> tuple[float, float, float]:
    """Value at 0, slope, its standard error (infinite where it cannot be told): Tukey's bisquare from the least sum."""
    center = time.mean()
    columns = [np.ones_like(time), (time - center) / np.ptp(time), *(beside - np.median(beside, axis=1)[:, None])]
    matrix = np.stack([column / max(np.abs(column).max(), 1e-12) for column in columns], axis=1)
    weight = np.ones_like(time)
    for turn in range(40):
        root = np.sqrt(weight)[:, None]
        found = np.linalg.lstsq(root * matrix, root[:, 0] * delay, rcond=1e-10)[0]
        rest = delay - matrix @ found
        scale = max(1.4826 * float(np.median(np.abs(rest))), 1e-6)
        far = np.abs(rest) / scale
        weight = 1 / np.maximum(far, 0.1) if turn < 20 else np.clip(1 - (far / OUTLYING) ** 2, 0, None) ** 2
    slope = float(found[1] / (0.5 * np.ptp(time)))
    inverse = np.linalg.pinv(matrix.T @ (weight[:, None] * matrix), rcond=1e-12)
    if inverse[1, 1] * np.sum(weight * matrix[:, 1] ** 2) > ALONG:
        return float(found[0] - slope * center), slope, math.inf
    effective = max(float(weight.sum()) - matrix.shape[1], 1.0)
    variance = _alike(np.sqrt(weight) * rest) * np.sum(weight * rest**2) / effective * inverse[1, 1]
    return float(found[0] - slope * center), slope, float(np.sqrt(variance) / (0.5 * np.ptp(time)))


def _alike(rest: NDArray) -> float:
    """By how much a variance is larger because neighbours are alike: pieces overlap by a half, and music is slow."""
    lags = np.arange(1, max(len(rest) // 6, 2))
    correlations = np.array([rest[lag:] @ rest[:-lag] for lag in lags]) / max(float(rest @ rest), 1e-300)
    return max(2.0, 1 + 2 * float(np.sum((1 - lags / (lags[-1] + 1)) * correlations)))


def paced(y: NDArray, start: float, rate: float) -> NDArray:
    """y(n + start + rate n), as long as y, zero where there was no recording: band-limited interpolation.

    Args:
        y: (time,).
        start: samples.
        rate: samples a sample.
    """
    table = np.stack([taps(k / PHASES - 0.5, np) for k in range(PHASES + 1)])
    around = np.arange(-HALF, HALF + 1)
    moved = np.zeros(len(y))
    for first in range(0, len(y), CHUNK):
        time = np.arange(first, min(first + CHUNK, len(y)))
        at = time + start + rate * time
        whole = np.floor(at + 0.5).astype(int)
        inside = (whole >= 0) & (whole < len(y))
        if not inside.any():
            continue
        low = int(whole[inside].min()) - HALF
        known = np.zeros(int(whole[inside].max()) + HALF + 1 - low)
        source = slice(max(low, 0), min(low + len(known), len(y)))
        known[source.start - low : source.stop - low] = y[source]
        phase = (at - whole + 0.5)[inside] * PHASES
        row = np.minimum(phase.astype(int), PHASES - 1)
        part = (phase - row)[:, None]
        filters = (1 - part) * table[row] + part * table[row + 1]
        windows = known[whole[inside][:, None] - low + around]
        moved[time[inside]] = np.einsum("tk,tk->t", windows, filters)
    return moved
