"""What two recordings have in common at each frequency, and the delay between them that follows from it."""

from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

SHORT = 4096  # samples of a segment, once whole samples of delay are out of the way
MOST = 512  # segments that are looked at, the loudest
FEWEST = 8  # of the short ones: with fewer, noise too is coherent
LEAST = 1e-20  # of the power


@final
class Spectra(NamedTuple):
    """Averages over segments, (f,) each, from the first frequency above zero.

    Attributes:
        omega: rad a sample.
        x: power of x.
        y: power of y.
        cross: conj(X) Y.
        coherence: magnitude squared, freed of what chance makes.
    """

    omega: NDArray
    x: NDArray
    y: NDArray
    cross: NDArray
    coherence: NDArray

    @property
    def weighted(self) -> NDArray:
        """The phase with Hannan and Thomson's weight; bounded, for a coherence of one is an estimate too."""
        unit = self.cross / np.maximum(np.abs(self.cross), 1e-300)
        return self.coherence / (1 - np.minimum(self.coherence, 0.999)) * unit


def spectra(x: NDArray, y: NDArray, size: int, fewest: int) -> Spectra:
    """Welch's method over segments of `size` samples, shorter ones where there would be fewer than `fewest`."""
    while size > 256 and (len(x) - size) // (size // 2) + 1 < fewest:
        size //= 2
    hop = size // 2
    mean_x, mean_y = x.mean(), y.mean()
    blocks = x[: len(x) // hop * hop].reshape(-1, hop)
    power = np.einsum("bt,bt->b", blocks, blocks)
    loud = hop * np.argsort(-(power[1:] + power[:-1]), kind="stable")[:MOST]
    window = np.hanning(size + 1)[:-1]
    sums = [np.zeros(hop + 1), np.zeros(hop + 1), np.zeros(hop + 1, complex)]
    for start in loud:
        part = slice(start, start + size)
        a, b = np.fft.rfft(window * (x[part] - mean_x)), np.fft.rfft(window * (y[part] - mean_y))
        for total, new in zip(sums, (np.abs(a) ** 2, np.abs(b) ** 2, np.conj(a) * b), strict=True):
            total += new
    of_x, of_y, cross = (total[1:] / len(loud) for total in sums)  # without zero hertz
    floor = LEAST * (of_x.max() * of_y.max()) + 1e-300
    chance = min(2 / (len(loud) + 1), 0.99) if len(loud) > 1 else 0.0  # segments overlap by a half
    coherence = np.clip((np.abs(cross) ** 2 / (of_x * of_y + floor) - chance) / (1 - chance), 0, 1)
    return Spectra(2 * np.pi * np.arange(1, hop + 1) / size, of_x, of_y, cross, coherence)


def correlation(measured: Spectra, reach: int) -> NDArray:
    """The generalised one, at the lags from -reach to reach."""
    whole = np.fft.irfft(np.concatenate([[0], measured.weighted]))
    return np.concatenate([whole[-reach:], whole[: reach + 1]])


def fraction(measured: Spectra, polarity: int, length: int) -> tuple[float, float]:
    """Of a sample, and its standard error: the maximum of the correlation between the whole samples."""
    weighted = polarity * measured.weighted

    def against(delay: float) -> float:
        return -float(np.sum(np.real(weighted * np.exp(1j * measured.omega * delay))))

    best = min(np.linspace(-2, 2, 81), key=against)
    delay = float(minimize_scalar(against, bounds=(best - 0.05, best + 0.05), options={"xatol": 1e-6}).x)
    step = measured.omega[0] / (2 * np.pi)
    used = min(length, MOST * len(measured.omega))
    information = 2 * used * step * np.sum(measured.omega**2 * np.abs(weighted))
    return delay, float(1 / np.sqrt(max(information, 1e-300)))
