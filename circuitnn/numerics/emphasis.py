"""Pre-emphasis filters: the weights by which errors at different frequencies count, as FIR filters.

References:
    Wright, Välimäki 2020, "Perceptual loss function for neural modelling of audio systems", ICASSP: the four filters.
    IEC 61672-1: the poles of the A-weighting.
"""

import functools
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Emphasis = Literal["high_pass", "folded_differentiator", "a_weighting", "a_weighting_low_pass"]

A_WEIGHTING_POLES = (20.598997, 107.65265, 737.86223, 12194.217)  # Hz; the first and the last are double
A_WEIGHTING_GAIN = 1.9997  # dB, so that 1 kHz has 0 dB
A_WEIGHTING_TAPS = 101


def emphasis_taps(emphasis: Emphasis, coefficient: float, fs: float | None) -> NDArray[np.float64]:
    """The impulse response of a pre-emphasis filter; its length is the order of the filter plus one.

    Args:
        emphasis: one of the names of `Emphasis`.
        coefficient: c in ``1 - c z^-1``, ``1 - c z^-2`` and, after the A-weighting, ``1 + c z^-1``.
        fs: sample rate in hertz, which the A-weighting needs.

    Raises:
        ValueError: for another name, or an A-weighting without a positive fs.
    """
    if emphasis == "high_pass":
        return np.array([1.0, -coefficient])
    if emphasis == "folded_differentiator":
        return np.array([1.0, 0.0, -coefficient])
    if emphasis not in get_args(Emphasis):
        raise ValueError(f"emphasis must be one of {', '.join(get_args(Emphasis))}, got {emphasis!r}")
    if fs is None or not 0 < fs < np.inf:
        raise ValueError(f"emphasis {emphasis} needs the sample rate fs in hertz, got {fs}")
    weighting = _a_weighting(float(fs))
    return weighting if emphasis == "a_weighting" else np.convolve(weighting, [1.0, coefficient])


@functools.lru_cache(maxsize=8)
def _a_weighting(fs: float) -> NDArray[np.float64]:
    """The bilinear transform of the analogue A-weighting, its magnitude fitted by a linear-phase FIR filter.

    The fit is over 512 frequencies in pairs, so that published losses of this kind can be compared number by number.
    """
    from scipy import signal  # here, because it takes a second to import

    first, second, third, last = (2 * np.pi * pole for pole in A_WEIGHTING_POLES)
    poles = [-first, -first, -second, -third, -last, -last]
    analogue = (np.zeros(4), np.array(poles), last**2 * 10 ** (A_WEIGHTING_GAIN / 20))
    frequencies = np.arange(512) * fs / 1024
    _, response = signal.freqz_zpk(*signal.bilinear_zpk(*analogue, fs), worN=frequencies, fs=fs)
    return signal.firls(A_WEIGHTING_TAPS, frequencies, np.abs(response), fs=fs)
