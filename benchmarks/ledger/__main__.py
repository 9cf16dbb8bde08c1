"""`python -m benchmarks.ledger`: laws that every model of a circuit has to obey, and broken models that are refused."""

import argparse
import math
import time
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import jax

from benchmarks.circuits import header
from benchmarks.ledger import devices, energy, orders, power, slopes, small_signals
from benchmarks.ledger.line import Line
from circuitnn import spice
from circuitnn.numerics.report import SolveWarning
from circuitnn.study.benchmark import Benchmark, Rows, main
from circuitnn.study.tables import Cell, Row, markdown

LINES: dict[str, Line] = {
    line.name: line
    for line in (
        power.LINE,
        power.KIRCHHOFF,
        orders.LINE,
        energy.LINE,
        devices.LINE,
        devices.NGSPICE,
        slopes.LINE,
        small_signals.LINE,
        small_signals.LIMIT,
    )
}


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="a few circuits and devices of each line")


def prepare(names: tuple[str, ...], options: argparse.Namespace) -> tuple[dict[str, Any], Iterator[Row]]:
    jax.config.update("jax_enable_x64", True)
    if devices.NGSPICE.name in names and spice.version() is None:
        raise ValueError("a line needs ngspice on the PATH; on Debian: apt-get install ngspice")
    return header(quick=options.quick), (entry(LINES[name], is_quick=options.quick) for name in names)


def entry(line: Line, *, is_quick: bool = False) -> dict[str, Any]:
    """A line of the ledger: the figures of its subjects and of its broken models."""
    began = time.perf_counter()
    subjects, controls = (line.quick, line.quick_controls) if is_quick else (line.subjects, line.controls)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SolveWarning)  # what was not solved has no figure
        figures = {name: _figure(line.measure(name), forget=not is_quick) for name in subjects}
        broken = {name: _figure(line.broken(name), forget=not is_quick) for name in controls}
    worst = max(figures, key=lambda name: math.inf if math.isnan(figures[name]) else figures[name])
    nearest = min(broken, key=lambda name: -math.inf if math.isnan(broken[name]) else broken[name])
    return {
        "line": line.name,
        "law": line.law,
        "figure": line.figure,
        "bound": line.bound,
        "figures": figures,
        "worst": worst,
        "is_kept": all(line.holds(figure) for figure in figures.values()),
        "broken": [name for name, figure in figures.items() if not line.holds(figure)],
        "control": line.control,
        "controls": broken,
        "nearest": nearest,
        "is_refused": all(line.refuses(figure) for figure in broken.values()),
        "seconds": time.perf_counter() - began,
    }


def _figure(value: float, *, forget: bool) -> float:
    if forget:  # a process may map only so many pieces of memory, and each compiled program takes some
        jax.clear_caches()
    return float(value)


def line(row: Row) -> str:
    return (
        f"{row['line']:32s} worst {row['figures'][row['worst']]:.1e} ({row['worst']}) of {row['bound']:.0e}: "
        f"{'kept' if row['is_kept'] else 'BROKEN by ' + ', '.join(row['broken'])}; control "
        f"{row['controls'][row['nearest']]:.1e}: {'refused' if row['is_refused'] else 'PASSED'}  "
        f"({row['seconds']:.0f} s)"
    )


def targets(parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each line: whether it is kept, and whether its broken models are refused."""
    return [{"what": row["line"], "is_met": row["is_kept"] and row["is_refused"]} for row in parts["rows"]]


def tables(report: Mapping[str, Any]) -> str:
    """The ledger in Markdown."""
    heads = ("line", "of", "worst", "at", "bound", "kept", "broken model", "its figure", "refused")
    cells: list[list[Cell]] = [
        [
            row["line"], len(row["figures"]), row["figures"][row["worst"]], row["worst"], row["bound"],
            "yes" if row["is_kept"] else "NO", row["control"], row["controls"][row["nearest"]],
            "yes" if row["is_refused"] else "NO",
        ]
        for row in report["rows"]
    ]  # fmt: skip
    meaning = [(row["line"], row["law"], row["figure"]) for row in report["rows"]]
    return "\n\n".join([markdown(heads, cells), markdown(("line", "law", "figure"), meaning)])


def holds(parts: Rows) -> bool:
    """Whether every line is kept and every broken model refused."""
    return all(row["is_kept"] and row["is_refused"] for row in parts)


BENCHMARK = Benchmark(
    module="benchmarks.ledger",
    about="Laws that every model of a circuit has to obey, and broken models that have to be refused.",
    items=tuple(LINES),
    kind="lines",
    rounds=None,
    options=options,
    prepare=prepare,
    line=line,
    targets=targets,
    tables=tables,
    holds=holds,
)

if __name__ == "__main__":
    raise SystemExit(main(BENCHMARK))
