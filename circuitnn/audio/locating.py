"""One delay between two recordings, or an error where there is none that stands out."""

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from circuitnn.audio.alignment import Alignment
from circuitnn.audio.clock_drift import Drift, drift, paced
from circuitnn.audio.coherence import FEWEST, SHORT, correlation, fraction, spectra
from circuitnn.audio.delay_search import AWAY, UNIQUE, place
from circuitnn.audio.errors import AudioError

UNRELATED = 0.05  # coherence below which no delay is told
NEARLY = 1.3  # the same for the peak near it, among the lags within
NEAR = 0.05  # seconds on either side of what the search over the whole has found
SEVERAL = 4  # segments: of one alone rounding is coherent too
DRIFT, ASKED_DRIFT = 2.0, 0.5  # seconds: in less, what a device does is taken for a drift
FEWEST_SAMPLES = 512


def located(
    x: NDArray,
    y: NDArray,
    fs: float,
    max_delay: float | None = None,
    *,
    correct_drift: bool = False,
    around: int = 0,
    is_predicted: bool = False,
) -> Alignment:
    """The work of `align` on signals that have been checked.

    Args:
        x: (time,), what was played.
        y: what was recorded.
        fs: Hz.
        max_delay: seconds on either side of `around`; anywhere when None.
        correct_drift: whether to measure along the line that the delay follows, where it does.
        around: samples.
        is_predicted: whether x is what a model of the device has made of what was played, see `drift`.

    Raises:
        AudioError: where no one delay stands out, or the recordings have too little in common there.
    """
    reach = math.inf if max_delay is None else max_delay * fs
    bounds = (around - reach, around + reach)
    where = place(x, y, fs, bounds)
    if where.outside > UNIQUE * where.peak:
        raise AudioError(
            f"no delay within max_delay={max_delay:g} s stands out: with y {_late(where.outside_lag - around, fs)} the "
            f"recordings fit {where.outside / where.peak:.1f} times as well. Give a larger max_delay, or none"
        )
    _check(where.sharpness, UNIQUE, 1.0, _late(where.lag - around, fs))
    shortest = round((ASKED_DRIFT if correct_drift else DRIFT) * fs)
    clocks = drift(x, y, where.lag, where.middle, shortest, is_predicted=is_predicted)
    if correct_drift and clocks is not None and clocks.is_there:
        return _along(x, y, fs, clocks, is_predicted=is_predicted)
    lag, polarity, sharpness = _peak(x, y, fs, where.lag, bounds)
    alignment = measured(x, y, fs, lag, polarity)
    try:
        _check(sharpness, NEARLY, alignment.confidence, _late(lag - around, fs))
    except AudioError as error:
        if clocks is not None and clocks.is_there:
            raise AudioError(
                f"the delay goes {clocks} (two clocks; correct_drift=True takes it out), and {error}"
            ) from None
        raise
    return dataclasses.replace(alignment, sharpness=min(sharpness, where.sharpness), drift=clocks)


def _along(x: NDArray, y: NDArray, fs: float, clocks: Drift, *, is_predicted: bool) -> Alignment:
    """Where the delay follows a line, which is measured once more along itself."""
    moved = paced(y, clocks.start, 1e-6 * clocks.ppm)
    rest = drift(x, moved, 0, len(x) // 2, 0, is_predicted=is_predicted)
    if rest is not None:
        clocks = Drift(clocks.ppm + rest.ppm, rest.standard_error, clocks.start + rest.start, clocks.end + rest.end)
        moved = paced(y, clocks.start, 1e-6 * clocks.ppm)
    lag, polarity, sharpness = _peak(x, moved, fs, 0, (-math.inf, math.inf))
    alignment = measured(x, moved, fs, lag, polarity)
    start = clocks.start + alignment.delay_samples
    _check(sharpness, NEARLY, alignment.confidence, _late(round(start), fs))
    return dataclasses.replace(alignment, delay_samples=start, sharpness=sharpness, drift=clocks, corrects_drift=True)


def known(x: NDArray, y: NDArray, fs: float, latency: float) -> Alignment:
    """Polarity, gain and drift where the delay is known, samples."""
    lag = round(latency)
    _, polarity, _ = _peak(x, y, fs, lag, (-math.inf, math.inf))
    alignment = measured(x, y, fs, lag, polarity)
    both = overlap(len(x), len(y), lag)
    clocks = drift(x, y, lag, (both.start + both.stop) // 2, round(DRIFT * fs))
    return dataclasses.replace(alignment, delay_samples=float(latency), standard_error=0.0, drift=clocks)


def measured(x: NDArray, y: NDArray, fs: float, lag: int, polarity: int) -> Alignment:
    """Fraction of the delay, gain and coherence next to a lag."""
    both = overlap(len(x), len(y), lag)
    near = spectra(x[both], y[both.start + lag : both.stop + lag], SHORT, FEWEST)
    rest, error = fraction(near, polarity, both.stop - both.start)
    turned = np.real(near.cross * np.exp(1j * near.omega * rest))
    # The peak of what inverts the treble alone, as phasers do, has the treble's sign: the loud octaves have the word.
    if polarity * np.sum(turned / near.omega) < 0:
        polarity = -polarity
        rest, error = fraction(near, polarity, both.stop - both.start)
        turned = np.real(near.cross * np.exp(1j * near.omega * rest))
    return Alignment(
        delay_samples=float(lag + rest),
        polarity=polarity,
        gain=float(abs(turned.sum()) / near.x.sum()),
        standard_error=error,
        confidence=float(np.sum(near.coherence * near.y) / near.y.sum()),
        sharpness=math.inf,
        fs=float(fs),
    )


def _peak(x: NDArray, y: NDArray, fs: float, lag: int, bounds: tuple[float, float]) -> tuple[int, int, float]:
    """Lag, polarity and sharpness of the highest peak near a lag."""
    both = overlap(len(x), len(y), lag)
    length = both.stop - both.start
    reach = math.ceil(NEAR * fs)
    size = min(1 << max(8 * reach, SHORT).bit_length(), 1 << (length.bit_length() - 1))
    found = spectra(x[both], y[both.start + lag : both.stop + lag], size, SEVERAL)
    reach = min(reach, len(found.omega) // 2)
    heights = correlation(found, reach)
    lags = lag + np.arange(-reach, reach + 1)
    sizes = np.where((lags >= np.floor(bounds[0])) & (lags <= np.ceil(bounds[1])), np.abs(heights), 0.0)
    peak = int(sizes.argmax())
    others = sizes[np.abs(lags - lags[peak]) > AWAY * fs]
    return int(lags[peak]), 1 if heights[peak] > 0 else -1, float(sizes[peak] / max(others.max(initial=0.0), 1e-300))


def overlap(of_x: int, of_y: int, lag: int) -> slice:
    """Samples of x for which there is a y that is late by `lag`.

    Raises:
        AudioError: where they are too few to tell anything.
    """
    both = slice(max(0, -lag), min(of_x, of_y - lag))
    if both.stop - both.start < FEWEST_SAMPLES:
        raise AudioError(
            f"with y {lag:+d} samples late the recordings have {max(both.stop - both.start, 0)} samples in common, too "
            f"few: {FEWEST_SAMPLES} are needed"
        )
    return both


def _check(sharpness: float, wanted: float, confidence: float, late: str) -> None:
    if sharpness < wanted:
        raise AudioError(
            f"no one delay stands out: y {late} is the best fit, and only {sharpness:.2f} times as good as the next, "
            f"where {wanted:g} is wanted. Are they recordings of one signal? For a tone, or music that repeats itself, "
            "give latency, or a smaller max_delay"
        )
    if confidence < UNRELATED:
        raise AudioError(
            f"y has nothing in common with x: {late} is the best fit, where a linear filter of x explains "
            f"{100 * confidence:.1f} % of y ({100 * UNRELATED:g} % is wanted)"
        )


def _late(lag: float, fs: float) -> str:
    return f"{lag:+.0f} samples ({lag / fs:+.3f} s) late"
