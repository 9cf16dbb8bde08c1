"""A take: what went into a device and what came out of it, checked, in step and divided."""

import dataclasses
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Literal, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuitnn.arguments import checked_rate
from circuitnn.audio import Alignment, AlignmentWarning, AudioError, align
from circuitnn.audio.alignment import channel
from circuitnn.audio.flaws import EARLY, beyond, still
from circuitnn.capture import findings
from circuitnn.capture.faults import gaps, hum, slip
from circuitnn.capture.findings import Finding

TEST, VALIDATION = 0.1, 0.1  # of the take, at its end
LONGEST_TEST = 30.0  # seconds
SHORTEST, SHORTEST_PART = 1.0, 0.05  # seconds of a take, and of what is tested on
TAIL = 1.0  # seconds of silence at the end that stay
WIRE = 1e-9  # of the recording's energy, that is left by what was played, scaled
DRIFTED = 0.25  # of a sample from start to end, from which on two clocks are set to one pace
PARTS = ("train", "validation", "test")


class TakeError(ValueError):
    """Recordings that no model can be trained on; the message says which and why."""


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Take:
    """What was played and what came back, ready for training; made by `prepare`.

    Attributes:
        x: (time,), what went in.
        y: (time,), what came out, in step with x and the right way up.
        fs: sample rate, Hz.
        parts: "train", "validation" and "test": where in time each is.
        alignment: how the recording lay; None where that was known.
        findings: what was found, in the order of the checks.
        noise: the ESR that the recording's own noise leaves; None where it cannot be heard.
        volts: what 1.0 of x and of y is in volts, or None.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    fs: float
    parts: Mapping[str, slice]
    alignment: Alignment | None
    findings: tuple[Finding, ...]
    noise: float | None = None
    volts: tuple[float, float] | None = None

    def __str__(self) -> str:
        spans = (f"{name} {(part.stop - part.start) / self.fs:.1f} s" for name, part in self.parts.items())
        return f"{len(self.x) / self.fs:.1f} s at {self.fs:g} Hz: {', '.join(spans)}"


def prepare(
    x: ArrayLike,
    y: ArrayLike,
    *,
    fs: float,
    names: tuple[str, str] = ("x", "y"),
    latency: float | None = None,
    blips: Sequence[float] | None = None,
    polarity: Literal["turn", "keep"] = "turn",
    test: float | None = None,
    validation: float | None = None,
    parts: Mapping[str, slice] | None = None,
    volts: tuple[float, float] | None = None,
) -> Take:
    """Check what was played and what was recorded, put both in step and divide them by time.

    Looked for are silence, clipping, low levels, offsets (taken out), noise, clocks that differ (set to one pace), and
    recordings that have nothing to do with each other. The delay is a whole number of samples and not more than to the
    first sample that the device answers to, so that a causal model can follow it.

    Args:
        x: what was played, (time,).
        y: what was recorded; the lengths may differ.
        fs: sample rate of both, Hz.
        names: of both in messages: those of the files.
        latency: by how many samples y is late, where that is known.
        blips: seconds of x at which there are clicks that tell the delay.
        polarity: "turn" turns a recording over that is upside down, "keep" leaves it as it is.
        test: seconds at the end that nothing is learnt from; a tenth when None, 30 s at most.
        validation: seconds before them that choose the weights that are kept; a tenth when None, likewise.
        parts: where in x each part is, in the place of both; it is known of `signal`.
        volts: what 1.0 of x and of y is in volts.

    Raises:
        TakeError: for silence, for recordings of different things, of less than a second, or where y is x itself.
        AudioError: for signals that are not one channel of finite samples.
    """
    checked_rate(fs)
    played, heard = channel(x, names[0]), channel(y, names[1])
    for name, signal in zip(names, (played, heard), strict=True):
        if words := beyond(signal):
            raise TakeError(f"{name}: {words}")
    short = min(len(played), len(heard))
    if short < SHORTEST * fs:
        which = names[int(len(heard) == short)] if len(played) != len(heard) else " and ".join(names)
        raise TakeError(f"{which}: {short / fs:.2g} s are too short: {SHORTEST:g} s or more are needed")
    for name, signal in zip(names, (played, heard), strict=True):
        if words := still(signal):
            raise TakeError(f"{name}: {words}")
    found = [each for name, s in zip(names, (played, heard), strict=True) for each in findings.level(name, s)]
    found += [each for name, s in zip(names, (played, heard), strict=True) for each in findings.clipping(name, s)]
    alignment, drift = _aligned(played, heard, fs, names, latency, blips)
    found += drift
    there, heard = len(heard), alignment.apply(heard)
    if alignment.polarity < 0:
        if polarity == "keep":
            heard = -heard
        what = "left so" if polarity == "keep" else "turned over"
        found.append(Finding(f"{names[1]} is upside down against {names[0]}: {what}"))
    # In x, where there is a recording.
    start = max(0, math.ceil(-alignment.delay_samples))
    stop = min(len(played), there - math.ceil(alignment.delay_samples), there)
    if parts is None:
        stop, others = _without_tail(played, stop, names, fs)
        found += others
    played, heard = played[:stop], heard[:stop]
    played, heard, others = findings.without_offsets(played, heard, names, fs)
    found += others
    for look in (gaps, slip, hum):
        found += look(played[start:], heard[start:], names[1], fs)
    noise, others = findings.noise(played, heard, names[1], fs)
    found += others
    _check_not_a_wire(played[start:], heard[start:], names)
    parts = _parts(len(played), fs, test, validation) if parts is None else _cut(parts, len(played))
    found += findings.length((parts["train"].stop - parts["train"].start) / fs)
    _check_heard(heard, parts, names[1], fs)
    return Take(played, heard, fs, parts, alignment, tuple(found), noise, volts)


def _aligned(
    x: NDArray, y: NDArray, fs: float, names: tuple[str, str], latency: float | None, blips: Sequence[float] | None
) -> tuple[Alignment, list[Finding]]:
    how = {"latency": latency} if latency is not None else {"blips": blips} if blips is not None else {"causal": True}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AlignmentWarning)
            try:
                alignment = align(x, y, fs=fs, **how)  # type: ignore[arg-type]
            except AudioError as problem:
                is_drift = "two clocks" in str(problem)
                if not (is_drift or "blips" in how):
                    raise
                how = {"causal": True}
                alignment = align(x, y, fs=fs, causal=True, correct_drift=is_drift)
            clocks = alignment.drift
            differ = clocks is not None and clocks.is_there and abs(clocks.end - clocks.start) > DRIFTED
            if differ and latency is None and not alignment.corrects_drift:
                alignment = align(x, y, fs=fs, causal=True, correct_drift=True)
    except ValueError as problem:
        words, asks, _ = str(problem).removeprefix("align: ").partition(". Are they")
        words += (
            ". Is it the right file, at its own rate? Of music that repeats itself, say the latency" if asks else ""
        )
        if latency is not None:
            raise TakeError(f"{names[1]}: {words}") from None
        raise TakeError(f"{names[1]} does not look like a recording of {names[0]}: {words}") from None
    count = abs(alignment.delay_samples)
    by = f"{count:g} sample{'s' * (count != 1)} ({1e3 * abs(alignment.delay):.4g} ms)"
    late = f"{names[1]} is {by} {'late' if alignment.delay_samples > 0 else 'early'}"
    if latency is None and alignment.delay < -EARLY:
        raise TakeError(
            f"{late} against {names[0]}, which it cannot be: are the two in the wrong order? If not, say the latency"
        )
    said = {
        "latency": "as said",
        "blips": "by its clicks",
        "causal": "the first sample that it answers to, or one before",
    }
    found = [Finding(f"{late}, {said[next(iter(how))]}: moved into step")] if alignment.delay_samples else []
    if differ and clocks is not None:
        pace = (
            f"the clocks of player and recorder differ by {clocks.ppm:+.2f} ppm ({abs(clocks.end - clocks.start):.1f} "
        )
        done = "left so, as the latency was said" if latency is not None else "set to one pace"
        found.append(Finding(f"{pace}samples from start to end): {done}", is_doubt=latency is not None))
    return alignment, found


def _without_tail(x: NDArray, stop: int, names: tuple[str, str], fs: float) -> tuple[int, list[Finding]]:
    """Where the music ends: of long silence behind it there is nothing to learn, and nothing to test on."""
    loud = np.flatnonzero(np.abs(x[:stop]) > findings.SILENT * np.abs(x).max())
    end = min(stop, int(loud[-1]) + 1 + round(TAIL * fs))
    if stop - end < TAIL * fs:
        return stop, []
    return end, [Finding(f"{names[0]} ends in {(stop - end) / fs:.1f} s of silence: cut off")]


def _check_not_a_wire(x: NDArray, y: NDArray, names: tuple[str, str]) -> None:
    gain = float(x @ y) / float(x @ x)
    left = y - gain * x
    if float(left @ left) < WIRE * float(y @ y):
        raise TakeError(f"{names[1]} is {names[0]} itself, times {gain:.4g}: there is nothing to learn")


def _parts(samples: int, fs: float, test: float | None, validation: float | None) -> dict[str, slice]:
    def wanted(seconds: float | None, share: float, name: str) -> int:
        if seconds is None:
            return min(round(share * samples), round(LONGEST_TEST * fs))
        if not (math.isfinite(seconds) and SHORTEST_PART <= seconds < samples / fs):
            raise TakeError(
                f"{name}: has to be {SHORTEST_PART:g} s or more and less than the {samples / fs:.3g} s there are"
            )
        return round(seconds * fs)

    last = samples - wanted(test, TEST, "test")
    first = last - wanted(validation, VALIDATION, "validation")
    if first < SHORTEST * fs / 2:
        raise TakeError(f"test and validation leave {max(first, 0) / fs:.3g} s of {samples / fs:.3g} s to learn from")
    return {"train": slice(0, first), "validation": slice(first, last), "test": slice(last, samples)}


def _cut(parts: Mapping[str, slice], samples: int) -> dict[str, slice]:
    if set(parts) != set(PARTS) or any(part.start >= min(part.stop, samples) for part in parts.values()):
        raise TakeError(f"of {', '.join(PARTS)} each has to have a part of the {samples} samples, got {dict(parts)}")
    return {name: slice(part.start, min(part.stop, samples)) for name, part in parts.items()}


def _check_heard(y: NDArray, parts: Mapping[str, slice], name: str, fs: float) -> None:
    peak = np.abs(y).max()
    for part, where in parts.items():
        if np.abs(y[where]).max() < 1e-4 * peak:
            span = f"{where.start / fs:.1f} to {where.stop / fs:.1f} s"
            raise TakeError(
                f"{name}: is silent from {span}, which is the {part} part: cut that off, or divide otherwise"
            )
