"""One plucked string: the extended Karplus-Strong algorithm.

References:
    Karplus, Strong 1983, "Digital synthesis of plucked-string and drum timbres", Computer Music Journal 7 (2).
    Jaffe, Smith 1983, "Extensions of the Karplus-Strong plucked-string algorithm", ibid.: pick position, dynamics,
    decay, fine tuning.
"""

import dataclasses
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

PICKUP_POSITION = 0.16
"""Distance from the bridge to the pickup over the length of the open string."""


@final
@dataclasses.dataclass(frozen=True)
class Pluck:
    """How a string is plucked.

    Attributes:
        frequency: of the fundamental, in hertz.
        seconds: until the string is damped.
        velocity: 0 to 1: level, and brightness with it.
        decay: seconds until the fundamental has lost 60 dB.
        brightness: 0 (the high partials die at once: a palm mute) to 1 (a new steel string).
        pick: distance from the bridge to the pick over the length of the string.
    """

    frequency: float
    seconds: float
    velocity: float
    decay: float
    brightness: float
    pick: float


def pluck(event: Pluck, fs: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """The string's sound at the pickup, (time,), with the time until it is silent after it was damped.

    Args:
        event: how it is plucked.
        fs: sample rate in hertz.
        generator: of the noise burst that the pick leaves on the string, so that no two notes are the same.
    """
    # The loss filter and the interpolation have their taps around a whole number of samples.
    loop = _loop_filter(event, fs)
    period = fs / event.frequency
    whole = int(np.floor(period)) - 2
    samples = int(event.seconds * fs) + int(0.08 * fs)
    burst = _burst(event, fs, period, generator)
    string = _ring(burst[:samples], loop(period - whole), whole, samples)
    string = _delayed_difference(string, PICKUP_POSITION * period)
    return event.velocity * (string * _damping(samples, int(event.seconds * fs), fs) + _knock(samples, fs))


def _loop_filter(event: Pluck, fs: int):
    """Delay -> taps of loss and fractional delay together; the delay counts the loss filter's own sample."""
    gain = 10 ** (-3 / (event.decay * event.frequency))
    # (side, 1 - 2 side, side): a low pass of linear phase, so that losses do not detune the string. Its loss is one per
    # turn and grows with the square of frequency over rate: scaled, so that neither the note nor the rate changes how
    # fast the treble dies; above 0.25 it would no longer be a low pass.
    side = 0.25 * (1 - event.brightness) * min(1.0, 110.0 / event.frequency) * (fs / 48_000) ** 2 + 0.0005
    side = min(side, 0.25)
    loss = gain * np.array([side, 1 - 2 * side, side])

    def taps(delay: float) -> NDArray[np.float64]:
        return np.convolve(loss, _lagrange(delay - 1))

    return taps


def _lagrange(delay: float) -> NDArray[np.float64]:
    """Third-order interpolation for a delay between 1 and 2 samples, where its gain nowhere exceeds one."""
    points = np.arange(4)
    return np.array([np.prod([(delay - j) / (i - j) for j in points if j != i]) for i in points])


def _burst(event: Pluck, fs: int, period: float, generator: np.random.Generator) -> NDArray[np.float64]:
    """What the pick leaves on the string: one period of noise, softened by the dynamics, combed by the pick's place."""
    length = round(period)
    noise = generator.uniform(-1, 1, length)
    # The plucked shape is smooth: partials fall by 6 dB an octave, and the pick's width and speed take the highest.
    shape = lfilter([1.0], [1.0, -np.exp(-2 * np.pi * 120 / fs)], np.concatenate([noise, noise]))[length:]
    corner = 400 + 4000 * event.velocity * (0.3 + 0.7 * event.brightness)
    pole = np.exp(-2 * np.pi * corner / fs)
    shape = lfilter([1 - pole], [1.0, -pole], np.concatenate([shape, shape]))[length:]
    shape = shape - np.roll(shape, max(1, round(event.pick * period)))
    shape -= shape.mean()
    return shape / (np.sqrt(np.mean(shape**2)) + 1e-12)


def _ring(burst: NDArray, taps: NDArray, whole: int, samples: int) -> NDArray[np.float64]:
    """y[n] = burst[n] + sum_k taps[k] y[n - whole - k], a whole delay at a time: within it nothing feeds back."""
    past = whole + len(taps) - 1
    y = np.zeros(past + samples + whole)
    y[past : past + len(burst)] = burst
    for start in range(past, past + samples, whole):
        y[start : start + whole] += np.convolve(y[start - past : start], taps, mode="valid")
    return y[past : past + samples]


def _delayed_difference(y: NDArray, delay: float) -> NDArray[np.float64]:
    """y[n] - y[n - delay]: the wave passes the pickup on its way to the bridge and, turned over, on its way back."""
    whole = round(delay)
    difference = y.copy()
    difference[whole:] -= y[: len(y) - whole]
    return difference


def _damping(samples: int, release: int, fs: int) -> NDArray[np.float64]:
    envelope = np.ones(samples)
    envelope[release:] = np.exp(-np.arange(samples - release) / (0.012 * fs))
    envelope[release:] *= np.linspace(1, 0, samples - release)
    return envelope


def _knock(samples: int, fs: int) -> NDArray[np.float64]:
    """The hand that hits the body and moves all strings: real pickups have it some 20 dB below the note."""
    time = np.arange(min(samples, int(0.12 * fs))) / fs
    knock = np.zeros(samples)
    knock[: len(time)] = 0.5 * np.sin(2 * np.pi * 62 * time) * np.exp(-time / 0.025)
    return knock
