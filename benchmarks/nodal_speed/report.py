"""Rows, targets and tables of the speed benchmark."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks import timing
from benchmarks.catalogue import markdown
from benchmarks.speed_report import cells, first_calls, heads, target, target_table

# Milliseconds of computing for a second of audio: one stream, and each stream of a batch of 256.
TARGETS = {
    "diode_clipper": (5.0, 0.8),
    "tube_screamer_clipping": (10.0, 1.2),
    "common_emitter": (25.0, 2.0),
    "triode_koren": (50.0, 4.0),
    "triode_dempwolf": (50.0, 4.0),
}
REAL_TIME = "sd1"  # must be faster than real time
FIRST_CALL, MOVING_COST = 8.0, 2.0


def targets(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each target with what was measured for it: what, aim, measured, is_met."""
    found = []
    for row in rows:
        name = row["circuit"]
        if name in TARGETS:
            one, each = TARGETS[name]
            found.append(target(f"{name}: one stream, ms", one, row["one_stream_ms"]))
            found.append(target(f"{name}: batch, ms per stream", each, min(row["batch_ms_per_stream"].values())))
        if name == REAL_TIME:
            found.append(target(f"{name}: one stream, ms", 1000.0, row["one_stream_ms"]))
    moving = [(row["moving_knobs_cost"], row["circuit"]) for row in rows if row["moving_knobs_cost"] is not None]
    if moving:
        worst, name = max(moving)
        found.append(target(f"knobs moved at every sample over constant ones, the worst: {name}", MOVING_COST, worst))
    return found + first_calls({row["circuit"]: row["first_call_seconds"] for row in rows}, FIRST_CALL)


def tables(report: Mapping[str, Any]) -> str:
    """Both tables in Markdown."""
    head, rows = report["header"], report["rows"]
    sizes = "nodes", "states", "ports"
    lines = ((row["circuit"], *(row[size] for size in sizes), *cells(row), row["ngspice_ms"]) for row in rows)
    return "\n\n".join(
        [
            f"Milliseconds of computing for one second of audio at 48 kHz, {head['dtype']}; forward and gradient with "
            f"respect to all values at a batch of {timing.GRADIENT_BATCH} x {timing.GRADIENT_TIME}; cost of knobs "
            f"moved at every sample over constant ones. Minima of {head['rounds']} rounds; {head['signal']}; "
            f"{head['cores']} cores.",
            markdown(("circuit", *sizes, *heads(head["batch"]), "ngspice, ms"), lines),
            target_table(report["targets"]),
        ]
    )
