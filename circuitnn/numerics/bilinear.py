"""The rate of the bilinear transform."""

import math

import jax
import numpy as np

from circuitnn.arguments import checked_rate


def bilinear_rate(fs: float, prewarp: float | None) -> float:
    """What ``(z - 1)/(z + 1)`` is multiplied by, 1/s.

    Args:
        fs: sample rate, Hz.
        prewarp: a frequency in Hz, below fs/2, at which the response stays as it is; zero when None.

    Raises:
        ValueError: for a sample rate that is not positive, and a frequency that is not between zero and fs/2.
    """
    fs = checked_rate(fs)
    if prewarp is None:
        return 2 * fs
    if isinstance(prewarp, jax.core.Tracer) or np.ndim(prewarp) or not 0 < float(prewarp) < fs / 2:
        raise ValueError(f"prewarp must be a frequency between 0 and fs/2 = {fs / 2}, got {prewarp}")
    return 2 * math.pi * float(prewarp) / math.tan(math.pi * float(prewarp) / fs)
