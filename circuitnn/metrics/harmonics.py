"""What a model makes of a sine: its harmonics, and what is no harmonic.

The output is fitted, by least squares, with a constant and all the harmonics below half the sample rate. So the
fundamental need not fall on a bin of a discrete Fourier transform, and there is no window whose leakage would hide what
is between the harmonics. Give the steady state only: a transient at the start is no harmonic.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_toeplitz
from scipy.optimize import brentq
from scipy.signal import get_window

from circuitnn.metrics.signals import ratio


def harmonic_levels(
    y: ArrayLike, f0: float, *, fs: float, count: int | None = None, reference: float | None = None
) -> NDArray[np.float64]:
    """The levels of the fundamental and its harmonics, in dB.

    Args:
        y: (time,) or (time, 1), the steady answer to a sine; two periods or more.
        f0: frequency of the sine in hertz, see `fundamental` where it is not known exactly.
        fs: sample rate in hertz.
        count: how many, the fundamental included; all below fs / 2 by default.
        reference: the amplitude (peak, in the signal's unit) that has 0 dB; by default that of the fundamental.

    Returns:
        (count,) decibels, the fundamental first; minus infinity for a harmonic that is not there, NaN where y has NaN
        or, without a reference, no fundamental.

    Raises:
        ValueError: when y has another shape or fewer than two periods, f0 is not between 0 and fs / 2, or count is not
            between 1 and the number of harmonics below fs / 2.
    """
    amplitudes = _amplitudes(y, f0, fs, count)
    reference = amplitudes[0] if reference is None else reference
    with np.errstate(divide="ignore", invalid="ignore"):
        return 20 * np.log10(amplitudes / reference)


def thd(y: ArrayLike, f0: float, *, fs: float, count: int | None = None) -> float:
    """Total harmonic distortion: the root of the energy of the overtones over that of the fundamental.

    This is the definition by the fundamental (IEEE; Shmilovitz 2005, "On the definition of total harmonic distortion
    and its effect on measurement interpretation", IEEE Trans. Power Delivery 20): it can exceed 1. Noise and aliases do
    not count.

    Args:
        y: (time,) or (time, 1), the steady answer to a sine; two periods or more.
        f0: frequency of the sine in hertz.
        fs: sample rate in hertz.
        count: how many harmonics count, the fundamental included; all below fs / 2 by default.

    Returns:
        0 for a pure sine, 0.01 for 1 %; NaN where y is silent or has NaN, infinity where only the fundamental is
        missing.

    Raises:
        ValueError: as `harmonic_levels`.
    """
    amplitudes = _amplitudes(y, f0, fs, count)
    if not amplitudes.any():
        return float("nan")
    return ratio(np.linalg.norm(amplitudes[1:]), amplitudes[0])


def aliasing(y: ArrayLike, f0: float, *, fs: float) -> float:
    """The energy of all that is no harmonic over the energy of the harmonics, in dB.

    The harmonics that a nonlinearity makes above fs / 2 come back between the others. Noise and transients count too; a
    constant does not. The measure is the aliasing-to-signal ratio of Sato, Smith (2025, "Aliasing reduction in neural
    amp modeling by smoothing activations"), for a fundamental at any frequency but those whose aliases fall on
    harmonics: 997 Hz shows them at 48 kHz, 1000 Hz does not.

    Args:
        y: (time,) or (time, 1), the steady answer to a sine; two periods or more.
        f0: frequency of the sine in hertz.
        fs: sample rate in hertz.

    Returns:
        Decibels; minus infinity without aliases (rounding leaves about -250), NaN where y is silent or has NaN.

    Raises:
        ValueError: as `harmonic_levels`; or where the aliases cannot be told from harmonics, because fs is a multiple
            of f0 or y too short for the difference.
    """
    fit = _fit(y, f0, fs)
    distance = abs(fs - round(fs / f0) * f0)
    if distance * fit.samples < fs:
        raise ValueError(
            f"at fs = {fs} Hz the aliases of {f0} Hz are within {distance:.3g} Hz of its harmonics, "
            f"which {fit.samples} samples cannot tell apart: take another f0 or a longer y"
        )
    signal = np.sum(np.square(fit.amplitudes)) / 2
    energy_ratio = ratio(np.mean(np.square(fit.residual)), signal) if signal != 0 else float("nan")
    return float("-inf") if energy_ratio == 0 else float(10 * np.log10(energy_ratio))


def fundamental(y: ArrayLike, f0: float, *, fs: float) -> float:
    """The frequency of the sine near f0, where it is not known exactly: a recording, another clock.

    It is the maximum of the spectrum (a Kaiser window whose leakage is 150 dB down) within one bin of f0.

    Args:
        y: (time,) or (time, 1), the steady answer to a sine; eight periods or more, so that the overtones are outside
            of the window's main lobe.
        f0: about its frequency in hertz, within fs / len(y).
        fs: sample rate in hertz.

    Returns:
        Hertz; NaN where y is silent or has NaN.

    Raises:
        ValueError: when y has another shape or fewer than eight periods, f0 is not between 0 and fs / 2, or the
            spectrum has no maximum there.
    """
    y = _checked(y, f0, fs, periods=8)
    if not (np.all(np.isfinite(y)) and y.any()):
        return float("nan")
    windowed, turns = get_window(("kaiser", 20), len(y)) * (y - y.mean()), np.arange(len(y)) / fs

    def slope(frequency: float) -> float:
        """Of the energy: its root is sharp where the maximum itself is flat."""
        rotated = windowed * np.exp(-2j * np.pi * (frequency * turns % 1))
        return float((np.conj(rotated.sum()) * (-1j * (rotated @ turns))).real)

    lower, upper = f0 - fs / len(y), f0 + fs / len(y)
    if not slope(lower) > 0 > slope(upper):
        raise ValueError(f"y has no sine between {lower} and {upper} Hz")
    return float(brentq(slope, lower, upper, xtol=1e-14 * f0))


@dataclasses.dataclass(frozen=True)
class _Fit:
    amplitudes: NDArray  # peak, the fundamental first
    residual: NDArray  # without the constant
    samples: int


def _fit(y: ArrayLike, f0: float, fs: float) -> _Fit:
    y = _checked(y, f0, fs, periods=2)
    # A harmonic within a bin of fs / 2 cannot be told from its mirror image.
    count = int((fs / 2 - fs / len(y)) / f0)
    if count == 0:
        raise ValueError(f"f0 = {f0} Hz is too near to fs / 2 = {fs / 2} Hz for {len(y)} samples")
    if not np.all(np.isfinite(y)):
        return _Fit(np.full(count, np.nan), np.full(len(y), np.nan), len(y))
    turn = np.exp(2j * np.pi * (f0 / fs * np.arange(len(y)) % 1))
    projections = np.array([np.vdot(power, y) for power in _powers(turn, 0, count)])
    # The products of two of the complex sines depend on the difference of their numbers only: a Toeplitz matrix.
    differences = np.arange(1, 2 * count + 1) * (f0 / fs)
    half = np.pi * (differences * len(y) % 2)
    products = np.exp(1j * np.pi * (differences % 2) - 1j * half) * np.sin(half) / np.sin(np.pi * differences)
    gram = np.concatenate([[len(y)], products])
    coefficients = solve_toeplitz(gram, np.concatenate([projections[:0:-1].conj(), projections]))[count:]
    residual = y - coefficients[0].real
    for coefficient, power in zip(coefficients[1:], _powers(turn, 1, count), strict=True):
        residual -= 2 * (coefficient * power).real
    return _Fit(2 * np.abs(coefficients[1:]), residual, len(y))


def _powers(turn: NDArray, first: int, last: int) -> Iterator[NDArray]:
    """turn^first to turn^last one by one: all at once would fill the memory for a low fundamental."""
    power = turn**first
    yield power
    for _ in range(first, last):
        power = power * turn
        yield power


def _amplitudes(y: ArrayLike, f0: float, fs: float, count: int | None) -> NDArray:
    amplitudes = _fit(y, f0, fs).amplitudes
    if count is not None and not 1 <= count <= len(amplitudes):
        raise ValueError(f"below fs / 2 there are {len(amplitudes)} harmonics of {f0} Hz, got the count {count}")
    return amplitudes[:count]


def _checked(y: ArrayLike, f0: float, fs: float, periods: int) -> NDArray:
    y = np.asarray(y, np.float64)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise ValueError(f"y must be one signal of the shape (time,) or (time, 1), got {y.shape}")
    if not 0 < fs < np.inf or not 0 < f0 < fs / 2:
        raise ValueError(f"f0 must lie between 0 and fs / 2, got {f0} Hz at fs = {fs} Hz")
    if len(y) < periods * fs / f0:
        raise ValueError(f"{periods} periods of {f0} Hz are {np.ceil(periods * fs / f0):.0f} samples, got {len(y)}")
    return y
