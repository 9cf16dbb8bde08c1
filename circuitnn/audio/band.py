"""A band beside the guitar, made up from a seed: bass, drums and pads, for devices that are not only for guitars."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from circuitnn.audio.signals import checked_rate
from circuitnn.audio.string import Pluck, pluck

_SCALE = (0, 3, 5, 7, 10)
_CHORDS = ((0, 7, 12, 16), (0, 7, 12, 15), (0, 5, 10, 15), (0, 4, 11, 14))
_HISS = -75.0  # dB: nothing that is played is ever silent
_LOWEST = 20.0  # hertz that are kept

Sound = tuple[float, NDArray[np.float64]]
"""The time at which something sounds, in seconds, and its samples."""


def bass(seconds: float, fs: int = 48_000, *, seed: int = 0) -> NDArray[np.float64]:
    """A bass line of plucked strings from E1 (41 Hz) on, with rests, ghost notes and slides of level.

    Args:
        seconds: length.
        fs: sample rate in hertz; the notes do not depend on it.
        seed: a whole number, not negative; another one is another line.

    Returns:
        (round(seconds * fs),), without a mean, the largest absolute sample 1.
    """
    return _played(_bass_line, 0, seconds, fs, seed)


def drums(seconds: float, fs: int = 48_000, *, seed: int = 0) -> NDArray[np.float64]:
    """Drums: a bar of sixteenths for kick, snare and cymbals, which changes from bar to bar.

    A kick is a sine whose frequency falls, a snare two modes and a burst of noise, a cymbal noise above 6 kHz: attacks
    of a millisecond, which compressors and limiters are made for.

    Args:
        seconds: length.
        fs: sample rate in hertz.
        seed: a whole number, not negative; another one is another pattern.

    Returns:
        (round(seconds * fs),), without a mean, the largest absolute sample 1.
    """
    return _played(_drum_bars, 1, seconds, fs, seed)


def pads(seconds: float, fs: int = 48_000, *, seed: int = 0) -> NDArray[np.float64]:
    """Pads: chords of detuned sawtooths (additive, without aliases) that swell and fade over seconds.

    Args:
        seconds: length.
        fs: sample rate in hertz.
        seed: a whole number, not negative; another one is other chords.

    Returns:
        (round(seconds * fs),), without a mean, the largest absolute sample 1.
    """
    return _played(_chords, 2, seconds, fs, seed)


def _played(
    player: Callable[[float, int, np.random.Generator], Iterator[Sound]], part: int, seconds: float, fs: int, seed: int
) -> NDArray[np.float64]:
    """All sounds together, high-passed, with hiss, the peak at 1."""
    rate = checked_rate(fs)
    samples = round(seconds * rate)
    generator = np.random.default_rng(np.random.SeedSequence(seed).spawn(6)[3 + part])
    signal = np.zeros(samples)
    for time, sound in player(seconds, rate, generator):
        start = int(time * rate)
        heard = sound[: max(samples - start, 0)]
        signal[start : start + len(heard)] += heard
    signal /= max(float(np.max(np.abs(signal), initial=0.0)), 1e-12)
    signal += 10 ** (_HISS / 20) * generator.standard_normal(samples)
    if samples:
        signal = sosfilt(butter(2, _LOWEST, "highpass", fs=rate, output="sos"), signal)
        signal -= np.mean(signal)
    return signal / max(float(np.max(np.abs(signal), initial=0.0)), 1e-12)


def _bass_line(seconds: float, fs: int, generator: np.random.Generator) -> Iterator[Sound]:
    beat, root = 60 / generator.uniform(70, 140), 28 + int(generator.integers(0, 8))
    time, degree = 0.02, 0
    while time < seconds:
        length = beat * float(generator.choice([0.5, 0.5, 1.0, 1.5]))
        if generator.random() < 0.12:
            time += length
            continue
        degree = int(np.clip(degree + generator.integers(-2, 3), 0, 9))
        note = root + 12 * (degree // 5) + _SCALE[degree % 5]
        is_ghost = generator.random() < 0.15
        event = Pluck(
            440 * 2 ** ((note - 69) / 12),
            max(length * (0.3 if is_ghost else 0.95), 0.05),
            generator.uniform(0.15, 0.4) if is_ghost else generator.uniform(0.5, 1.0),
            generator.uniform(2.0, 5.0),
            generator.uniform(0.3, 0.7),
            generator.uniform(0.12, 0.3),
        )
        yield time, pluck(event, fs, generator)
        time += length


def _drum_bars(seconds: float, fs: int, generator: np.random.Generator) -> Iterator[Sound]:
    step = 60 / generator.uniform(80, 140) / 4
    bar, time = np.zeros((3, 16), bool), 0.02
    while time < seconds:
        if generator.random() < 0.5 or not bar.any():
            bar = generator.random((3, 16)) < np.array([[0.2], [0.08], [0.55]])
            bar[0, [0, 8]] = bar[1, [4, 12]] = True
        for place in range(16):
            for kind, drum in enumerate((_kick, _snare, _cymbal)):
                if bar[kind, place]:
                    accent = 1.0 if place % 4 == 0 else generator.uniform(0.3, 0.9)
                    yield time + place * step, accent * drum(fs, generator)
        time += 16 * step


def _kick(fs: int, generator: np.random.Generator) -> NDArray[np.float64]:
    time = np.arange(int(0.35 * fs)) / fs
    low, fall = generator.uniform(45, 60), 0.035
    phase = 2 * np.pi * (low * time + 3 * low * fall * (1 - np.exp(-time / fall)))
    return np.sin(phase) * np.exp(-time / 0.09) * np.minimum(time / 0.001, 1)


def _snare(fs: int, generator: np.random.Generator) -> NDArray[np.float64]:
    time = np.arange(int(0.25 * fs)) / fs
    modes = sum(np.sin(2 * np.pi * f * time) for f in (generator.uniform(170, 200), generator.uniform(300, 350)))
    rattle = sosfilt(butter(2, 1_500.0, "highpass", fs=fs, output="sos"), generator.uniform(-1, 1, len(time)))
    return (0.3 * modes * np.exp(-time / 0.05) + 0.5 * rattle * np.exp(-time / 0.07)) * np.minimum(time / 0.001, 1)


def _cymbal(fs: int, generator: np.random.Generator) -> NDArray[np.float64]:
    is_open = generator.random() < 0.15
    time = np.arange(int((0.4 if is_open else 0.08) * fs)) / fs
    corner = min(6_000.0, 0.4 * fs)
    noise = sosfilt(butter(2, corner, "highpass", fs=fs, output="sos"), generator.uniform(-1, 1, len(time)))
    return 0.35 * noise * np.exp(-time / (0.12 if is_open else 0.02)) * np.minimum(time / 0.0005, 1)


def _chords(seconds: float, fs: int, generator: np.random.Generator) -> Iterator[Sound]:
    time = 0.02
    while time < seconds:
        length = generator.uniform(1.5, 4.0)
        root = 45 + int(generator.integers(0, 12))
        chord = _CHORDS[int(generator.integers(len(_CHORDS)))]
        level, rise = generator.uniform(0.4, 1.0), generator.uniform(0.05, 0.4) * length
        t = np.arange(int((length + 0.5) * fs)) / fs
        swell = np.minimum(t / rise, 1) * np.minimum((length + 0.5 - t) / 0.5, 1)
        bright = generator.uniform(4, 12)  # partial from which they fall faster
        yield time, level * swell * sum(_sawtooth(t, root + note, bright, fs, generator) for note in chord)
        time += length


def _sawtooth(
    t: NDArray, note: int, bright: float, fs: int, generator: np.random.Generator
) -> NDArray[np.float64] | float:
    """Partials 1 to 24 below 0.45 fs of a note a few cents out of tune."""
    frequency = 440 * 2 ** ((note - 69 + generator.normal(0, 0.05)) / 12)
    count = int(min(24, 0.45 * fs / frequency))
    start = generator.uniform(0, 2 * np.pi)
    rotor = np.exp(1j * (2 * np.pi * frequency * t + start))
    partial, total = np.ones_like(rotor), np.zeros_like(t)
    for k in range(1, count + 1):
        partial = partial * rotor
        total += partial.imag / (k * (1 + (k / bright) ** 2))
    return total
