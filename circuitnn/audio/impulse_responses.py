"""Impulse responses: taken to another rate, cut to length, made as loud as each other."""

import functools

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuitnn.audio.resampling import low_pass, ratio_of

INAUDIBLE = 1e-12  # of an impulse response's energy: what its end has less of is left out
ONSET_DB = -60.0  # under the peak: what is below that before the first sound is taken to be silence
FADE = 0.1  # of the length that remains, where an impulse response is cut


def at_rate(taps: ArrayLike, fs_in: int, fs_out: int) -> NDArray[np.float64]:
    """An impulse response (taps,) at another sample rate, with the same frequency response.

    The low pass has minimum phase, so that nothing of it comes before the first tap: one of linear phase begins
    earlier, and loses what it has there. It is flat to 0.001 dB up to 0.907 of the lower Nyquist frequency (20 kHz for
    44.1 kHz); low frequencies come late by 2.5 to 3.4 samples of the lower rate, which are 0.08 ms at most at 44.1 kHz.
    The taps are scaled by ``fs_in / fs_out``, since a sum of more taps would be louder.

    Raises:
        AudioError: when a rate is not a positive whole number, or the ratio is too fine for one filter.
    """
    up, down = ratio_of(fs_in, fs_out)
    row = np.asarray(taps, np.float64)
    if up == down:
        return row
    from scipy.signal import upfirdn  # here, because it takes a second to import

    filtered = upfirdn(_causal_low_pass(up, down), row, up, down) * down  # up, times fs_in / fs_out
    rest = np.cumsum(filtered[::-1] ** 2)[::-1]
    return filtered[: max(1, np.count_nonzero(rest > INAUDIBLE * rest[0]))]


@functools.lru_cache(maxsize=8)
def _causal_low_pass(up: int, down: int) -> NDArray[np.float64]:
    """`low_pass` with minimum phase: the same magnitude, as early as can be."""
    from scipy.signal import minimum_phase  # here, because it takes a second to import

    linear = low_pass(up, down)
    # Twice the default would be exact in the last digits; this is flat to 0.001 dB and takes a tenth of the time.
    size = 1 << max(16, (16 * len(linear)).bit_length())
    return minimum_phase(linear, half=False, n_fft=size)


def from_onset(taps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the silence in front: what the sound needs from the loudspeaker to the microphone."""
    loud = np.flatnonzero(np.abs(taps) > np.max(np.abs(taps)) * 10 ** (ONSET_DB / 20))
    return taps[loud[0] :] if len(loud) else taps


def shortened(taps: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """So many taps at most; the last tenth of what is left fades out, so that the cut makes no ripple."""
    if len(taps) <= length:
        return taps
    fading = int(FADE * length)
    fade = np.cos(0.5 * np.pi * np.arange(1, fading + 1) / (fading + 1)) ** 2
    return np.concatenate([taps[: length - fading], taps[length - fading : length] * fade])


def normalised(taps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scaled so that the largest gain at any frequency is one."""
    most = np.max(np.abs(np.fft.rfft(taps, 8 * len(taps))))
    return taps / most if most > 0 else taps
