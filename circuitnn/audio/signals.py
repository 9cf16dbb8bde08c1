"""What every function of this room asks of a signal and a sample rate."""

import operator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuitnn.audio.errors import AudioError
from circuitnn.samples import check_axes, check_kind


def checked_signal(x: ArrayLike, name: str) -> NDArray[np.float64]:
    """The signal as float64.

    Raises:
        AudioError: when it has no samples, is not of real floating-point numbers, has the channels before time, or has
            NaN or infinite samples; `name` begins the message.
    """
    try:
        signal = np.asarray(x)
    except ValueError as error:
        raise AudioError(f"{name}: not an array of samples: {error}") from error
    check_kind(name, signal.dtype, error=AudioError)
    if signal.ndim == 0 or signal.size == 0:
        raise AudioError(f"{name}: no samples (shape {signal.shape})")
    check_axes(name, signal.shape, AudioError)
    signal = signal.astype(np.float64, copy=False)
    bad = ~np.isfinite(signal)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        where = first[0] if signal.ndim == 1 else first
        raise AudioError(f"{name}: {np.count_nonzero(bad)} sample(s) are NaN or infinite, the first at index {where}")
    return signal


def checked_rate(fs: int, name: str = "fs") -> int:
    """The sample rate as an int, in hertz.

    Raises:
        AudioError: when it is not a positive whole number.
    """
    try:
        rate = operator.index(int(fs) if float(fs).is_integer() else fs)  # 48e3 is as good as 48000
    except (TypeError, ValueError, OverflowError):
        rate = 0
    if rate <= 0:
        raise AudioError(f"{name} must be a positive whole number of hertz, got {fs!r}")
    return rate
