"""Change of the sample rate."""

import functools
import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuitnn.audio.errors import AudioError
from circuitnn.audio.signals import checked_rate, checked_signal

PASS_BAND = 0.907
"""End of the pass band over the lower of the two Nyquist frequencies: 20 kHz where that rate is 44.1 kHz."""

STOP_BAND_DB = 111.0
"""Design value; the filters reach 110 dB from the lower Nyquist frequency on."""


def resample(x: ArrayLike, fs_in: int, fs_out: int) -> NDArray[np.float64]:
    """The same sound at another sample rate.

    A polyphase filter of linear phase (Kaiser window) without delay: flat to 0.001 dB up to 0.907 of the lower of the
    two Nyquist frequencies (20 kHz for 44.1 kHz), 110 dB down from that Nyquist frequency on. The signal is taken to be
    zero before its first and after its last sample.

    Args:
        x: (time,) or (..., time, features).
        fs_in: its sample rate, in hertz.
        fs_out: the rate of the result, in hertz.

    Returns:
        float64, with ``ceil(time * fs_out / fs_in)`` samples; sample 0 stays at time 0.

    Raises:
        AudioError: when the signal is empty or not finite, or a rate is not a positive whole number.
    """
    signal = checked_signal(x, "resample")
    up, down = ratio_of(fs_in, fs_out)
    if up == down:
        return signal
    from scipy.signal import resample_poly  # here, because it takes a second to import

    return resample_poly(signal, up, down, axis=0 if signal.ndim == 1 else -2, window=low_pass(up, down))


def ratio_of(fs_in: int, fs_out: int) -> tuple[int, int]:
    """By what the rate is multiplied and divided.

    Raises:
        AudioError: when a rate is not a positive whole number, or the ratio is too fine for one filter.
    """
    source, wanted = checked_rate(fs_in, "fs_in"), checked_rate(fs_out, "fs_out")
    common = math.gcd(source, wanted)
    up, down = wanted // common, source // common
    if max(up, down) > 100_000:
        raise AudioError(f"resample: {source} Hz to {wanted} Hz is the ratio {up}/{down}, too fine for one filter")
    return up, down


def reach(up: int, down: int) -> int:
    """How many samples before and after its own time, at the rate that comes in, a resampled sample depends on."""
    return 0 if up == down else len(low_pass(up, down)) // (2 * up) + 1


@functools.lru_cache(maxsize=8)
def low_pass(up: int, down: int) -> NDArray[np.float64]:
    """The filter of a ratio of rates, at their common multiple: an odd number of coefficients, their sum is one."""
    from scipy.signal import firwin, kaiserord  # here, because it takes a second to import

    nyquist = 1 / max(up, down)  # the lower Nyquist frequency, over that of the common multiple of the rates
    taps, beta = kaiserord(STOP_BAND_DB, (1 - PASS_BAND) * nyquist)
    # An odd length delays by whole samples, which resample_poly takes back exactly.
    return firwin(taps | 1, (1 + PASS_BAND) / 2 * nyquist, window=("kaiser", beta))
