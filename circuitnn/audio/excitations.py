"""The built-in excitation: what models are trained and measured on where no recording is given."""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from circuitnn.audio.errors import AudioError
from circuitnn.audio.signals import checked_rate
from circuitnn.audio.strummed import guitar

SHARES = {"guitar": 0.8, "sweep": 0.1, "noise": 0.1}
"""How the time of an `excitation` is divided, in this order."""

BESIDE = 0.25
"""Level of sweep and noise beside the strings."""

PICKUP = 2_000.0
"""Corner in hertz of the second-order low-pass that sweep and noise go through in an `excitation`."""


def excitation(seconds: float, fs: int = 48_000, *, seed: int = 0) -> NDArray[np.float64]:
    """A test signal in three parts: 80 % plucked strings, 10 % exponential sine sweep, 10 % noise bursts.

    The strings (`guitar`) are chords, lines, palm mutes and arpeggios with dynamics and rests; the sweep (`sweep`) goes
    from 20 Hz to 20 kHz; the bursts (`noise_bursts`) have random levels, lengths and colours. Both are 12 dB below full
    scale and fall off above 2 kHz as a pickup's signal does: what no guitar sends decides no comparison. All of it
    comes from the seed: the same seed and rate give the same samples, another seed gives other music.

    Args:
        seconds: length.
        fs: sample rate in hertz.
        seed: a whole number, not negative. Take different ones for training, validation and test.

    Returns:
        (round(seconds * fs),) in full scale: the largest absolute sample is 1.

    Raises:
        AudioError: when the length is not positive and finite, or the rate is not a positive whole number.
    """
    rate = checked_rate(fs)
    samples = _length(seconds, rate)
    at = np.cumsum([0, *(round(share * samples) for share in SHARES.values())])
    at[-1] = samples
    lengths = np.diff(at) / rate
    parts = (
        guitar(lengths[0], rate, seed=seed),
        BESIDE * _pickup(sweep(lengths[1], rate), rate),
        BESIDE * _pickup(noise_bursts(lengths[2], rate, seed=seed), rate),
    )
    signal = np.concatenate(parts)
    return signal / max(float(np.max(np.abs(signal))), 1e-12)


def sweep(seconds: float, fs: int = 48_000, *, start: float = 20.0, stop: float = 20_000.0) -> NDArray[np.float64]:
    """An exponential sine sweep (Farina 2000) of amplitude 1, faded in and out over 5 ms.

    Args:
        seconds: length.
        fs: sample rate in hertz.
        start: first frequency in hertz.
        stop: last frequency in hertz; 0.45 fs where that is lower.

    Returns:
        (round(seconds * fs),).
    """
    rate = checked_rate(fs)
    time = np.arange(round(seconds * rate)) / rate
    octaves = math.log(min(stop, 0.45 * rate) / start)
    phase = 2 * np.pi * start * seconds / octaves * np.expm1(time / seconds * octaves) if seconds > 0 else time
    return np.sin(phase) * _faded(len(time), rate)


def noise_bursts(seconds: float, fs: int = 48_000, *, seed: int = 0) -> NDArray[np.float64]:
    """Bursts of noise of 20 to 200 ms with levels from -30 to 0 dB and corners from 500 Hz to 16 kHz, rests between.

    Args:
        seconds: length.
        fs: sample rate in hertz.
        seed: a whole number, not negative.

    Returns:
        (round(seconds * fs),), between -1 and 1.
    """
    rate = checked_rate(fs)
    generator = np.random.default_rng(np.random.SeedSequence(seed).spawn(3)[2])
    samples = round(seconds * rate)
    signal = np.zeros(samples)
    position = 0
    while position < samples:
        length = int(generator.uniform(0.02, 0.2) * rate)
        corner = min(500 * 2 ** generator.uniform(0, 5), 0.45 * rate)
        burst = sosfilt(butter(2, corner, fs=rate, output="sos"), generator.uniform(-1, 1, length))
        burst *= 10 ** (generator.uniform(-30, 0) / 20) / max(float(np.max(np.abs(burst), initial=0.0)), 1e-12)
        part = (burst * _faded(length, rate))[: samples - position]
        signal[position : position + len(part)] = part
        position += length + int(generator.uniform(0.0, 0.1) * rate)
    return signal


def rising_noise(
    seconds: float, fs: int = 48_000, *, seed: int = 0, law: Literal["linear", "logarithmic"] = "linear"
) -> NDArray[np.float64]:
    """White noise whose level rises from nothing to full scale: every level of a device, in order.

    Args:
        seconds: length.
        fs: sample rate in hertz.
        seed: a whole number, not negative.
        law: of the level: "linear" in time, or "logarithmic" from -60 dB on.

    Returns:
        (round(seconds * fs),), uniform noise under that envelope, without a mean, the largest absolute sample 1.

    Raises:
        ValueError: for another law.

    Source: Simionato, Fasciani 2025, "Comparative study of state-based neural networks for virtual analog audio effects
    modeling", arXiv:2405.04124, whose recordings have both.
    """
    if law not in ("linear", "logarithmic"):
        raise ValueError(f'law must be "linear" or "logarithmic", got {law!r}')
    rate = checked_rate(fs)
    generator = np.random.default_rng(np.random.SeedSequence(seed).spawn(7)[6])
    samples = round(seconds * rate)
    share = (np.arange(samples) + 1) / max(samples, 1)
    level = share if law == "linear" else 10 ** (3 * (share - 1))
    signal = generator.uniform(-1, 1, samples)
    signal = level * (signal - np.mean(signal)) if samples else signal
    # The mean of what is left goes where it is loud, so that the soft beginning stays soft.
    signal -= level * np.sum(signal) / max(float(np.sum(level)), 1e-12)
    return signal / max(float(np.max(np.abs(signal), initial=0.0)), 1e-12)


def blips(fs: int = 48_000) -> NDArray[np.float64]:
    """Two seconds of silence with clicks of one sample and full scale at 0.5 s and 1.5 s, to put before what is played.

    ``align(x, y, fs=fs, blips=(0.5, 1.5))`` finds the latency of a recording by them.

    Args:
        fs: sample rate in hertz.

    Returns:
        (2 fs,).
    """
    rate = checked_rate(fs)
    signal = np.zeros(2 * rate)
    signal[[rate // 2, rate + rate // 2]] = 1.0
    return signal


def _pickup(x: NDArray[np.float64], fs: int) -> NDArray[np.float64]:
    return sosfilt(butter(2, min(PICKUP, 0.45 * fs), fs=fs, output="sos"), x) if len(x) else x


def _length(seconds: float, fs: int) -> int:
    if not (math.isfinite(seconds) and round(seconds * fs) > 0):
        raise AudioError(f"the length must be positive and finite, got {seconds!r} s at {fs} Hz")
    return round(seconds * fs)


def _faded(samples: int, fs: int) -> NDArray[np.float64]:
    """Ones with raised-cosine ends of 5 ms, or of half the length where that is shorter."""
    edge = min(int(0.005 * fs), samples // 2)
    window = np.ones(samples)
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(edge) / max(edge, 1))
    window[:edge], window[samples - edge :] = ramp, ramp[::-1]
    return window
