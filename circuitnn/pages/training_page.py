"""The page of a training: how near the model is to the device, how it sounds, and how it was trained."""

import dataclasses
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuitnn import metrics
from circuitnn.capture import Prediction, SineAnswers, sine_answers
from circuitnn.capture.sines import fundamental
from circuitnn.model import Model
from circuitnn.pages import templates
from circuitnn.train import History

TEMPLATE = "training.html.j2"
PLAYED = 8.0  # seconds of each sound on the page
GOOD = 0.05  # ESR above which a model is said to be far off
ALIASES_AT = 1249.0  # hertz: a prime, which divides no sample rate
UNKNOWN = (
    "How much of this is the device's own is not known, as music does not tell it: a recording of the sound that "
    "circuitnn capture-signal makes does."
)
MEANING = {
    "esr": ("ESR", "energy of the error over that of the recording"),
    "esr_high_pass": ("ESR, pre-emphasised", "the same, high frequencies weighed up (Wright et al. 2019)"),
    "esr_a_weighting_low_pass": ("ESR, A-weighted", "the same, as the ear hears (Wright, Välimäki 2020)"),
    "mr_stft": ("MR-STFT", "magnitudes of spectra of three lengths, not phases (Simionato, Fasciani 2025)"),
    "log_spectral_distance": ("log-spectral distance, dB", "spectra in decibels, soft parts count as loud ones"),
    "rms_energy_error": ("level error", "loudness over time"),
    "dc": ("DC", "difference of the means"),
    "mae": ("mean absolute error", "in full scale"),
}


def training(
    model: Model,
    history: History | None,
    prediction: Prediction,
    path: str | os.PathLike,
    *,
    title: str = "A model of a device",
    doubts: Sequence[str] = (),
    facts: Mapping[str, str] | None = None,
    noise: float | None = None,
    following: str = "",
    harmonics: tuple[SineAnswers, SineAnswers] | None = None,
) -> Path:
    """Write how a model was trained and how near it is as a page: one file of HTML that needs nothing but itself.

    Args:
        model: that was trained.
        history: of the training; None where there is none to show.
        prediction: of the seconds that were held out, as `circuitnn.capture.Material.predicted` gives it; pictures and
            sounds are of the first recording, errors of all.
        path: ends in .html; written whole or not at all, and folders on the way are made.
        title: of the page.
        doubts: sentences that stand first.
        facts: what else to list: name to text.
        noise: the ESR that the recording's own noise leaves; None where it is not known.
        following: commands for what to do next.
        harmonics: of the model and of its device, measured alike (`circuitnn.capture.swept_harmonics`, or
            `sine_answers` of both); the model's alone are shown when None.

    Returns:
        The path.

    Raises:
        ModuleNotFoundError: without matplotlib or jinja2.
        OSError: when the file cannot be written.
    """
    templates.check_packages()
    return templates.write(
        path,
        Path(__file__).with_name(TEMPLATE),
        {},
        title=title,
        verdict=verdict(prediction, noise),
        is_bad=prediction.esr > GOOD,
        doubts=list(doubts),
        players=_players(prediction),
        heard=f"The loudest {PLAYED:g} s at most of what was held out, the same gain for all.",
        rows=rows(prediction),
        pictures=_drawn(model, history, prediction, noise, harmonics),
        unknown=UNKNOWN if harmonics is None else "",
        facts=list((facts or {}).items()),
        next=following,
    )


def waveforms(recorded: NDArray, predicted: NDArray, *, fs: float, unit: str = "full scale") -> bytes:
    """A picture of a recording and a prediction where they are loudest and where they are quiet, and of what is left.

    Args:
        recorded: (time,).
        predicted: likewise.
        fs: sample rate, Hz.
        unit: of both, for the axes.

    Returns:
        The bytes of a PNG file.

    Raises:
        ModuleNotFoundError: without matplotlib.
    """
    from circuitnn.pages import identification_pictures  # which needs matplotlib
    from circuitnn.plot import style

    with style.context():
        return identification_pictures.waveforms(recorded, predicted, fs, unit).png


def verdict(prediction: Prediction, noise: float | None) -> str:
    """The error in words."""
    esr = prediction.esr
    seconds = prediction.y.shape[1] / prediction.fs
    many = f"{len(prediction.y)} recordings of " if len(prediction.y) > 1 else ""
    text = (
        f"On {many}{seconds:.1f} s that it has not seen the model leaves {100 * esr:.2g} % of the recording's energy "
        f"({10 * math.log10(max(esr, 1e-300)):.1f} dB, ESR {esr:.2g})."
    )
    if noise:
        text += f" The recording's own noise leaves {100 * noise:.2g} % of any model."
    return text


def rows(prediction: Prediction) -> list[dict[str, str]]:
    """The measures, over all recordings."""
    y, target = (signal.reshape(-1) for signal in (prediction.y, prediction.target))
    try:
        found = metrics.summary(y, target, fs=prediction.fs)
    except ValueError:  # shorter than the windows
        found = {"esr": metrics.esr(y, target), "dc": metrics.dc(y, target), "mae": metrics.mae(y, target)}
    return [
        {"name": MEANING[name][0], "value": f"{found[name]:.3g}", "meaning": MEANING[name][1]}
        for name in MEANING
        if name in found
    ]


def _players(prediction: Prediction) -> list[dict[str, str]]:
    x, target, y = prediction.x[0], prediction.target[0], prediction.y[0]
    length = min(len(y), round(PLAYED * prediction.fs))
    power = np.concatenate([[0.0], np.cumsum(target**2)])
    start = int(np.argmax(power[length:] - power[: len(power) - length]))
    part = slice(start, start + length)
    gain = 0.9 / max(float(np.abs(signal[part]).max()) for signal in (target, y))
    sounds = {
        "device": gain * target[part],
        "model": gain * y[part],
        "what the model leaves": gain * (target - y)[part],
        "what was played": 0.9 * x[part] / max(float(np.abs(x[part]).max()), 1e-12),
    }
    return [{"name": name, "source": templates.wav(sound, prediction.fs)} for name, sound in sounds.items()]


def _drawn(
    model: Model,
    history: History | None,
    prediction: Prediction,
    noise: float | None,
    compared: tuple[SineAnswers, SineAnswers] | None,
) -> dict[str, Any]:
    from circuitnn.pages import identification_pictures, training_pictures  # which need matplotlib
    from circuitnn.plot import style

    x, target, y, fs = prediction.x[0], prediction.target[0], prediction.y[0], prediction.fs
    amplitude = float(np.abs(prediction.x).max())
    floor = None if noise is None else math.sqrt(noise * float(np.mean(target**2)))
    aliases = sine_answers(model, fs, f0=fundamental(fs, ALIASES_AT), amplitude=amplitude)
    if compared is None:
        harmonics, device = sine_answers(model, fs, f0=fundamental(fs), amplitude=amplitude), None
    else:
        harmonics, device = compared
    unit = "full scale"
    with style.context():
        left = identification_pictures.against_level(target, y, fs, unit)
        return {
            "waveforms": identification_pictures.waveforms(target, y, fs, unit),
            "spectrum": identification_pictures.spectrum(target, y, fs, unit, floor),
            "left": dataclasses.replace(left, caption=left.caption.replace("the circuit", "the model")),
            "levels": training_pictures.levels(x, target, y, fs),
            "harmonics": training_pictures.harmonics(harmonics, device),
            "aliasing": training_pictures.aliasing(aliases),
        } | ({} if history is None else {"history": training_pictures.history(history, noise)})
