"""The rate of the bilinear transform, and what may be a sample rate."""

import math

import jax
import numpy as np


def checked_rate(fs: float) -> float:
    """A sample rate as a float.

    Raises:
        ValueError: for one that is no positive number, or traced.
    """
    if isinstance(fs, jax.core.Tracer) or np.ndim(fs) or not (math.isfinite(float(fs)) and float(fs) > 0):
        raise ValueError(f"fs must be a positive number of hertz, got {fs}")
    return float(fs)


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
