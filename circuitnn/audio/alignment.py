"""How two recordings of one signal lie to each other: delay, polarity, gain, and how sure that is."""

import dataclasses
from typing import final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import oaconvolve

from circuitnn.audio.clock_drift import Drift, paced
from circuitnn.audio.errors import AudioError
from circuitnn.audio.signals import checked_signal
from circuitnn.numerics.fractional_delay import HALF, taps


class AlignmentWarning(UserWarning):
    """Recordings that do not lie to each other as they are said to, or whose clocks differ."""


@final
@dataclasses.dataclass(frozen=True)
class Alignment:
    """How a recording y lies to another one, x: ``y(t) = polarity gain x(t - delay)`` and what a linear filter adds.

    Attributes:
        delay_samples: by how much y is late; negative where it is early. Where the drift is corrected, at its start.
        polarity: 1, or -1 where y is upside down.
        gain: of y over x by least squares, without the sign; what a clipper takes off counts.
        standard_error: of the delay, samples; of one that was given or is that of an onset, zero.
        confidence: the share of y's power that a linear filter of x explains, from 0 to 1 (mean coherence).
        sharpness: the correlation's peak over the next highest one more than a millisecond away, at least 1.3; infinite
            where the delay was given.
        fs: sample rate, Hz.
        drift: of the clocks; None where the recording is too short to tell.
        corrects_drift: whether `apply` takes the drift out.
    """

    delay_samples: float
    polarity: int
    gain: float
    standard_error: float
    confidence: float
    sharpness: float
    fs: float
    drift: Drift | None = None
    corrects_drift: bool = False

    @property
    def delay(self) -> float:
        """Seconds."""
        return self.delay_samples / self.fs

    def apply(self, y: ArrayLike) -> NDArray[np.float64]:
        """The recording y moved to where x is, at its pace, and the right way up; its level is left as it is.

        Args:
            y: (time,) or (time, 1).

        Returns:
            As many samples, zero where there was no recording.

        Raises:
            AudioError: for a signal that is not one channel of finite samples.
        """
        signal = channel(y, "y")
        if self.corrects_drift and self.drift is not None:
            return self.polarity * paced(signal, self.delay_samples, 1e-6 * self.drift.ppm).reshape(np.shape(y))
        whole = round(self.delay_samples)
        moved = self.polarity * shifted(signal, whole)
        rest = self.delay_samples - whole
        if rest:
            moved = oaconvolve(moved, taps(-rest, np), mode="full")[HALF:-HALF]
        return moved.reshape(np.shape(y))

    def __str__(self) -> str:
        """One line."""
        pace = f", {self.drift.ppm:+.2f} ppm of drift" if self.corrects_drift and self.drift is not None else ""
        return (
            f"delay {self.delay_samples:+.3f} samples ({1e3 * self.delay:+.4f} ms) +- {self.standard_error:.2g}, "
            f"polarity {'inverted' if self.polarity < 0 else 'kept'}, gain {self.gain:.4g}, "
            f"coherence {self.confidence:.2f}{pace}"
        )

    __repr__ = __str__


def shifted(signal: NDArray, samples: int) -> NDArray:
    """Earlier by whole samples, with zeros where there is nothing: as long as before."""
    moved = np.zeros_like(signal)
    if samples >= 0:
        moved[: max(len(signal) - samples, 0)] = signal[samples:]
    else:
        moved[-samples:] = signal[:samples]
    return moved


def channel(signal: ArrayLike, name: str) -> NDArray[np.float64]:
    """One channel of finite samples, (time,).

    Raises:
        AudioError: for anything else; `name` begins the message.
    """
    samples = checked_signal(signal, name)
    if samples.ndim > 1 and samples.size != len(samples):
        raise AudioError(f"{name}: one channel is wanted, got the shape {samples.shape}")
    return samples.reshape(-1)
