"""The states of circuits as they move."""

from typing import TYPE_CHECKING

import numpy as np
from jax.typing import ArrayLike

from circuitnn.model import Controls, StateModel, trace
from circuitnn.plot import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_STATES = 12


@style.drawn
def states(
    model: StateModel,
    x: ArrayLike,
    *,
    start: float = 0.0,
    seconds: float = 0.02,
    controls: Controls | None = None,
    title: str | None = None,
) -> "Figure":
    """The capacitors' voltages and inductors' currents of a model along time, and the first two against each other.

    Args:
        model: with circuit states.
        x: (time,) or (time, in_features), volts; the model begins at rest.
        start: where the excerpt begins, in seconds.
        seconds: how long it is.
        controls: knobs, constants or along time.
        title: what the picture says, above it.

    Raises:
        TypeError: for a model without circuit states.
        ValueError: for one without a sample rate, or an excerpt that is not within x.
    """
    found = np.asarray(trace(model, x, controls=controls)[2], np.float64)
    if found.ndim != 2 or model.fs is None:
        raise ValueError("states: of one signal (time,) or (time, in_features), and a model that knows its sample rate")
    first, last = round(start * model.fs), round((start + seconds) * model.fs)
    part = found[first:last]
    if len(part) < 2:
        raise ValueError(f"start: {start:g} s is not within the signal, which has {len(found) / model.fs:g} s")
    names = model.state_names[:MOST_STATES]
    is_plane = len(names) > 1
    figure, axes = style.panels(1, 1 + is_plane, size=(style.WIDTH, 3.4), width_ratios=(2, 1.1)[: 1 + is_plane])
    panel, time = axes[0, 0], 1e3 * (first + np.arange(len(part))) / model.fs
    units = ["A" if name.rpartition(".")[2][:1].upper() == "L" else "V" for name in names]
    for name, row, unit, look in zip(names, part.T, units, style.looks(len(names)), strict=False):
        factor = 1e3 if unit == "A" else 1
        label = f"{name} in {'mA' if unit == 'A' else 'V'}"
        panel.plot(time, factor * row, label=label, **look | {"linestyle": "-", "linewidth": 1.4, "alpha": 1})
    panel.set(
        xlabel="time in ms", ylabel=f"states in {' and '.join(sorted({'mA' if u == 'A' else 'V' for u in units}))}"
    )
    if is_plane:
        axes[0, 1].plot(part[:, 0], part[:, 1], color=style.BLUE, linewidth=1)
        axes[0, 1].plot(part[0, 0], part[0, 1], "o", color=style.VERMILION, markersize=5)
        axes[0, 1].set(
            xlabel=f"{names[0]} in {units[0]}", ylabel=f"{names[1]} in {units[1]}", title="dot: the beginning"
        )
    style.legend(figure, panel)
    style.title(figure, title)
    return figure
