"""Error against cost: what an error takes of operations a sample."""

import math
import textwrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator

from circuitnn.study import style, wording
from circuitnn.study.records import NODAL, Records, Spread
from circuitnn.study.style import Picture

COLUMNS = 2  # of panels
LETTERS = 56  # of a line of a title, as wide as a panel
_HIGHEST = 1e2  # an ESR above it says no more than "useless"


Point = tuple[str, str | None, float, Spread]


def cost(records: Records) -> Picture | None:
    """Median free-running ESR of each model under each regime over its operations a sample, a panel for each circuit.

    None for results that do not say what models cost, and where all cost the same.
    """
    points = {circuit: _points(records, circuit) for circuit in records.circuits}
    if len({operations for found in points.values() for _, _, operations, _ in found}) < 2:
        return None
    rows = math.ceil(len(points) / COLUMNS)
    figure = Figure(figsize=(10, 1.3 + 3.4 * rows))
    grid = figure.subplots(rows, min(COLUMNS, len(points)), squeeze=False)
    for axes in grid.flat[len(points) :]:
        axes.set_visible(False)
    for axes, (circuit, found) in zip(grid.flat, points.items(), strict=False):
        axes.set_title(textwrap.fill(records.title(circuit), LETTERS))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("operations a sample")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("")
        axes.set_ylabel("free-running ESR")
        for _, regime, operations, spread in found:
            look = style.line(regime or "") | {"linestyle": "none"}
            middle, low, high = (min(value, _HIGHEST) for value in (spread.median, spread.low, spread.high))
            axes.errorbar(operations, middle, [[middle - low], [high - middle]], **look, markersize=6, capsize=2)
        _name(axes, found)
    handles: list[Line2D] = style.regime_handles(records.regimes, linestyle="none")
    caption = (
        "Median over seeds, the bar from the lowest to the highest. Operations are those of one sample with knobs that "
        "move, counted in the model's own step."
    )
    return style.picture("error-against-cost.png", figure, _message(points), caption, handles=handles)


def _name(axes: Axes, found: list[Point]) -> None:
    """Each model once, beside the panel, with a line to its best point: models of the same cost lie on each other."""
    best = {point[0]: point for point in sorted(found, key=lambda point: -point[3].median)}
    low, high = (math.log10(end) for end in axes.get_ylim())
    points = sorted(best.values(), key=lambda point: point[3].median)
    places = apart([(math.log10(point[3].median) - low) / (high - low) for point in points])
    for at, (model, _, operations, spread) in zip(places, points, strict=True):
        axes.annotate(
            model,
            (operations, min(spread.median, _HIGHEST)),
            xytext=(1.03, at),
            textcoords="axes fraction",
            fontsize=8,
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": style.FAINT, "linewidth": 0.6},
        )


def apart(heights: list[float]) -> list[float]:
    """Heights in ascending order so far from each other that a line of text has room, none above the axes."""
    room = 1 / max(len(heights), 14)
    places: list[float] = []
    for height in heights:
        places.append(max(height, places[-1] + room) if places else height)
    top = 1.0
    for index in reversed(range(len(places))):
        places[index] = min(places[index], top)
        top = places[index] - room
    return places


def _points(records: Records, circuit: str) -> list[Point]:
    """(model, regime, operations, errors) of what has both."""
    found = []
    for model, regime in records.runs(circuit):
        operations, errors = (records.spread(key, circuit, model, regime) for key in ("operations", "free_running"))
        if model != NODAL and operations.values and math.isfinite(errors.median):
            found.append((model, regime, operations.median, errors))
    return found


def _message(points: dict[str, list[Point]]) -> str:
    """In how many circuits a dearer model than the cheapest is the best."""
    told = [found for found in points.values() if found]
    best = [min(found, key=lambda point: point[3].median) for found in told]
    cheapest = sum(one[2] <= min(point[2] for point in found) for one, found in zip(best, told, strict=True))
    return f"The cheapest model has the lowest error on {cheapest} of {wording.plural(len(told), 'circuit')}"
