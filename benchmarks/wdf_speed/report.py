"""Rows, targets and tables of the speed benchmark of wave digital filters."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks import timing
from benchmarks.catalogue import markdown
from benchmarks.speed_report import cells, first_calls, heads, target, target_table, times
from benchmarks.wdf_speed.subjects import HOLD, NODAL

# Milliseconds of computing for a second of audio, in the better precision: one stream, each stream of a batch of 256.
TARGETS = {"diode_clipper": ("wdf, exact", 3.0, 0.5), "bassman": ("wdf", 2.0, 0.2)}
GRADIENT, FIRST_CALL = 2e6, 5.0


def against_nodal(row: Mapping[str, Any], nodal: Mapping[str, Any]) -> dict[str, float | None]:
    """How many times as fast as the nodal model: one stream, the batch at its best, the gradient."""
    one, other = row["gradient_samples_per_second"], nodal["gradient_samples_per_second"]
    return {
        timing.ONE: nodal["one_stream_ms"] / row["one_stream_ms"],
        "batch": _batch(nodal) / _batch(row),
        timing.GRADIENT: None if one is None or other is None else one / other,
    }


def targets(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each target with what was measured for it: what, aim, measured, is_met."""
    found = []
    for name, (engine, one, each) in TARGETS.items():
        own = [row for row in rows if (row["circuit"], row["engine"]) == (name, engine)]
        if own:
            best = min(row["one_stream_ms"] for row in own)
            found.append(target(f"{name}: one stream, ms, the better precision", one, best))
            best = min(_batch(row) for row in own)
            found.append(target(f"{name}: batch, ms per stream, the better precision", each, best))
    filters = {f"{row['circuit']} ({row['engine']}, {row['dtype']})": row for row in rows if row["engine"] != NODAL}
    rates = [(row["gradient_samples_per_second"], name) for name, row in filters.items()]
    known = [(rate / 1e6, name) for rate, name in rates if rate is not None]
    if known:
        slowest, name = min(known)
        what = f"gradient, Msamples/s at least, the worst: {name}"
        found.append(target(what, GRADIENT / 1e6, slowest, at_least=True))
    return found + first_calls({name: row["first_call_seconds"] for name, row in filters.items()}, FIRST_CALL)


def tables(report: Mapping[str, Any]) -> str:
    """Both tables in Markdown."""
    head, rows = report["header"], report["rows"]
    names = ("circuit", "engine", "precision", *heads(head["batch"]))
    faster = ("against nodal: one stream", "batch", "gradient")
    lines = ((row["circuit"], row["engine"], row["dtype"], *cells(row), *_faster(row)) for row in rows)
    return "\n\n".join(
        [
            "Milliseconds of computing for one second of audio at 48 kHz; forward and gradient with respect to all "
            "values (but the areas of paired diodes) at a batch of "
            f"{timing.GRADIENT_BATCH} x {timing.GRADIENT_TIME}; cost of knobs moved every {HOLD} "
            "samples over constant ones; how many times as fast as the nodal model of the same circuit. Minima of "
            f"{head['rounds']} interleaved rounds; {head['signal']}; {head['cores']} cores.",
            markdown((*names, *faster), lines),
            target_table(report["targets"]),
        ]
    )


def _batch(row: Mapping[str, Any]) -> float:
    return min(row["batch_ms_per_stream"].values())


def _faster(row: Mapping[str, Any]) -> list[str | None]:
    ratios = row["against_nodal"]
    return [times(None if ratios is None else ratios[kind]) for kind in (timing.ONE, "batch", timing.GRADIENT)]
