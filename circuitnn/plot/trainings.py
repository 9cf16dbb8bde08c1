"""How trainings went, and how far their models can be trusted on their own."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from circuitnn.plot import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from circuitnn.train import ExposureBias, History

GROUPS = 40  # stretches of time that errors are averaged over


@style.drawn
def history(histories: "History | Mapping[str, History]", *, title: str | None = None) -> "Figure":
    """Loss and validation error over the epochs; a line for each of several models.

    Args:
        histories: from `circuitnn.train.fit`, one or several by name.
        title: what the picture says, above it.

    Raises:
        ValueError: for a history without epochs.
    """
    found = style.named(histories, "training")
    figure, axes = style.panels(1, 2, size=(style.WIDTH, 3.2))
    for (name, told), look in zip(found.items(), style.looks(len(found)), strict=True):
        if not len(told.loss):
            raise ValueError(f"history {name}: there is no epoch in it")
        loss = np.asarray(told.loss, float).reshape(len(told.loss), -1)
        errors = np.asarray(told.validation, float).reshape(len(told.validation_epochs), loss.shape[1])
        at = [1 + epoch for epoch in told.validation_epochs]
        if told.initial is not None and len(errors):
            at, errors = [0, *at], np.concatenate([np.ravel(told.initial)[None], errors])
        for panel, epochs, rows in ((axes[0, 0], 1 + np.arange(len(loss)), loss), (axes[0, 1], at, errors)):
            for number, row in enumerate(rows.T):
                look_here = look | {"alpha": 1.0 if rows.shape[1] == 1 else 0.6, "linewidth": 1.4}
                panel.plot(epochs, row, label=name if number == 0 else None, **look_here)
    for panel, name in ((axes[0, 0], "loss"), (axes[0, 1], "validation: error-to-signal ratio")):
        panel.set(title=name, xlabel="epoch", yscale="log")
        if not any(len(line.get_xdata()) for line in panel.lines):
            panel.text(0.5, 0.5, "no validation data", transform=panel.transAxes, ha="center", color=style.FAINT)
    style.legend(figure, axes[0, 0])
    style.title(figure, title)
    return figure


@style.drawn
def exposure_bias(
    reports: "ExposureBias | Mapping[str, ExposureBias | list[ExposureBias]]", *, title: str | None = None
) -> "Figure":
    """Error of the states over the time since the last true one; dotted: since a wrong one.

    Args:
        reports: from `circuitnn.train.exposure_bias`: one, or by name one or several (of seeds) each.
        title: what the picture says, above it.

    Raises:
        ValueError: for a model without circuit states, of which there is no such error.
    """
    found = style.named(reports, "model")
    figure, axes = style.panels(size=(style.WIDTH, 3.4))
    panel = axes[0, 0]
    for (name, members), look in zip(found.items(), style.looks(len(found)), strict=True):
        for number, report in enumerate(members if isinstance(members, (list, tuple)) else [members]):
            if report.times is None or report.error is None or report.error_wrong_start is None:
                raise ValueError(f"exposure_bias {name}: no states were shown to this model")
            label = name or "from a true state"
            time, right, wrong = _grouped(report.times, report.error, report.error_wrong_start)
            panel.plot(1e3 * time, right, label=label if number == 0 else None, **look | {"linewidth": 1.5, "alpha": 1})
            dotted = {"color": look["color"], "linestyle": ":", "linewidth": 1.2}
            panel.plot(1e3 * time, wrong, **dotted)
    panel.plot([], [], ":", color=style.FAINT, label="from a wrong state")
    panel.set(xscale="log", yscale="log", xlabel="time since the last true state in ms")
    panel.set_ylabel("error-to-signal ratio of the states")
    style.legend(figure, panel)
    style.title(figure, title)
    return figure


def _grouped(times: NDArray, *curves: NDArray) -> list[NDArray]:
    """Means over stretches of time that grow with it."""
    edges = np.unique(np.geomspace(1, len(times), GROUPS).astype(int)) - 1
    sizes = np.diff(np.append(edges, len(times)))
    return [np.add.reduceat(np.asarray(row, float), edges) / sizes for row in (times, *curves)]
