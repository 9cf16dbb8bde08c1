"""What a model makes of sines of several levels: harmonics and aliases."""

from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from circuitnn import metrics
from circuitnn.model import Controls, Model, run

SETTLING, HEARD = 0.4, 0.3  # seconds of a sine that the model settles in, and that are measured
HARMONICS_AT = 221.0  # hertz: a prime, which divides no sample rate
DEEP = -140.0  # dB, in the place of nothing


@final
class SineAnswers(NamedTuple):
    """Of a model, to sines of one frequency.

    Attributes:
        f0: of the sines, Hz.
        levels: (n,) dB of the largest one's amplitude.
        harmonics: (n, count), dB of 1 at the output, the fundamental first; -140 for nothing.
        aliasing: (n,), energy of all that is no harmonic, dB of that of the harmonics; NaN where sweeps were played.
    """

    f0: float
    levels: NDArray
    harmonics: NDArray
    aliasing: NDArray


def fundamental(fs: float, f0: float = HARMONICS_AT) -> float:
    """The frequency of a sine whose first harmonics are below half the sample rate, Hz."""
    return f0 if 8 * f0 < fs else fs / 36.1


def sine_answers(
    model: Model, fs: float, *, f0: float, amplitude: float, count: int = 7, controls: Controls | None = None
) -> SineAnswers:
    """Play sines of nine levels down to -48 dB to a model.

    Args:
        model: of one input and one output.
        fs: sample rate, Hz.
        f0: frequency in hertz, which does not divide fs.
        amplitude: of the loudest sine.
        count: of the harmonics, the fundamental included; fewer where they would be above fs / 2.
        controls: where its knobs stand; at their defaults when None.

    Raises:
        ValueError: as `circuitnn.metrics.aliasing`.
    """
    levels = np.arange(-48.0, 1.0, 6.0)
    time = np.arange(round((SETTLING + HEARD) * fs)) / fs
    x = amplitude * 10 ** (levels[:, None] / 20) * np.sin(2 * np.pi * f0 * time)
    _, y = run(model, x[..., None].astype(np.float32), controls=controls)
    heard = np.asarray(y, np.float64)[:, round(SETTLING * fs) :, 0]
    count = min(count, int(0.5 * fs / f0 - 1e-9))
    harmonics = np.stack([metrics.harmonic_levels(row, f0, fs=fs, count=count, reference=1.0) for row in heard])
    aliasing = np.array([metrics.aliasing(row, f0, fs=fs) for row in heard])
    return SineAnswers(f0, levels, np.maximum(np.nan_to_num(harmonics, nan=DEEP, neginf=DEEP), DEEP), aliasing)
