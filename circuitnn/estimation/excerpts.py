"""Recordings of what went into a device and what came out: checked, and cut into the pieces that are fitted."""

import dataclasses
import math
from typing import final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuitnn.arguments import checked_rate
from circuitnn.audio.signals import checked_signal
from circuitnn.estimation.asked import SHORTEST
from circuitnn.estimation.circuit_runs import AT_ONCE
from circuitnn.estimation.playback import REACH as REACH
from circuitnn.estimation.playback import SIDE, in_band

QUIET = 1e-6  # of the power of the loudest excerpt: 60 dB below
STUCK = 3  # equal samples at the end of the scale in a row
MOST_STUCK = 0.1  # of a recording
BESIDE_STUCK = 2  # samples that a converter's filter spreads clipping over
HARMONICS = 20  # of the mains
RUN = 10  # pieces that follow each other, where what is slow is looked at


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Excerpts:
    """Equal pieces of two recordings, the right way up and put to each other to within a few samples.

    Attributes:
        source: (time,), x.
        first: (pieces,), the sample of x at which each piece begins to be heard; may be before there was any.
        length: samples that are heard of each: warm-up, SIDE, the piece, SIDE, and the model's latency.
        y: (pieces, time), zero where it is not to be looked at.
        keep: (pieces, time), ones and zeros.
        basis: (pieces, time, b): orthonormal, what is taken out of prediction and recording alike.
        start: (pieces,), of the first sample of y.
        before: samples of warm-up.
        runs: first piece, and how many follow each other without a gap.
        has_slow: whether the basis leaves what is slow, as it does without a high pass.
        middle: of the recording, samples.
        at_once: pieces that a circuit runs side by side.
    """

    source: NDArray
    first: NDArray
    length: int
    y: NDArray
    keep: NDArray
    basis: NDArray
    start: NDArray
    before: int
    runs: tuple[tuple[int, int], ...]
    has_slow: bool
    middle: float
    at_once: int

    @classmethod
    def of_windows(cls, x: NDArray, y: NDArray, basis: NDArray, before: int) -> "Excerpts":
        """Pieces that come from anywhere, all of them to be looked at.

        Args:
            x: (pieces, before + SIDE + time + SIDE + latency), volts.
            y: (pieces, time).
            basis: (pieces, time, b), orthonormal.
            before: samples of warm-up.
        """
        count, length = x.shape
        first = np.arange(count) * length
        return cls(
            source=x.ravel(),
            first=first,
            length=length,
            y=y,
            keep=np.ones(y.shape),
            basis=basis,
            start=first + before + SIDE,
            before=before,
            runs=tuple((k, 1) for k in range(count)),
            has_slow=False,
            middle=0.5 * x.size,
            at_once=count,
        )

    @property
    def x(self) -> NDArray:
        """(pieces, length), with zeros where there was no recording."""
        return self.windows(self.source)

    def with_latency(self, more: int) -> "Excerpts":
        """For a model whose output comes so many samples later."""
        return dataclasses.replace(self, length=self.length + more)

    def windows(self, signal: NDArray) -> NDArray:
        """Of something as long as x, (pieces, length)."""
        return windows(signal, self.first, self.length)


def windows(signal: NDArray, first: NDArray, length: int) -> NDArray:
    """Stretches (pieces, length) of a signal (time,), with zeros where there is none of it."""
    low = max(-int(first.min()), 0)
    high = max(int(first.max()) + length - len(signal), 0)
    padded = np.pad(signal, (low, high))
    return padded[(first + low)[:, None] + np.arange(length)]


@final
@dataclasses.dataclass(frozen=True)
class Recordings:
    """What `recordings` has found in order.

    Attributes:
        x: (time,), volts.
        y: (time,), volts.
        clipped_x: (time,), where samples are stuck at the end of the scale, or next to such.
        clipped_y: likewise.
        fs: Hz.
    """

    x: NDArray
    y: NDArray
    clipped_x: NDArray
    clipped_y: NDArray
    fs: float


def recordings(x: ArrayLike, y: ArrayLike, fs: float) -> Recordings:
    """Check two recordings.

    Raises:
        ValueError: for a rate that is not positive, signals that are not one channel of finite samples, of different
            lengths, too short, silent, or clipped for a tenth of their length.
    """
    checked_rate(fs, name="identify: fs")
    signals = {}
    for name, given in (("x", x), ("y", y)):
        signal = checked_signal(given, f"identify: {name}")
        if signal.ndim > 1 and signal.size != len(signal):
            raise ValueError(f"identify: {name}: one channel is wanted, got the shape {signal.shape}")
        signals[name] = signal.reshape(-1)
    played, heard = signals.values()
    if len(played) != len(heard):
        raise ValueError(
            f"identify: x has {len(played)} samples, y has {len(heard)}: recordings of one length and one sample rate "
            "are wanted (cut the longer one, or circuitnn.audio.resample)"
        )
    if len(played) < SHORTEST * fs:
        raise ValueError(f"identify: {len(played)} samples are too few: {SHORTEST:g} s at least, {SHORTEST * fs:.0f}")
    stuck = {}
    for name, signal in signals.items():
        if np.ptp(signal) == 0:
            raise ValueError(f"identify: {name} is silent")
        stuck[name] = is_clipped(signal)
        share = np.mean(stuck[name])
        if share > MOST_STUCK:
            raise ValueError(f"identify: {name} is clipped for {100 * share:.0f} % of its length: record it lower")
    return Recordings(played, heard, stuck["x"], stuck["y"], float(fs))


def is_clipped(signal: NDArray) -> NDArray:
    """(time,): samples stuck at the largest or the smallest value, at least `STUCK` in a row, and their neighbours."""
    found = np.zeros(len(signal), bool)
    for end in (signal.max(), signal.min()):
        at_end = signal == end
        edges = np.flatnonzero(np.diff(np.concatenate([[False], at_end, [False]]).astype(int)))
        for first, last in edges.reshape(-1, 2):
            if last - first >= STUCK:
                found[max(first - BESIDE_STUCK, 0) : last + BESIDE_STUCK] = True
    return found


def cut(
    signals: Recordings,
    delay: int,
    polarity: int,
    *,
    count: int,
    seconds: float,
    warmup: float,
    latency: int,
    high_pass: float | None,
    hum: float | None,
    in_runs: bool = False,
    at_once: int = AT_ONCE,
) -> Excerpts:
    """The loudest piece of each of `count` equal stretches, and the next loudest where a stretch is silent.

    Pieces before which x is clipped are left out: the device knew nothing of that.

    Args:
        signals: the recordings.
        delay: whole samples by which y is late.
        polarity: of y.
        count: how many at most.
        seconds: length of each.
        warmup: seconds of x before each.
        latency: samples by which the model's output comes late.
        high_pass: what lies below is taken out, Hz.
        hum: the mains' frequency, Hz, of which `HARMONICS` are taken out.
        in_runs: whether pieces shall follow each other, `RUN` at a time at least: the loudest runs then.
        at_once: pieces that a circuit runs side by side.

    Raises:
        ValueError: when no piece is left.
    """
    samples, fs = len(signals.x), signals.fs
    length = min(round(seconds * fs), samples - abs(delay))
    before = round(warmup * fs)
    # A recording that begins in the middle of the music does not say what state the device was in.
    first = max(delay, 0) + (before if samples - abs(delay) > before + 2 * length else 0)
    grid = np.arange(first, min(samples, samples + delay) - length + 1, length)
    loud = np.concatenate([[0.0], np.cumsum(signals.x**2)])
    bad = np.concatenate([[0], np.cumsum(signals.clipped_x)])
    played = np.clip(grid - delay, 0, samples - length)
    energy = loud[played + length] - loud[played]
    is_heard = bad[played + length] == bad[np.maximum(played - before, 0)]
    usable = (energy > QUIET * energy.max(initial=0.0)) & is_heard
    if not usable.any():
        raise ValueError("identify: no excerpt is left: x is clipped or silent everywhere")
    chosen = _runs(energy * is_heard, count) if in_runs else _loudest(np.where(usable, energy, 0.0), usable, count)
    start = grid[chosen]
    inside = start[:, None] + np.arange(length)
    keep = ~signals.clipped_y[inside] & is_heard[chosen][:, None]
    return Excerpts(
        source=signals.x,
        first=start - delay - before - SIDE,
        length=before + length + 2 * SIDE + latency,
        y=polarity * in_band(signals.y)[inside] * keep,
        keep=keep.astype(float),
        basis=_basis(keep, start, fs, high_pass, hum),
        start=start,
        before=before,
        runs=_following(start, length),
        has_slow=high_pass is None,
        middle=0.5 * samples,
        at_once=at_once,
    )


def loudest(energy: NDArray, count: int) -> NDArray:
    """Index of the largest of each of `count` equal stretches; fewer where there are fewer."""
    stretches = np.array_split(np.arange(len(energy)), count)
    return np.array([part[energy[part].argmax()] for part in stretches if len(part)], int)


def _loudest(energy: NDArray, usable: NDArray, count: int) -> NDArray:
    """Indices of the loudest one of each of so many stretches, or of others that are usable."""
    chosen = {int(k) for k in loudest(energy, count)}
    order = [*sorted(chosen, key=lambda k: -energy[k]), *(int(k) for k in np.argsort(-energy) if int(k) not in chosen)]
    return np.sort([k for k in order if usable[k]][:count])


def _runs(energy: NDArray, count: int) -> NDArray:
    """Indices of the loudest runs, or of everything where that is not more than `count`."""
    if len(energy) <= count:
        return np.arange(len(energy))
    several = max(count // RUN, 1)
    length = max(count // several, 1)
    starts = np.arange(0, len(energy) - length + 1, length)
    sums = np.add.reduceat(energy, starts)[: len(starts)]
    chosen = _loudest(sums, np.ones(len(sums), bool), several)
    return np.sort((starts[chosen][:, None] + np.arange(length)).ravel())


def _following(start: NDArray, length: int) -> tuple[tuple[int, int], ...]:
    edges = np.flatnonzero(np.diff(start) != length) + 1
    bounds = [0, *(int(k) for k in edges), len(start)]
    return tuple((a, b - a) for a, b in zip(bounds[:-1], bounds[1:], strict=True))


def _basis(keep: NDArray, start: NDArray, fs: float, high_pass: float | None, hum: float | None) -> NDArray:
    """Constant, cosines up to a frequency, and the mains': orthonormal where samples are kept."""
    length = keep.shape[1]
    time = np.arange(length)
    cosines = 0 if high_pass is None else math.floor(2 * high_pass * length / fs) + 1
    functions = [np.cos(np.pi * k * (time + 0.5) / length) for k in range(cosines)]
    mains = [] if hum is None else [k * hum for k in range(1, HARMONICS + 1) if k * hum < 0.5 * fs]
    functions += [wave(2 * np.pi * freq / fs * time) for freq in mains for wave in (np.sin, np.cos)]
    if not functions:
        return np.zeros((len(start), length, 1))
    found = np.zeros((len(start), length, len(functions)))
    for row, kept in zip(found, keep, strict=True):
        axes, sizes, _ = np.linalg.svd(kept[:, None] * np.stack(functions, -1), full_matrices=False)
        row[:] = axes * (sizes > 1e-6 * sizes[0])
    return found
