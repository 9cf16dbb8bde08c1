"""What to play through a device that is to be learnt: clicks, silence, sweeps, bursts and music at several levels."""

import math
from collections.abc import Mapping
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from circuitnn.audio import AudioError, blips, guitar, noise_bursts, sweep
from circuitnn.audio.signals import checked_rate

CLICKS, CLICK_LEVEL = (0.5, 1.5), 0.9
AROUND = 0.05  # seconds beside a click that filters ring in
HEAD, REST = 2.0, 1.0  # seconds of the clicks, and of the silence behind them
SWEEP, SWEEPS, GAP = 2.0, (-30, -20, -10, -1), 0.25  # seconds of a sweep; dB of full scale; silence behind each
SWEEP_START, SWEEP_STOP = 20.0, 20_000.0  # hertz, as `circuitnn.audio.sweep` has them; 0.45 of lower rates
BURSTS, BURST_LEVEL = 4.0, -3
LEVELS, PHRASE, LOUDEST = (0, -12, -6, -18, -3, -9), 4.0, 0.9  # dB of phrases of music; seconds of one; peak of 0 dB
HELD = 0.12  # of the music, for each of validation and test
TAIL = 1.0  # seconds of silence at the end
SHORTEST, LONGEST = 30.0, 3600.0  # seconds
RATES = (8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000)  # that a signal may have had: its sweeps end by them
SAME = 0.95  # correlation with the sweep, of a signal that is this one


@final
class Layout(NamedTuple):
    """Where in a capture signal things are.

    Attributes:
        clicks: seconds at which they are.
        parts: "train", "validation" and "test", samples.
        noise: silence that only the device's and the recorder's noise is in, samples.
    """

    clicks: tuple[float, ...]
    parts: Mapping[str, slice]
    noise: slice


def signal(seconds: float = 120.0, fs: int = 48_000, *, seed: int = 0) -> NDArray[np.float64]:
    """A signal to play through a device: what comes back tells the latency, the noise and what the device does.

    Two clicks, silence, exponential sweeps at four levels, bursts of noise at many levels, and music (plucked strings)
    in phrases of 4 s at levels from 0 to -18 dB: a longer part to learn from, one to choose the weights by, one to test
    on, each with music of its own.

    Args:
        seconds: length, 30 or more.
        fs: sample rate in hertz.
        seed: of the music.

    Returns:
        (round(seconds * fs),), its peak 0.9 of full scale.

    Raises:
        AudioError: for another length, or a rate that is no positive whole number.
    """
    rate = checked_rate(fs)
    layout = _layout(_checked(seconds), rate)
    x = np.zeros(round(seconds * rate))
    head = CLICK_LEVEL * blips(rate)
    x[: len(head)] = head
    at = round((HEAD + REST) * rate)
    for level in SWEEPS:
        x[at : at + round(SWEEP * rate)] = _gain(level) * sweep(SWEEP, rate)
        at += round((SWEEP + GAP) * rate)
    bursts = noise_bursts(BURSTS, rate, seed=seed)
    x[at : at + len(bursts)] = _gain(BURST_LEVEL) * LOUDEST * bursts
    at += len(bursts)
    for number, (name, part) in enumerate(layout.parts.items()):
        start = at if name == "train" else part.start
        length = part.stop - start - (round(TAIL * rate) if name == "test" else 0)
        x[start : start + length] = _music(length, rate, 3 * seed + number)
    return x


def layout(x: NDArray, fs: float) -> Layout | None:
    """Where things are in a `signal`, at whatever level and rate it is now; None where x is something else.

    Args:
        x: (time,), what was played.
        fs: its sample rate, Hz.
    """
    if not SHORTEST <= len(x) / fs <= LONGEST + 1 or not float(fs).is_integer():
        return None
    head = np.abs(x[: round(HEAD * fs)])
    near = np.zeros(len(head), bool)
    for second in CLICKS:
        near[round((second - AROUND) * fs) : round((second + AROUND) * fs)] = True
    first, second = (head[near][: np.count_nonzero(near) // 2].max(), head[near][np.count_nonzero(near) // 2 :].max())
    if not (min(first, second) > 0.5 * max(first, second) > 0 and head[~near].max() < 0.02 * max(first, second)):
        return None
    return None if sweep_end(x, fs) is None else _layout(len(x) / fs, int(fs))


def sweeps_of(x: NDArray, fs: float) -> list[NDArray]:
    """The stretches of a signal in which a `signal` has its sweeps, from the softest on."""
    starts = [round((HEAD + REST + number * (SWEEP + GAP)) * fs) for number in range(len(SWEEPS))]
    return [x[start : start + round(SWEEP * fs)] for start in starts]


def sweep_end(x: NDArray, fs: float) -> float | None:
    """The frequency at which the sweeps of a `signal` end, hertz; None where x has none.

    That tells the rate at which it was made, which may be another one than it has now.
    """
    heard = sweeps_of(x, fs)[-1]
    time = np.arange(round(SWEEP * fs)) / fs
    if len(heard) < len(time):
        return None
    ends = [min(SWEEP_STOP, 0.45 * rate) for rate in (fs, *RATES)]
    # What is above half the rate is not there any more.
    alike = [
        _correlation(heard, np.sin(sweep_phase(time, end)) * (sweep_frequency(time, end) < 0.45 * fs)) for end in ends
    ]
    best = int(np.argmax(alike))
    return ends[best] if alike[best] > SAME else None


def sweep_phase(time: NDArray, end: float) -> NDArray:
    """Of a sweep that ends at a frequency (hertz), at seconds from its beginning, radians."""
    octaves = math.log(end / SWEEP_START)
    return 2 * np.pi * SWEEP_START * SWEEP / octaves * np.expm1(time / SWEEP * octaves)


def sweep_frequency(time: NDArray, end: float) -> NDArray:
    """Likewise, hertz."""
    return SWEEP_START * (end / SWEEP_START) ** (time / SWEEP)


def _correlation(a: NDArray, b: NDArray) -> float:
    norm = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / norm if norm else 0.0


def _layout(seconds: float, fs: int) -> Layout:
    before = HEAD + REST + len(SWEEPS) * (SWEEP + GAP) + BURSTS
    held = HELD * (seconds - before - TAIL)
    ends = [HEAD, seconds - TAIL - 2 * held, seconds - TAIL - held, seconds]
    train, validation, test = (slice(round(a * fs), round(b * fs)) for a, b in zip(ends[:-1], ends[1:], strict=True))
    noise = slice(round((HEAD + 0.25 * REST) * fs), round((HEAD + REST) * fs))
    return Layout(CLICKS, {"train": train, "validation": validation, "test": test}, noise)


def _music(samples: int, fs: int, seed: int) -> NDArray:
    """Phrases at different levels, faded over 20 ms from one to the next."""
    strings = guitar(samples / fs, fs, seed=seed)[:samples]
    length = round(PHRASE * fs)
    levels = np.array([_gain(level) for level in LEVELS])
    gains = levels[(np.arange(samples) // length) % len(levels)]
    fade = max(1, round(0.02 * fs))
    padded = np.pad(gains, fade, mode="edge")
    smooth = np.convolve(padded, np.ones(fade) / fade, "same")[fade:-fade]
    return LOUDEST * smooth * np.pad(strings, (0, samples - len(strings)))


def _gain(decibels: float) -> float:
    return 10 ** (decibels / 20)


def _checked(seconds: float) -> float:
    if not SHORTEST <= seconds <= LONGEST:  # false for NaN
        raise AudioError(f"a capture signal takes from {SHORTEST:g} to {LONGEST:g} s, got {seconds!r}")
    return float(seconds)
