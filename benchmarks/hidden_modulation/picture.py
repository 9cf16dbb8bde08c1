"""`python -m benchmarks.hidden_modulation.picture REPORT PNG`: error and phase after the context, from a report."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.hidden_modulation.contenders import BOTH, MODULATION, MOVING, PHASE, SWEPT
from circuitnn.files import replacing
from circuitnn.plot import style
from circuitnn.plot.style import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION

SECONDS = 0.25  # of a bin
# Contender and condition: how the line looks.
LINES: dict[tuple[str, str], dict[str, Any]] = {
    ("GRU, hidden", BOTH): {"color": VERMILION, "marker": "v", "label": "GRU that never hears of it"},
    ("SMGRU, hidden", BOTH): {"color": ORANGE, "marker": "P", "label": "SMGRU, true states in context"},
    ("STN, given", BOTH): {"color": BLUE, "marker": "o", "label": "oscillator and STN"},
    ("STN, given", MODULATION): {"color": SKY, "marker": "s", "ls": "--", "label": "STN, modulation given"},
    ("circuit", BOTH): {"color": GREEN, "marker": "^", "label": "oscillator and circuit"},
    ("circuit", MODULATION): {"color": PURPLE, "marker": "D", "ls": "--", "label": "circuit, modulation given"},
}
DRIFTS = {PHASE: ("s", "-"), BOTH: ("o", "-"), MOVING: ("v", "--"), SWEPT: ("P", ":")}


@style.drawn
def draw(report: Mapping[str, Any]) -> Figure:
    """Error by horizon on the left, drift of the phase on the right."""
    rows = {(row["contender"], row["condition"]): row for row in report["rows"]}
    figure, axes = style.panels(1, 2, size=(10, 4.6))
    left, right = axes[0]
    for key, look in LINES.items():
        if key in rows:
            errors = rows[key]["horizon"]
            left.semilogy(_middles(len(errors)), errors, ms=4, **look)
    left.set(xlabel="seconds since the context", ylabel="ESR in 0.25 s, all excerpts")
    left.set_title("Phase and rate hidden: error")
    for (name, condition), row in rows.items():
        if row["drift"] is None or name not in ("STN, given", "circuit"):
            continue
        marker, dashes = DRIFTS[condition]
        away = np.sqrt(np.mean(np.square(row["drift"]), axis=0))
        colour, who = (BLUE, "STN") if name == "STN, given" else (GREEN, "circuit")
        times = SECONDS * np.arange(len(away))
        right.semilogy(times, away, ls=dashes, marker=marker, ms=4, color=colour, label=f"{who}: {condition}")
    right.set(xlabel="seconds since the context", ylabel="error of the phase in rad, r.m.s.")
    right.set_title("Oscillator found: drift of its phase")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=2, fontsize=8)
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower right", ncols=2, fontsize=8)
    style.title(figure, "A second of output tells where a hidden oscillator is")
    return figure


def _middles(bins: int) -> np.ndarray:
    return SECONDS * (np.arange(bins) + 0.5)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hidden_modulation.picture", description=__doc__)
    parser.add_argument(
        "report", nargs="+", type=Path, help="results/hidden-modulation.json; rows of several are joined"
    )
    parser.add_argument("png", type=Path)
    options = parser.parse_args(argv)
    reports = [json.loads(path.read_text()) for path in options.report]
    figure = draw({"rows": [row for report in reports for row in report["rows"]]})
    with replacing(options.png) as file:
        figure.savefig(file, format="png", dpi=110)


if __name__ == "__main__":
    main()
