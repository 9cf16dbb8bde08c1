"""Pictures of a training: how it went, and what the model makes of sines and of levels."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from circuitnn.capture import SineAnswers
from circuitnn.pages.style import Picture, captioned
from circuitnn.plot import residuals
from circuitnn.plot.style import BLUE, FAINT, GREEN, INK, ORANGE, PURPLE, SKY, VERMILION, WIDTH
from circuitnn.train import History

HEARD = 60.0  # dB below the loudest 10 ms, that levels are compared down to
DASHED: dict[str, Any] = {
    "marker": "s",
    "markersize": 7,
    "markerfacecolor": "none",
    "linestyle": "--",
    "linewidth": 1.2,
}
COLOURS = (INK, BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE)


def history(told: History, noise: float | None) -> Picture:
    """Loss and validation error over the epochs."""
    figure = Figure(figsize=(WIDTH, 3.2))
    axes = figure.subplots()
    loss = np.atleast_1d(np.asarray(told.loss, float))
    axes.semilogy(1 + np.arange(len(loss)), np.maximum(loss, 1e-12), color=FAINT, linewidth=1, label="loss")
    at = [0, *(1 + np.asarray(told.validation_epochs))]
    errors = [told.initial, *np.asarray(told.validation, float)]
    axes.semilogy(at, errors, "o-", color=BLUE, markersize=3.5, linewidth=1.3, label="validation ESR")
    if noise:
        axes.axhline(noise, color=VERMILION, linestyle="--", linewidth=1.2, label="what the recording's noise leaves")
    axes.set(xlabel="epochs", ylabel="error-to-signal ratio")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    best = int(np.argmin(errors))
    message = f"The weights that are kept are those after epoch {at[best]}, with a validation ESR of {errors[best]:.2g}"
    return captioned(figure, message, f"{len(loss)} epochs in {sum(told.seconds):.0f} s.")


def harmonics(answers: SineAnswers, device: SineAnswers | None = None) -> Picture:
    """Of a sine, over its level: of a model, and of its device beside it where that is known."""
    figure = Figure(figsize=(WIDTH, 3.4 if device is None else 4.2))
    axes = figure.subplots()
    for number, row in enumerate(answers.harmonics.T):
        name, colour = "fundamental" if number == 0 else f"harmonic {number + 1}", COLOURS[number % 7]
        axes.plot(answers.levels, row, "o-", color=colour, markersize=3, linewidth=1.4, label=name)
        if device is not None:
            axes.plot(device.levels, device.harmonics[:, number], color=colour, **DASHED)
    shown = np.concatenate([each.harmonics.ravel() for each in (answers, device) if each is not None])
    axes.set(xlabel="level of the sine, dB of the loudest that was played", ylabel="level at the output, dB of 1")
    axes.set_ylim(max(shown.max() - 110, shown.min()) - 5, shown.max() + 5)
    if device is not None:
        axes.plot([], [], "o-", color=FAINT, markersize=3, label="model")
        axes.plot([], [], color=FAINT, label="device", **DASHED)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4 if device is None else 5)
    made = _below(answers)
    caption = f"What the model makes of a sine of {answers.f0:g} Hz."
    if device is not None:
        made = f"{_below(device)} in the device and {made} in the model"
        caption = f"What the model (lines) and the device (dashed) make of a sine of {answers.f0:g} Hz."
        if np.isnan(device.aliasing).all():
            caption += " Both are measured where the sweeps of the capture signal pass it, which are learnt from too."
    message = f"At full level second and third harmonic are at {made}, against the fundamental"
    return captioned(figure, message, caption)


def _below(answers: SineAnswers) -> str:
    """The second and the third harmonic of the loudest sine, against its fundamental."""
    loud = answers.harmonics[-1]
    return " and ".join(f"{loud[k] - loud[0]:.0f} dB" if len(loud) > k else "nothing" for k in (1, 2))


def aliasing(answers: SineAnswers) -> Picture:
    """What is no harmonic, over the level of a sine."""
    figure = Figure(figsize=(WIDTH, 2.8))
    axes = figure.subplots()
    axes.plot(answers.levels, answers.aliasing, "o-", color=VERMILION, markersize=4, linewidth=1.5)
    axes.set(xlabel="level of the sine, dB of the loudest that was played", ylabel="aliases, dB of the harmonics")
    message = f"At full level all that is no harmonic is {answers.aliasing[-1]:.0f} dB of the harmonics"
    caption = (
        f"What the model makes of a sine of {answers.f0:g} Hz. The harmonics that a distortion makes above half the "
        "sample rate come back between the others."
    )
    return captioned(figure, message, caption)


def levels(played: NDArray, recorded: NDArray, predicted: NDArray, fs: float) -> Picture:
    """Level out over level in, of the device and of the model."""
    figure = Figure(figsize=(WIDTH, 3.4))
    axes = figure.subplots()
    length = max(round(residuals.FRAME * fs), 1)
    sizes = [
        residuals.decibels(signal[: len(signal) // length * length].reshape(-1, length).std(axis=1))
        for signal in (played, recorded, predicted)
    ]
    heard = sizes[1] > sizes[1].max() - HEARD
    for size, colour, marker, name in ((sizes[1], FAINT, "o", "device"), (sizes[2], BLUE, "x", "model")):
        axes.plot(sizes[0][heard], size[heard], marker, color=colour, markersize=3.5, alpha=0.6, label=name)
    axes.set(xlabel="level of 10 ms of what was played, dB of 1", ylabel="level at the output, dB of 1")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    apart = np.abs(sizes[2] - sizes[1])[heard]
    message = f"Levels of the model are {np.median(apart):.2g} dB off the device's at the median"
    worst = f"In the worst tenth they are {np.percentile(apart, 90):.2g} dB off and more"
    return captioned(figure, message, f"{worst}; compared down to {HEARD:g} dB below the loudest.")
