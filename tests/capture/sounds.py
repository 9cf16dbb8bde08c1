"""A device that is quick: a low-pass in front of a soft clipper."""

import numpy as np
from scipy.signal import lfilter

FS = 8000


def played(seconds=3.0, seed=0, fs=FS):
    """Noise whose level changes."""
    noise = np.random.default_rng(seed).standard_normal(round(seconds * fs))
    envelope = 0.55 + 0.45 * np.sin(2 * np.pi * 1.7 * np.arange(len(noise)) / fs)
    return 0.2 * envelope * lfilter([0.4], [1, -0.6], noise)


def device(x, drive=4.0):
    return 0.5 * np.tanh(drive * lfilter([0.5], [1, -0.5], x))


def recorded(x, late=37, polarity=-1, noise=1e-3, seed=1, **device_options):
    """What comes back: late, upside down, noisy."""
    y = device(np.concatenate([np.zeros(late), x]), **device_options)
    return polarity * y + noise * np.random.default_rng(seed).standard_normal(len(y))
