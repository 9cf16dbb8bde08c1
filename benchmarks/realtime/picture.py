"""`python -m benchmarks.realtime.picture REPORT PNG`: the Klon in blocks, from a report of the benchmark."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from benchmarks.realtime.engines import EXPORTED, JAX, NATIVE
from circuitnn.files import replacing
from circuitnn.plot import style

VERSIONS = {"klon": "nodal", "klon-wdf": "gain stage: wave digital", "klon-GRU-8": "gain stage: GRU-8"}
LINES = {JAX: (style.VERMILION, "o"), NATIVE: (style.BLUE, "s"), EXPORTED: (style.GREEN, "^")}
NAMES = {JAX: "Python: XLA", NATIVE: "Python: compiled C", EXPORTED: "exported C"}
PUBLISHED = {"klon": (0.061, 0.072), "klon-wdf": (0.061, 0.072), "klon-GRU-8": (0.047, 0.053)}


def message(rows: Sequence[Mapping[str, Any]]) -> str:
    """What the picture says, from the worst of the versions shown."""
    exported = max(cost for row in rows for cost in row["costs"][EXPORTED].values())
    needed = [min((int(size) for size, cost in row["costs"][JAX].items() if cost < 1), default=None) for row in rows]
    python = "is never fast enough" if None in needed else f"needs blocks of {max(filter(None, needed))} samples"
    return f"The Klon as exported C: {1 / exported:.0f} times real time or more in blocks of any size;\nPython {python}"


@style.drawn
def draw(report: Mapping[str, Any], fs: int) -> Figure:
    """Cost by size of the block, a panel for each version.

    Raises:
        ValueError: when the report has none of the versions at that rate.
    """
    rows = [row for row in report["rows"] if row["in_blocks"] and row["fs"] == fs and row["model"] in VERSIONS]
    if not rows:
        raise ValueError(f"the report has no Klon in blocks at {fs} Hz")
    figure, axes = style.panels(1, len(rows), size=(9, 4), sharey=True)
    for panel, row in zip(axes[0], rows, strict=True):
        _panel(panel, row)
    axes[0, 0].set_ylabel("seconds of computing\nfor a second of sound")
    axes[0, 0].legend(loc="upper right", fontsize=8)
    figure.suptitle(f"{message(rows)}\n{fs / 1000:g} kHz, single precision", x=0.01, ha="left")
    return figure


def _panel(panel: Any, row: Mapping[str, Any]) -> None:
    for engine, (colour, marker) in LINES.items():
        costs = {int(size): cost for size, cost in row["costs"][engine].items()}
        panel.loglog(list(costs), list(costs.values()), color=colour, marker=marker, ms=4, label=NAMES[engine])
    panel.axhline(1, color=style.INK, lw=1, ls="--")
    panel.text(4096, 1.1, "real time", ha="right", va="bottom", fontsize=8)
    panel.axhspan(*PUBLISHED[row["model"]], color=style.FAINT, alpha=0.5, lw=0)
    panel.text(8, 1.15 * PUBLISHED[row["model"]][1], "C++, Chowdhury 2020", ha="left", va="bottom", fontsize=8)
    panel.set_xscale("log", base=2)
    panel.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:g}"))
    panel.set_xlabel("samples of a block")
    panel.set_title(VERSIONS[row["model"]])


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.realtime.picture", description=__doc__)
    parser.add_argument("report", type=Path, help="results/realtime.json")
    parser.add_argument("png", type=Path)
    parser.add_argument("--fs", type=int, default=44_100, help="sample rate, Hz; default: %(default)s")
    options = parser.parse_args(argv)
    figure = draw(json.loads(options.report.read_text()), options.fs)
    with replacing(options.png) as file:
        figure.savefig(file, format="png", dpi=120)


if __name__ == "__main__":
    main()
