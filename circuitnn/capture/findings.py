"""What is wrong with two recordings, and what was done about it, in words."""

import dataclasses
import math
from collections.abc import Iterator
from typing import final

import numpy as np
from numpy.typing import NDArray

from circuitnn.audio.flaws import offsets, stuck

LOUD = 100.0  # of full scale, above which it is no sound as others are
QUIET = -40.0  # dB of full scale, below which a peak is said to be low
SILENT, LASTING = 1e-4, 0.1  # of the peak, and seconds of silence after which y has only noise
FEWEST = 0.05  # seconds of noise that tell its level
NOISY = 1e-3  # ESR that noise alone leaves: more is a doubt
SHORT = 10.0  # seconds


@final
@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that was found in recordings.

    Attributes:
        text: what it is and what was done about it.
        is_doubt: whether the recordings should rather be made again.
    """

    text: str
    is_doubt: bool = False

    def __str__(self) -> str:
        return self.text


def clipping(name: str, signal: NDArray) -> Iterator[Finding]:
    """Corners at the end of the scale."""
    corners = stuck([signal])
    if corners is not None:
        level, count, places = corners
        yield Finding(
            f"{name} is clipped: {count} of {len(signal)} samples, in {places} places, are stuck at {level:.4g}; a "
            "model would learn the converter's clipping: record it lower",
            is_doubt=True,
        )


def level(name: str, signal: NDArray) -> Iterator[Finding]:
    """A peak that is far below full scale, or above it."""
    largest = float(np.abs(signal).max())
    peak = 20 * math.log10(largest)
    if largest > LOUD:
        text = f"{name} goes up to {largest:.3g}, where full scale is 1: are these volts, or whole numbers?"
        yield Finding(text, is_doubt=True)
    if peak < QUIET:
        yield Finding(f"{name} is quiet: its peak is {peak:.1f} dB of full scale; record it louder", is_doubt=True)


def length(seconds: float) -> Iterator[Finding]:
    """Little to learn from."""
    if seconds < SHORT:
        yield Finding(f"only {seconds:.2g} s to learn from; a minute or more is better", is_doubt=True)


def without_offsets(
    x: NDArray, y: NDArray, names: tuple[str, str], fs: float
) -> tuple[NDArray, NDArray, list[Finding]]:
    """Both signals without what a recorder has added to them, and what that was."""
    signals, found = {"x": x, "y": y}, []
    for (key, offset, rms), name in (
        (each, names["xy".index(each[0])]) for each in offsets([(x[:, None], y[:, None])], fs)
    ):
        signals[key] = signals[key] - offset
        share = 100 * abs(offset) / rms
        found.append(Finding(f"{name} has an offset of {offset:.3g}, {share:.0f} % of its root mean square: taken out"))
    return signals["x"], signals["y"], found


def noise(x: NDArray, y: NDArray, name: str, fs: float) -> tuple[float | None, list[Finding]]:
    """The ESR that a recording's own noise leaves, heard where nothing was played for a while; None if it never was.

    Args:
        x: what was played, (time,).
        y: what was recorded, in step with it.
        name: of y.
        fs: sample rate, Hz.
    """
    wait = max(1, round(LASTING * fs))
    loud = np.abs(x) > SILENT * np.abs(x).max()
    # Samples since the last loud one.
    last = np.maximum.accumulate(np.where(loud, np.arange(len(x)), -1))
    quiet = (np.arange(len(x)) - last > wait) & (last >= 0)
    if np.count_nonzero(quiet) < FEWEST * fs:
        return None, []
    # The median of many short stretches: a capacitor that is still at rest's way, or a click, is no noise.
    stretch = max(16, round(0.01 * fs))
    heard = y[quiet]
    pieces = heard[: len(heard) // stretch * stretch].reshape(-1, stretch)
    power = float(np.median(pieces.var(axis=1))) if len(pieces) else float(heard.var())
    esr = power / float(np.mean(y**2))
    if esr < 1e-8:
        return esr, []
    text = f"{name} has noise {-10 * math.log10(esr):.0f} dB below the music: no model gets below an ESR of {esr:.1g}"
    return esr, [Finding(text, is_doubt=esr > NOISY)]
