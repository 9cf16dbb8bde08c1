"""`python -m benchmarks.claims`: what the pages of the studies claim, the quick ones made anew."""

import argparse
import time
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.circuits import header
from benchmarks.claims.claims import CLAIMS
from circuitnn.study.benchmark import Benchmark, Rows, main
from circuitnn.study.tables import Row, markdown, text


def options(parser: argparse.ArgumentParser) -> None:
    """None of its own."""


def prepare(names: tuple[str, ...], options: argparse.Namespace) -> tuple[dict[str, Any], Iterator[Row]]:
    """The head of the report and its rows."""
    del options  # it has none of its own
    return header(), map(_row, names)


def _row(name: str) -> Row:
    claim, began = CLAIMS[name], time.perf_counter()
    found = None if claim.measured is None else float(claim.measured())
    is_met = None
    if found is not None and claim.within is not None:
        low, high = claim.within
        is_met = low <= found <= high
    return {
        "claim": name,
        "page": claim.page,
        "says": claim.says,
        "stands": claim.stands,
        "command": claim.command,
        "size": claim.size,
        "within": claim.within,
        "measured": found,
        "is_met": is_met,
        "seconds": time.perf_counter() - began,
    }


def line(row: Row) -> str:
    """A row on the screen."""
    return f"{row['claim']:34s} {_outcome(row)}   ({row['seconds']:.0f} s)"


def _outcome(row: Row) -> str:
    if not row["stands"]:
        return f"{row['page']} does not say so"
    if row["measured"] is None:
        return "not made here: takes too long"
    low, high = row["within"]
    found = f"{text(row['measured'])}, claimed {text(low)} to {text(high)}"
    return f"{found}: {'holds' if row['is_met'] else 'DOES NOT HOLD'}"


def holds(rows: Rows) -> bool:
    """Whether every claim stands on its page, and what was made anew agrees with it."""
    return all(row["stands"] and row["is_met"] is not False for row in rows)


def tables(report: Mapping[str, Any]) -> str:
    """In Markdown."""
    lines = [
        (row["claim"], row["page"], row["says"].replace("|", "/"), row["command"], row["size"], _outcome(row))
        for row in report["rows"]
    ]
    return markdown(("claim", "page", "words", "command", "size of its run", "outcome"), lines)


BENCHMARK = Benchmark(
    module="benchmarks.claims",
    about="What the pages of the studies claim, each with its command; what takes minutes is made anew.",
    items=tuple(CLAIMS),
    quick=tuple(name for name, claim in CLAIMS.items() if claim.measured is not None),
    kind="claims",
    rounds=None,
    options=options,
    prepare=prepare,
    line=line,
    targets=lambda parts: [],
    tables=tables,
    holds=holds,
)

if __name__ == "__main__":
    raise SystemExit(main(BENCHMARK))
