"""What lies between a file that is played and the file that is recorded: exact to well below 24 bits."""

import dataclasses
import functools
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import bilinear, firwin, kaiserord, lfilter, resample_poly

FS = 48_000
FINE = 16  # times the rate at which the device lives
BETWEEN = 2  # times the rate that samples at any time are taken from
PASS, STOP_DB = 0.9, 130.0  # of the lower Nyquist frequency, and beyond it
HALF = 20  # samples at BETWEEN FS on each side of a new one
WIDTH = 3.7  # of the Gaussian over their sinc: 1e-8 at the ends, flat to 1e-7 up to 20 kHz
CHUNK = 1 << 15


@final
@dataclass(frozen=True)
class Recorder:
    """An audio interface, both ways.

    Attributes:
        x_gain: volts of full scale that is played.
        x_offset: volts added before the device.
        input_corner: of the high pass before the device, Hz; 0 for none.
        output_corner: of that behind it.
        volts: of full scale that is recorded.
        offset: added to what is recorded, in full scale.
        polarity: 1 or -1.
        delay: samples by which the recording is late at its start.
        drift: of its clock, parts in a million; positive where the recording becomes later.
        noise: dB of what is recorded, without direct current.
        bits: of the file.
    """

    x_gain: float
    x_offset: float
    input_corner: float
    output_corner: float
    volts: float
    offset: float
    polarity: int
    delay: float
    drift: float
    noise: float
    bits: int

    def over(self, volts: float) -> "Recorder":
        """The same with other volts of the recorded full scale."""
        return dataclasses.replace(self, volts=volts)

    def played(self, x: NDArray) -> NDArray:
        """Volts at the device's input at FINE times the rate, from a file at FS: (time FINE,)."""
        fine = resample_poly(np.asarray(x, float), FINE, 1, window=_low_pass())
        return high_passed(self.x_gain * fine, self.input_corner, FINE * FS) + self.x_offset

    def recorded(self, y: NDArray, rng: np.random.Generator) -> NDArray:
        """A file, from volts at the device's output: (time,) from (time FINE,).

        Before its first sample the device has been where that sample is for ever.
        """
        moved = sampled(high_passed(y - y[0], self.output_corner, FINE * FS), self.delay, self.drift)
        file = self.polarity / self.volts * (moved if self.output_corner else moved + y[0])
        file = file + 10 ** (self.noise / 20) * np.std(file) * rng.standard_normal(len(file)) + self.offset
        return quantised(file, self.bits)


def high_passed(x: NDArray, corner: float, fs: float) -> NDArray:
    """First order, from rest; the corner is in Hz, 0 for x as it is."""
    if not corner:
        return x
    return lfilter(*bilinear([1, 0], [1, 2 * np.pi * corner], fs), x)


def sampled(y: NDArray, delay: float, drift: float) -> NDArray:
    """Samples at FS, of which number n shows the time (n - delay)/(1 + drift) of y, which is at FINE FS.

    Args:
        y: (time FINE,); zero before and after.
        delay: samples at FS.
        drift: parts in a million.
    """
    middle = resample_poly(y, 1, FINE // BETWEEN, window=_low_pass())
    count = len(y) // FINE
    times = BETWEEN * (np.arange(count) - delay) / (1 + 1e-6 * drift)
    padded = np.pad(middle, HALF + 1)
    found = np.zeros(count)
    around = np.arange(-HALF, HALF + 1)
    for first in range(0, count, CHUNK):
        time = times[first : first + CHUNK]
        whole = np.floor(time + 0.5).astype(int)
        inside = (whole >= 0) & (whole < len(middle))
        away = (time - whole)[inside, None] - around
        weights = np.sinc(away) * np.exp(-0.5 * (away / WIDTH) ** 2)
        found[first : first + CHUNK][inside] = np.sum(weights * padded[whole[inside, None] + around + HALF + 1], axis=1)
    return found


def quantised(file: NDArray, bits: int) -> NDArray:
    """Rounded to steps of 2^(1 - bits), and kept within full scale as a converter does."""
    step = 2.0 ** (1 - bits)
    return np.clip(np.round(file / step) * step, -1.0, 1.0 - step)


@functools.lru_cache
def _low_pass() -> NDArray:
    """At FINE FS: flat to PASS of the Nyquist frequency of FS, and STOP_DB down from there on."""
    taps, beta = kaiserord(STOP_DB, (1 - PASS) / FINE)
    return firwin(taps | 1, (1 + PASS) / (2 * FINE), window=("kaiser", beta))
