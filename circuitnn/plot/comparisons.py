"""Models beside each other."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from circuitnn.arguments import checked_rate
from circuitnn.losses import esr
from circuitnn.plot import residuals, style
from circuitnn.plot.sounds import draw_excerpt, draw_spectra, signals_by_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@style.drawn
def comparison(signals: Mapping[str, ArrayLike], fs: float, *, unit: str = "V", title: str | None = None) -> "Figure":
    """Signals where the first is loudest and where it is quiet, their differences from it, and their spectra.

    In the legend each has its error-to-signal ratio against the first.

    Args:
        signals: by name, (time,) or (time, 1) each, of one length, the reference first.
        fs: sample rate, Hz.
        unit: of the signals.
        title: what the picture says, above it.

    Raises:
        ValueError: for less than two signals, other shapes or different lengths.
    """
    rows = signals_by_name(signals)
    if len(rows) < 2:
        raise ValueError("comparison: two signals or more by name, the reference first")
    rate, first = checked_rate(fs), next(iter(rows.values()))
    errors = [None if row is first else float(esr(row, first)) for row in rows.values()]
    rows = {
        name if error is None else f"{name}, ESR {error:.2g}": row
        for (name, row), error in zip(rows.items(), errors, strict=True)
    }
    figure = style.panels(size=(style.WIDTH, 6.4))[0]
    figure.clear()
    grid = figure.add_gridspec(3, 2, height_ratios=(3, 2, 3))
    for column, (part, place) in enumerate(zip(residuals.excerpts(first, rate), ("loudest", "quiet"), strict=True)):
        above = figure.add_subplot(grid[0, column])
        below = figure.add_subplot(grid[1, column], sharex=above)
        time = 1e3 * np.arange(part.stop - part.start) / rate
        draw_excerpt((above, below), time, {name: row[part] for name, row in rows.items()}, unit, difference=True)
        above.set_title(f"{place}, at {part.start / rate:.3f} s")
        above.tick_params(labelbottom=False)
        below.set_xlabel("time in ms")
    spectra = figure.add_subplot(grid[2, :])
    draw_spectra(spectra, rows, rate, unit)
    style.legend(figure, spectra)
    style.title(figure, title)
    return figure
