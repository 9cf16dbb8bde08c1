"""Targets and tables of the Klon benchmark."""

from collections.abc import Mapping
from typing import Any

from benchmarks.klon.training import GAINS, PUBLISHED
from circuitnn.study.tables import Cell, markdown, target, target_table

ONE_STREAM, AGGREGATE, MINUTES = 1.0, 20.0, 15.0
NETWORK_HEADS = (
    "gain", "network", "validation ESR, %", "published, %", "test ESR, %", "updates", "training, min",
)  # fmt: skip
TOLERANCE = 2.0  # of the conditioned network's error over the published one for a network of each gain


def targets(parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each target with what was measured for it: what, aim, measured, is_met."""
    rows, found = parts["rows"], []
    speeds = [row for row in rows if row["kind"] == "speed"]
    for key, aim, what in (
        ("one_stream", ONE_STREAM, "one stream"),
        ("batch_aggregate", AGGREGATE, "batch of 64, aggregate"),
    ):
        if speeds:
            slowest = min(speeds, key=lambda row: row[key])
            name = f"{what}, times real time, the slowest: {slowest['version']}"
            found.append(target(name, aim, slowest[key], at_least=True))
    for row in rows:
        if row["kind"] == "network":
            published = PUBLISHED[GAINS.index(row["gain"])]
            factor = TOLERANCE if row["is_conditioned"] else 1.0
            name = f"{_network(row)}, gain {row['gain']:g}: validation ESR, %"
            found.append(target(name, factor * published, row["validation_esr"]))
    minutes = {_network(row): row["seconds"] / 60 for row in rows if row["kind"] == "network"}
    if minutes:
        name = max(minutes, key=lambda each: minutes[each])
        found.append(target(f"training, minutes, the longest: {name}", MINUTES, minutes[name]))
    return found


def tables(report: Mapping[str, Any]) -> str:
    """All tables in Markdown."""
    head, rows = report["header"], report["rows"]
    parts = []
    speeds = [row for row in rows if row["kind"] == "speed"]
    if speeds:
        heads = ("whole pedal", "one stream", f"batch of {speeds[0]['batch']}, aggregate", "each of its streams")
        lines = ((row["version"], row["one_stream"], row["batch_aggregate"], row["batch_each"]) for row in speeds)
        parts += [
            f"Seconds of audio at 48 kHz for a second of computing, single precision; minima of {head['rounds']} "
            f"interleaved rounds; {head['cores']} cores.",
            markdown(heads, lines),
        ]
    networks = [row for row in rows if row["kind"] == "network"]
    if networks:
        parts += [
            f"GRU-8 and dense layer in place of the driven path; {head['signal']}.",
            markdown(NETWORK_HEADS, map(_network_cells, networks)),
        ]
    return "\n\n".join([*parts, target_table(report["targets"])])


def _network_cells(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    published = PUBLISHED[GAINS.index(row["gain"])]
    errors = (row["validation_esr"], published, row["test_esr"])
    return (row["gain"], _network(row), *errors, row["updates"], row["seconds"] / 60)


def _network(row: Mapping[str, Any]) -> str:
    return "one for all gains" if row["is_conditioned"] else f"of gain {row['gain']:g}"
