"""How two recordings of one signal lie to each other: delay, polarity, gain, and how sure that is."""

import dataclasses
import math
from typing import NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.signal import oaconvolve

from circuitnn.audio.errors import AudioError
from circuitnn.audio.signals import checked_signal
from circuitnn.numerics.fractional_delay import HALF, taps

SHORT = 4096  # samples of a segment, once whole samples of delay are out of the way
MOST = 512  # segments that are looked at, the loudest
FEWEST = 8  # of the short ones: with fewer, noise too is coherent
AWAY = 0.001  # seconds from its peak a correlation has to be to count as another peak
LEAST = 1e-20  # of the power


@final
@dataclasses.dataclass(frozen=True)
class Alignment:
    """How a recording y lies to another one, x: ``y(t) = polarity gain x(t - delay)`` and what a linear filter adds.

    Attributes:
        delay_samples: by how much y is late; negative where it is early.
        polarity: 1, or -1 where y is upside down.
        gain: of y over x by least squares, without the sign; what a clipper takes off counts.
        standard_error: of the delay, samples.
        confidence: the share of y's power that a linear filter of x explains, from 0 to 1 (mean coherence).
        sharpness: the correlation's peak over the next highest one more than a millisecond away; near 1 the delay may
            be wrong by a period of the music.
        fs: sample rate, Hz.
    """

    delay_samples: float
    polarity: int
    gain: float
    standard_error: float
    confidence: float
    sharpness: float
    fs: float

    @property
    def delay(self) -> float:
        """Seconds."""
        return self.delay_samples / self.fs

    def apply(self, y: ArrayLike) -> NDArray[np.float64]:
        """The recording y moved to where x is, and the right way up; its level is left as it is.

        Args:
            y: (time,) or (time, 1).

        Returns:
            As many samples, zero where there was no recording.

        Raises:
            AudioError: for a signal that is not one channel of finite samples.
        """
        signal = _channel(y, "y")
        whole = round(self.delay_samples)
        moved = self.polarity * shifted(signal, whole)
        fraction = self.delay_samples - whole
        if fraction:
            moved = oaconvolve(moved, taps(-fraction, np), mode="full")[HALF:-HALF]
        return moved.reshape(np.shape(y))

    def __str__(self) -> str:
        """One line."""
        return (
            f"delay {self.delay_samples:+.3f} samples ({1e3 * self.delay:+.4f} ms) +- {self.standard_error:.2g}, "
            f"polarity {'inverted' if self.polarity < 0 else 'kept'}, gain {self.gain:.4g}, "
            f"coherence {self.confidence:.2f}"
        )

    __repr__ = __str__


def align(x: ArrayLike, y: ArrayLike, *, fs: float, max_delay: float = 0.05) -> Alignment:
    """Find delay, polarity and gain of a recording y against another one, x.

    The generalised cross-correlation with the maximum-likelihood weights of Hannan and Thomson, which counts each
    frequency by how well it is known: first whole samples within `max_delay`, then the fraction. The standard error is
    the Cramer-Rao bound for the coherence that was measured. A device between x and y adds its own delay to what is
    found; `circuitnn.train.identify` tells the two apart.

    Args:
        x: what was played, (time,) or (time, 1).
        y: what was recorded; the lengths may differ.
        fs: sample rate of both, Hz.
        max_delay: seconds, either way.

    Raises:
        AudioError: for signals that are silent, not finite, of more than one channel or too short for `max_delay`, and
            for a rate or a largest delay that is not positive.

    Source: Knapp and Carter 1976, The generalized correlation method for estimation of time delay; Carter 1987,
        Coherence and time delay estimation.
    """
    if not (math.isfinite(fs) and fs > 0):
        raise AudioError(f"align: fs must be a positive sample rate in Hz, got {fs!r}")
    if not (math.isfinite(max_delay) and max_delay > 0):
        raise AudioError(f"align: max_delay must be positive, in seconds, got {max_delay!r}")
    played, heard = _channel(x, "align: x"), _channel(y, "align: y")
    for name, signal in (("x", played), ("y", heard)):
        if np.ptp(signal) == 0:
            raise AudioError(f"align: {name} is silent")
    length = min(len(played), len(heard))
    reach = math.ceil(max_delay * fs)
    if length < max(2 * reach, 512):
        raise AudioError(
            f"align: {length} samples ({length / fs:.3f} s) are too few for delays up to {max_delay:g} s: twice that "
            "and 512 samples are needed"
        )
    played, heard = played[:length] - played[:length].mean(), heard[:length] - heard[:length].mean()
    long = 1 << max(8 * reach, SHORT).bit_length()
    correlation = _correlation(_spectra(played, heard, min(long, 1 << (length.bit_length() - 1)), 1), reach)
    lags = np.arange(-reach, reach + 1)
    peak = int(np.abs(correlation).argmax())
    others = np.abs(correlation)[np.abs(lags - lags[peak]) > AWAY * fs]
    sharpness = abs(correlation[peak]) / max(float(others.max(initial=0.0)), 1e-300)
    polarity = 1 if correlation[peak] > 0 else -1
    near = _spectra(played, shifted(heard, int(lags[peak])), SHORT, FEWEST)
    fraction, error = _fraction(near, polarity, length)
    turned = polarity * np.real(near.cross * np.exp(1j * near.omega * fraction))
    return Alignment(
        delay_samples=float(lags[peak] + fraction),
        polarity=polarity,
        gain=float(abs(turned.sum()) / near.x.sum()),
        standard_error=error,
        confidence=float(np.sum(near.coherence * near.y) / near.y.sum()),
        sharpness=float(sharpness),
        fs=float(fs),
    )


@final
class _Spectra(NamedTuple):
    """Averages over segments, (f,) each."""

    omega: NDArray  # rad a sample
    x: NDArray  # powers
    y: NDArray
    cross: NDArray
    coherence: NDArray  # magnitude squared, freed of what chance makes

    @property
    def weight(self) -> NDArray:
        """Hannan and Thomson's, of a phase's cosine; bounded, for a coherence of one is an estimate too."""
        return self.coherence / (1 - np.minimum(self.coherence, 0.999))


def _spectra(x: NDArray, y: NDArray, size: int, fewest: int) -> _Spectra:
    """Welch's method; segments are shorter where there would be fewer than `fewest`."""
    while size > 256 and (len(x) - size) // (size // 2) + 1 < fewest:
        size //= 2
    starts = np.arange(0, len(x) - size + 1, size // 2)
    power = np.concatenate([[0.0], np.cumsum(x * x)])
    loud = starts[np.argsort(power[starts] - power[starts + size], kind="stable")[:MOST]]
    window = np.hanning(size + 1)[:-1]
    sums = [np.zeros(size // 2 + 1), np.zeros(size // 2 + 1), np.zeros(size // 2 + 1, complex)]
    for start in loud:
        a, b = (np.fft.rfft(window * each[start : start + size]) for each in (x, y))
        for total, part in zip(sums, (np.abs(a) ** 2, np.abs(b) ** 2, np.conj(a) * b), strict=True):
            total += part
    of_x, of_y, cross = (each[1:] / len(loud) for each in sums)  # without zero hertz
    floor = LEAST * (of_x.max() * of_y.max()) + 1e-300
    chance = min(2 / (len(loud) + 1), 0.99) if len(loud) > 1 else 0.0  # segments overlap by a half
    coherence = np.clip((np.abs(cross) ** 2 / (of_x * of_y + floor) - chance) / (1 - chance), 0, 1)
    return _Spectra(2 * np.pi * np.arange(1, size // 2 + 1) / size, of_x, of_y, cross, coherence)


def _correlation(spectra: _Spectra, reach: int) -> NDArray:
    """At the lags from -reach to reach."""
    unit = spectra.cross / np.maximum(np.abs(spectra.cross), 1e-300)
    whole = np.fft.irfft(np.concatenate([[0], spectra.weight * unit]))
    return np.concatenate([whole[-reach:], whole[: reach + 1]])


def _fraction(spectra: _Spectra, polarity: int, length: int) -> tuple[float, float]:
    """Of a sample, and its standard error: the maximum of the correlation between the whole samples."""
    unit = polarity * spectra.cross / np.maximum(np.abs(spectra.cross), 1e-300)
    weighted = spectra.weight * unit

    def against(delay: float) -> float:
        return -float(np.sum(np.real(weighted * np.exp(1j * spectra.omega * delay))))

    best = min(np.linspace(-2, 2, 81), key=against)
    found = float(minimize_scalar(against, bounds=(best - 0.05, best + 0.05), options={"xatol": 1e-6}).x)
    step = spectra.omega[0] / (2 * np.pi)
    information = 2 * length * step * np.sum(spectra.omega**2 * spectra.weight)
    return found, float(1 / np.sqrt(max(information, 1e-300)))


def shifted(signal: NDArray, samples: int) -> NDArray:
    """Earlier by whole samples, with zeros where there is nothing: as long as before."""
    moved = np.zeros_like(signal)
    if samples >= 0:
        moved[: max(len(signal) - samples, 0)] = signal[samples:]
    else:
        moved[-samples:] = signal[:samples]
    return moved


def _channel(signal: ArrayLike, name: str) -> NDArray[np.float64]:
    found = checked_signal(signal, name)
    if found.ndim > 1 and found.size != len(found):
        raise AudioError(f"{name}: one channel is wanted, got the shape {found.shape}")
    return found.reshape(-1)
