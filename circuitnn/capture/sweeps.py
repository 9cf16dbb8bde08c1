"""What the sweeps of a capture signal tell of a device: its harmonics at four levels, without a sine being played."""

import math

import numpy as np
from numpy.typing import NDArray

from circuitnn.capture.material import Material
from circuitnn.capture.played import GAP, HEAD, REST, SWEEP, SWEEP_START, SWEEPS, sweep_end, sweep_phase, sweeps_of
from circuitnn.capture.sines import DEEP, SineAnswers
from circuitnn.model import Model

AROUND = 0.1  # of the frequency, to either side, that is looked at
SLOPES = 3  # constant, line and parabola: how an amplitude may change meanwhile


def swept_harmonics(
    material: Material, model: Model, *, f0: float, amplitude: float, count: int = 7
) -> tuple[SineAnswers, SineAnswers] | None:
    """Harmonics of a model and of its device, measured alike: where the sweeps of a capture signal pass a frequency.

    Args:
        material: whose first recording is of `circuitnn.capture.signal`.
        model: that was trained on it; its knobs stand where they were recorded.
        f0: of the fundamental, hertz.
        amplitude: that levels are relative to.
        count: of the harmonics, the fundamental included; fewer where they would be above half the sample rate.

    Returns:
        The model's and the device's; None where something else was played.
    """
    fs = material.whole.fs
    end = round((HEAD + REST + len(SWEEPS) * (SWEEP + GAP)) * fs)
    x = np.asarray(material.whole.x[0, :end, 0], np.float64)
    stop = sweep_end(x, fs)
    if stop is None:
        return None
    part = Material(material.whole, {"sweeps": slice(0, end)}).predicted(model, "sweeps")
    count = min(count, int(0.5 * fs / ((1 + AROUND) * f0)))
    levels = np.array([_harmonics(piece, f0, stop, fs, 1)[0] for piece in sweeps_of(x, fs)])
    told = []
    for y in (part.y[0], part.target[0]):
        harmonics = np.array([_harmonics(piece, f0, stop, fs, count) for piece in sweeps_of(y, fs)])
        told.append(SineAnswers(f0, levels - 20 * math.log10(amplitude), harmonics, np.full(len(levels), np.nan)))
    return told[0], told[1]


def _harmonics(y: NDArray, f0: float, stop: float, fs: float, count: int) -> NDArray:
    """(count,) dB of 1: amplitudes of what goes on at multiples of the sweep's phase, where that passes f0.

    Least squares within a Hann window. What a device delays turns the phases of its harmonics and leaves their
    amplitudes, which change slowly.
    """
    slowness = SWEEP / math.log(stop / SWEEP_START)  # seconds for a factor of e
    middle, half = slowness * math.log(f0 / SWEEP_START), slowness * AROUND
    time = np.arange(math.ceil((middle - half) * fs), math.floor((middle + half) * fs)) / fs
    phase = sweep_phase(time, stop)
    place = (time - middle) / half
    slopes = place[:, None] ** np.arange(SLOPES)
    waves = [np.ones_like(phase)]
    waves += [wave(number * phase) for number in range(1, count + 1) for wave in (np.cos, np.sin)]
    columns = (np.stack(waves, 1)[:, :, None] * slopes[:, None, :]).reshape(len(time), -1)
    window = np.cos(0.5 * np.pi * place) ** 2
    seen = y[round(time[0] * fs) :][: len(time)]
    found = np.linalg.lstsq(columns * window[:, None], seen * window, rcond=None)[0].reshape(-1, SLOPES)[1:, 0]
    sizes = np.hypot(found[::2], found[1::2])
    return np.maximum(20 * np.log10(np.maximum(sizes, 1e-12)), DEEP)
