"""A figure once more for a phone: panels below each other, titles wrapped, legends in fewer columns."""

import textwrap
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from circuitnn.plot.style import png

WIDTH = 4.1  # inches, on a screen that is 360 pixels wide: letters of 9.5 points are some 11 of them high
LETTERS = 41  # of a label, in that
UPRIGHT = 24  # of a label that stands upright, beside the highest panel
PANEL = 2.2  # inches, the height of a panel, but for what labels take
LINE = 0.19  # inches
FEW = 2  # rows and columns of panels, up to which what is below each other stays so


def narrow(figure: Figure, message: str) -> bytes:
    """The picture as a file; the figure is changed by it, and done with.

    Args:
        figure: that has been drawn.
        message: its title.
    """
    ratios = _below_each_other(figure)
    title = textwrap.wrap(message, int(0.85 * LETTERS))
    figure.suptitle("\n".join(title), x=0.012, ha="left")
    heights = iter(ratios)
    for axes in figure.axes:
        if axes.get_subplotspec() is not None:
            axes.set_ylabel(textwrap.fill(axes.get_ylabel(), max(12, int(UPRIGHT * next(heights)))))
        axes.set_xlabel(textwrap.fill(axes.get_xlabel(), LETTERS - 6))
        if len(axes.get_title(loc="left")) > LETTERS - 6:
            axes.set_title(textwrap.fill(axes.get_title(loc="left"), LETTERS - 6))
    lines = len(title) + sum(_fewer_columns(figure))
    figure.set_size_inches(WIDTH, PANEL * sum(ratios) + LINE * lines + 0.3)
    return png(figure)


def _below_each_other(figure: Figure) -> list[float]:
    """Put the panels in one column; how high each is against the highest, in the order of the figure's."""
    placed: list[tuple[Axes, int, int, float]] = []
    shape = 1, 1
    for axes in figure.axes:
        spec = axes.get_subplotspec()
        if spec is None:
            continue
        before: Any = spec.get_gridspec()
        shape = before.nrows, before.ncols
        ratios = before.get_height_ratios()
        placed.append((axes, spec.rowspan.start, spec.colspan.start, ratios[spec.rowspan.start] / max(ratios)))
    rows, columns = shape
    if columns == 1:
        # Rows that were drawn small were many.
        return [ratio * figure.get_figheight() / (rows * PANEL) if rows == 1 else ratio for *_, ratio in placed]
    labels = {row: axes.get_ylabel() for axes, row, column, _ in placed if column == 0}
    by_column = rows <= FEW and columns <= FEW
    order = sorted(placed, key=lambda place: (place[2], place[1]) if by_column else (place[1], place[2]))
    grid = GridSpec(len(order), 1, figure=figure, height_ratios=[ratio for *_, ratio in order])
    for place, (axes, row, _, _) in enumerate(order):
        axes.set_subplotspec(grid[place, 0])
        axes.set_ylabel(axes.get_ylabel() or labels.get(row, ""))
        axes.tick_params(labelleft=True)
    return [ratio for *_, ratio in placed]


def _fewer_columns(figure: Figure) -> list[int]:
    """Draw the legends of a figure anew, as many columns as there is room for; the lines of each."""
    lines = []
    for legend in list(figure.legends):
        labels = [textwrap.fill(text.get_text(), LETTERS - 8) for text in legend.get_texts()]
        title = textwrap.fill(legend.get_title().get_text(), LETTERS - 4)
        longest = max((len(line) for label in labels for line in label.splitlines()), default=1)
        columns = max(1, min(len(labels), LETTERS // (longest + 7)))
        handles: Any = legend.legend_handles
        legend.remove()
        figure.legend(
            handles,
            labels,
            loc="outside lower left",
            ncols=columns,
            title=title or None,
            alignment="left",
        )
        most = max((label.count("\n") + 1 for label in labels), default=0)
        lines.append(most * -(-len(labels) // columns) + bool(title))
    return lines
