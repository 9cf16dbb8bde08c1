"""How loud a signal is (ITU-R BS.1770), for levels that are to be heard alike."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import sosfilt

from circuitnn.metrics.signals import pair

BLOCK, OVERLAP = 0.4, 0.75  # seconds of a gating block, and the share that two of them have in common
SILENCE, BELOW = -70.0, -10.0  # LUFS of blocks that never count; LU below the others where they no longer count
OFFSET = -0.691  # dB: a sine of 997 Hz at full scale is at -3.01 LUFS


def loudness(x: ArrayLike, fs: float) -> float:
    """Integrated loudness of a programme in LUFS (ITU-R BS.1770-4); minus infinity for silence.

    Blocks of 0.4 s, three quarters of which overlap, that are above -70 LUFS and at most 10 LU below the mean of these.
    What is shorter than a block counts as one. At 48 kHz the weighting is that of the recommendation; at other rates it
    is the bilinear transform of the same analogue filter.

    Args:
        x: (time,) or (time, channels) in full scale; channels count alike.
        fs: sample rate in hertz.

    Raises:
        ValueError: for a signal without samples or of another shape, and for rates below 8 kHz.
    """
    signal = np.asarray(x, np.float64)
    if signal.ndim not in (1, 2) or not signal.size:
        raise ValueError(f"loudness is of (time,) or (time, channels), got the shape {signal.shape}")
    if not fs >= 8000:
        raise ValueError(f"loudness needs a sample rate of 8 kHz or more, got {fs} Hz")
    weighted = sosfilt(k_weighting(fs), signal, axis=0)
    power = np.square(weighted) if signal.ndim == 1 else np.square(weighted).sum(axis=1)
    blocks = _block_means(power, fs)
    loud = blocks[_lufs(blocks) > SILENCE]
    if not loud.size:
        return -math.inf
    counted = loud[_lufs(loud) > _lufs(loud.mean()) + BELOW]
    return float(_lufs(counted.mean()))


def loudness_difference(prediction: ArrayLike, target: ArrayLike, *, fs: float) -> float:
    """By how many LU a signal is louder than another; NaN where both are silent.

    Args:
        prediction: (time,) or (time, channels) in full scale.
        target: the same shape.
        fs: sample rate in hertz.

    Raises:
        ValueError: as `loudness`, and for different shapes.
    """
    prediction, target = pair(prediction, target)
    return loudness(prediction, fs) - loudness(target, fs)


def k_weighting(fs: float) -> NDArray[np.float64]:
    """The filter that hearing is put in its place by: a shelf of 4 dB above 1.7 kHz and a high-pass at 38 Hz, (2, 6).

    The numbers of the analogue filter are those that give the recommendation's coefficients at 48 kHz (De Man, 2014,
    "Evaluation of implementations of the EBU R128 loudness measurement", AES 137).
    """
    gain = 10 ** (3.999843853973347 / 20)
    tangent, quality = math.tan(math.pi * 1681.974450955533 / fs), 0.7071752369554196
    middle, square = gain**0.4996667741545416 * tangent / quality, tangent * tangent
    shelf = [gain + middle + square, 2 * (square - gain), gain - middle + square, *_poles(tangent, quality)]
    low = _poles(math.tan(math.pi * 38.13547087602444 / fs), 0.5003270373238773)
    return np.array([np.array(shelf) / shelf[3], [1.0, -2.0, 1.0, 1.0, low[1] / low[0], low[2] / low[0]]])


def _poles(tangent: float, quality: float) -> list[float]:
    square = tangent * tangent
    return [1 + tangent / quality + square, 2 * (square - 1), 1 - tangent / quality + square]


def _block_means(power: NDArray, fs: float) -> NDArray:
    length = round(BLOCK * fs)
    if len(power) < length:
        return np.array([power.mean()])
    sums = np.concatenate([[0.0], np.cumsum(power)])
    starts = np.arange(0, len(power) - length + 1, round((1 - OVERLAP) * length))
    return np.maximum(sums[starts + length] - sums[starts], 0.0) / length


def _lufs(power: NDArray | np.floating) -> NDArray:
    with np.errstate(divide="ignore"):
        return OFFSET + 10 * np.log10(power)
