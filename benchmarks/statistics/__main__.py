"""`python -m benchmarks.statistics`: how often the tests of a study are wrong, at a nominal 5 %."""

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.statistics.rates import CONTENDERS, SEEDS, TESTS, WITHIN, rate
from circuitnn.study.benchmark import Benchmark, main
from circuitnn.study.tables import markdown

CELLS = (6, 8, 12, 20)
SPREADS = (0.0, 1.0, 3.0)


def options(parser: argparse.ArgumentParser) -> None:
    """How many studies are simulated."""
    parser.add_argument("--draws", type=int, default=10_000, help="simulated studies a figure; default: %(default)s")


def prepare(names: tuple[str, ...], options: argparse.Namespace) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    """The head of the report and its rows."""
    if options.draws < 1:
        raise ValueError(f"--draws must be at least 1, got {options.draws}")
    head = {"draws": options.draws, "seeds": SEEDS, "within_db": WITHIN, "contenders": CONTENDERS}
    return head, _rows(names, options.draws)


def _rows(names: tuple[str, ...], draws: int) -> Iterator[dict[str, Any]]:
    for name in names:
        for cells in CELLS:
            rates = {f"{spread:g}": rate(TESTS[name], cells=cells, spread=spread, draws=draws) for spread in SPREADS}
            yield {"test": name, "cells": cells, "rates": rates}


def line(row: Mapping[str, Any]) -> str:
    """A row on the screen."""
    rates = ", ".join(f"{_percent(value)} at {spread} dB" for spread, value in row["rates"].items())
    return f"{row['test']}, {row['cells']} cells: {rates}"


def tables(report: Mapping[str, Any]) -> str:
    """Rates in percent: cells and the spread between them across, tests down."""
    rows = report["rows"]
    spreads = [f"{spread:g}" for spread in SPREADS]
    heads = ["wrong, %", *(f"{cells} cells: {' / '.join(spreads)} dB" for cells in CELLS)]
    lines: dict[str, list[str]] = {}
    for row in rows:
        lines.setdefault(row["test"], []).append(" / ".join(_percent(row["rates"][key])[:-2] for key in spreads))
    empty = [""] * len(CELLS)
    return markdown(heads, [[name, *(*cells, *empty)[: len(CELLS)]] for name, cells in lines.items()])


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


BENCHMARK = Benchmark(
    module="benchmarks.statistics",
    about="How often the tests of a study are wrong, on simulated studies in which nothing differs.",
    items=tuple(TESTS),
    options=options,
    prepare=prepare,
    line=line,
    targets=lambda parts: [],
    tables=tables,
    kind="tests",
    rounds=None,
)

if __name__ == "__main__":
    raise SystemExit(main(BENCHMARK))
