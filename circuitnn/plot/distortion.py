"""What models make of sines."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from circuitnn.metrics import harmonic_levels
from circuitnn.model import Controls, Model, checked_model, run
from circuitnn.plot import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SETTLING, HEARD = 0.2, 0.1  # seconds before the answer counts, and of it
LEVELS = tuple(np.linspace(-60, 0, 21))
SPAN = 110.0  # dB below the loudest


@style.drawn
def harmonics(
    model: Model,
    volts: float = 1.0,
    *,
    f0: float = 220.0,
    levels: Sequence[float] = LEVELS,
    count: int = 6,
    controls: Controls | None = None,
    title: str | None = None,
) -> "Figure":
    """The fundamental and its harmonics in what a model makes of a sine, over the level of the sine.

    Args:
        model: of one input and one output, which knows its sample rate.
        volts: peak of the sine at 0 dB.
        f0: its frequency, Hz.
        levels: of the sine, dB of `volts`.
        count: how many are drawn, the fundamental included.
        controls: knobs, constants.
        title: what the picture says, above it.

    Raises:
        ValueError: for a model of several inputs or outputs, or without a sample rate; as
            `circuitnn.metrics.harmonic_levels`.
    """
    checked_model(model)
    if (model.in_features, model.out_features) != (1, 1) or model.fs is None:
        raise ValueError("harmonics: of models with one input, one output and a sample rate")
    fs = float(model.fs)
    time = np.arange(round((SETTLING + HEARD) * fs)) / fs
    amplitudes = volts * 10 ** (np.asarray(levels, float) / 20)
    x = amplitudes[:, None, None] * np.sin(2 * np.pi * f0 * time)[:, None]
    y = np.asarray(run(model, x, controls=controls)[1], np.float64)[:, round(SETTLING * fs) :, 0]
    rows = np.array([harmonic_levels(row, f0, fs=fs, count=count, reference=1.0) for row in y]).T
    figure, axes = style.panels(size=(style.WIDTH, 3.6))
    panel = axes[0, 0]
    markers = "os^Dv*"
    top = float(rows[np.isfinite(rows)].max(initial=-SPAN))
    heard = [number for number, row in enumerate(rows) if number == 0 or row.max() > top - SPAN]
    for number in heard:
        row = rows[number]
        look = {"color": (style.INK, *style.COLOURS)[number % 7], "marker": markers[number % len(markers)]}
        name = "fundamental" if number == 0 else f"harmonic {number + 1}"
        panel.plot(levels, row, markersize=3, linewidth=1.4, label=name, **look)
    panel.set_ylim(top - SPAN, top + 5)
    panel.set(xlabel=f"level of a sine of {f0:g} Hz, dB of {volts:g} V", ylabel="level at the output, dB of 1 V (peak)")
    absent = ", ".join(str(number + 1) for number in range(count) if number not in heard)
    style.legend(figure, panel, title=f"below {top - SPAN:.0f} dB: {absent}" if absent else None)
    style.title(figure, title)
    return figure
