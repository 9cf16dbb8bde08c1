"""Music for one electric guitar, made up from a seed: strummed chords, lines, chugs and arpeggios with rests."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.signal import bilinear, lfilter

from circuitnn.audio.string import Pluck, pluck

OPEN_STRINGS = (40, 45, 50, 55, 59, 64)
"""MIDI notes of the open strings, E2 to E4."""

_MAJOR, _MINOR, _FIFTH = (0, 7, 12, 16, 19, 24), (0, 7, 12, 15, 19, 24), (0, 7, 12)
_SCALE = (0, 3, 5, 7, 10)

Note = tuple[float, Pluck]
"""The time at which a string is plucked, in seconds, and how."""


def guitar(seconds: float, fs: int, *, seed: int) -> NDArray[np.float64]:
    """A guitar part as it leaves the instrument, (time,), the peak at 1.

    Args:
        seconds: length.
        fs: sample rate in hertz; the notes do not depend on it.
        seed: another seed is other music.
    """
    score, noise = (np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(2))
    samples = round(seconds * fs)
    signal = np.zeros(samples + fs)
    for time, event in _score(seconds, score):
        start = int(time * fs)
        sound = pluck(event, fs, noise)[: samples - start]
        signal[start : start + len(sound)] += sound
    signal = _pickup(signal[:samples], fs)
    # A real instrument is never silent: hum and hiss, 75 dB below the peak.
    signal += 10 ** (-75 / 20) * noise.standard_normal(samples)
    return signal / max(float(np.max(np.abs(signal))), 1e-12)


def _score(seconds: float, generator: np.random.Generator) -> Iterator[Note]:
    """Phrases of one to four seconds, one in six followed by a rest, until the time is over."""
    beat = 60 / generator.uniform(80, 150)
    key = int(generator.integers(0, 12))
    time = generator.uniform(0.02, 0.15)
    while time < seconds:
        phrase = _PHRASES[generator.choice(len(_PHRASES), p=_SHARES)]
        level = generator.uniform(0.25, 1.0)
        end = time
        for start, event in phrase(time, beat, key, level, generator):
            end = max(end, start + event.seconds)
            if start < seconds:
                yield start, event
        time = end + (generator.uniform(0.2, 0.9) if generator.random() < 1 / 6 else 0.0)


def _chords(time: float, beat: float, key: int, level: float, generator: np.random.Generator) -> Iterator[Note]:
    """Strummed down or up, the strings milliseconds apart."""
    for _ in range(int(generator.integers(1, 4))):
        shape = (_MAJOR, _MINOR)[int(generator.integers(2))]
        root = 40 + (key + int(generator.choice([0, 3, 5, 7, 10]))) % 12
        strings = shape[: int(generator.integers(4, 7))]
        length = beat * float(generator.choice([1, 2, 2, 4]))
        spread = generator.uniform(0.004, 0.022)
        order = range(len(strings)) if generator.random() < 0.7 else reversed(range(len(strings)))
        ring = generator.uniform(3, 8)
        for turn, string in enumerate(order):
            velocity = level * generator.uniform(0.7, 1.0) * 0.7
            event = _event(root + strings[string], length - turn * spread, velocity, ring, 0.8, generator)
            yield time + turn * spread, event
        time += length


def _line(time: float, beat: float, key: int, level: float, generator: np.random.Generator) -> Iterator[Note]:
    """Single notes that walk on a pentatonic scale."""
    degree = int(generator.integers(0, 10))
    for _ in range(int(generator.integers(3, 9))):
        degree = int(np.clip(degree + generator.integers(-2, 3), 0, 14))
        note = 45 + key % 7 + 12 * (degree // 5) + _SCALE[degree % 5]
        length = beat * float(generator.choice([0.5, 0.5, 1.0, 1.5]))
        velocity = level * generator.uniform(0.6, 1.0)
        yield time, _event(note, 0.97 * length, velocity, generator.uniform(2, 6), 0.8, generator)
        time += length


def _chugs(time: float, beat: float, key: int, level: float, generator: np.random.Generator) -> Iterator[Note]:
    """Palm-muted fifths on the low strings, some of them let ring."""
    root = 40 + key % 8
    for _ in range(int(generator.integers(4, 13))):
        is_open = generator.random() < 0.25
        length = beat * (1.0 if is_open else 0.5)
        accent = level * (1.0 if is_open else generator.uniform(0.6, 0.95))
        ring, brightness = (4.0, 0.75) if is_open else (generator.uniform(0.25, 0.6), 0.3)
        for turn, interval in enumerate(_FIFTH[: int(generator.integers(1, 4))]):
            event = _event(root + interval, 0.95 * length, 0.8 * accent, ring, brightness, generator)
            yield time + 0.003 * turn, event
        time += length


def _arpeggio(time: float, beat: float, key: int, level: float, generator: np.random.Generator) -> Iterator[Note]:
    """The notes of a chord one after the other, all of them ringing to the end."""
    shape = (_MAJOR, _MINOR)[int(generator.integers(2))]
    root = 40 + (key + int(generator.choice([0, 5, 7]))) % 12
    steps = generator.permutation(6)[: int(generator.integers(4, 7))]
    end = time + 0.5 * beat * (len(steps) + 2)
    for step in steps:
        velocity = 0.8 * level * generator.uniform(0.6, 1.0)
        yield time, _event(root + shape[int(step)], end - time, velocity, generator.uniform(3, 7), 0.8, generator)
        time += 0.5 * beat


_PHRASES: tuple[Callable[..., Iterator[Note]], ...] = (_chords, _line, _chugs, _arpeggio)
_SHARES = (0.3, 0.3, 0.25, 0.15)


def _event(
    note: int, seconds: float, velocity: float, decay: float, brightness: float, generator: np.random.Generator
) -> Pluck:
    """A pluck a few cents out of tune, somewhere between bridge and neck."""
    frequency = 440 * 2 ** ((note - 69 + generator.normal(0, 0.03)) / 12)
    pick = generator.uniform(0.06, 0.3)
    return Pluck(frequency, max(seconds, 0.05), velocity, decay, brightness, pick)


def _pickup(signal: NDArray, fs: int) -> NDArray[np.float64]:
    """The resonance of the pickup with its cable at 3.2 kHz, and no direct current, as a coil gives none."""
    resonance, quality, corner = 2 * np.pi * 3200, 1.3, 2 * np.pi * 45
    low_pass = bilinear([resonance**2], [1, resonance / quality, resonance**2], fs)
    high_pass = bilinear([1, 0], [1, corner], fs)
    signal = lfilter(*high_pass, lfilter(*low_pass, signal))
    return signal / max(float(np.max(np.abs(signal), initial=0.0)), 1e-12)
