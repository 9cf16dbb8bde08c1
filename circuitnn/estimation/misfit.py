"""What a fit leaves, beside the recording: by frequency, and by level."""

from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

EDGES = (100.0, 1000.0, 5000.0)  # Hz
LEVELS = ("quiet", "medium", "loud")
FEWEST = 2 * len(LEVELS)  # excerpts


@final
class Misfit(NamedTuple):
    """Squares of what is left over those of the recording.

    Attributes:
        bands: (lowest, highest, ratio) each, Hz.
        levels: (lowest, highest, ratio) each, of thirds of the excerpts by their rms in the unit of y; none where there
            are few.
    """

    bands: tuple[tuple[float, float, float], ...]
    levels: tuple[tuple[float, float, float], ...]

    def __str__(self) -> str:
        names = [f"below {_freq(self.bands[0][1])}", *(f"to {_freq(high)}" for _, high, _ in self.bands[1:])]
        found = "left of the recording: " + _row(names, self.bands)
        return found + (f"; of its excerpts, {_row(LEVELS, self.levels)}" if self.levels else "")


def misfit(y: NDArray, rest: NDArray, fs: float, highest: float) -> Misfit:
    """Of excerpts.

    Args:
        y: recording, (pieces, time), as it is fitted.
        rest: what is left of it, likewise.
        fs: Hz.
        highest: frequency that is fitted, Hz.
    """
    window = np.hanning(y.shape[1])
    powers = [np.sum(np.abs(np.fft.rfft(window * each, axis=-1)) ** 2, axis=0) for each in (rest, y)]
    freqs = np.fft.rfftfreq(y.shape[1], 1 / fs)
    edges = [0.0, *(each for each in EDGES if each < highest), highest]
    bands = []
    for low, high in zip(edges, edges[1:], strict=False):
        left, whole = (float(power[(freqs >= low) & (freqs < high)].sum()) for power in powers)
        bands.append((low, high, left / max(whole, 1e-300)))
    return Misfit(tuple(bands), tuple(_by_level(y, rest)) if len(y) >= FEWEST else ())


def _by_level(y: NDArray, rest: NDArray) -> list[tuple[float, float, float]]:
    rms = np.sqrt(np.mean(y**2, axis=1))
    found = []
    for part in np.array_split(np.argsort(rms), len(LEVELS)):
        ratio = np.sum(rest[part] ** 2) / max(float(np.sum(y[part] ** 2)), 1e-300)
        found.append((float(rms[part].min()), float(rms[part].max()), float(ratio)))
    return found


def _row(names: Sequence[str], rows: Sequence[tuple[float, float, float]]) -> str:
    ratios = [10 * np.log10(max(ratio, 1e-30)) for *_, ratio in rows]
    return ", ".join(f"{name} {ratio:.0f} dB" for name, ratio in zip(names, ratios, strict=True))


def _freq(freq: float) -> str:
    return f"{freq / 1000:.3g} kHz" if freq >= 1000 else f"{freq:.3g} Hz"
