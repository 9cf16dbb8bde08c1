"""Rows, targets and tables of the speed benchmark."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.catalogue import FS, markdown
from benchmarks.nodal_speed import work

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
BATCHES = (work.BATCH_ONE, work.BATCH_TWO, work.THREADS)


def figures(found: Mapping[str, work.Step], best: Mapping[str, float], first: Mapping[str, float]) -> dict[str, Any]:
    """What is reported of a circuit, from the seconds that its steps took at best and at first."""
    cost = {name: 1e3 * best[name] / step.audio_seconds for name, step in found.items()}
    per_stream = {name: cost[name] for name in BATCHES if name in cost}
    gradient = found[work.GRADIENT].audio_seconds * FS / best[work.GRADIENT] if work.GRADIENT in found else None
    return {
        "one_stream_ms": cost[work.ONE],
        "batch_ms_per_stream": per_stream,
        "gradient_samples_per_second": gradient,
        "moving_knobs_ms": cost.get(work.MOVING),
        "moving_knobs_cost": best[work.MOVING] / best[work.ONE] if work.MOVING in found else None,
        "first_call_seconds": {name: first[name] for name in found},
    }


def targets(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each target with what was measured for it: what, aim, measured, is_met."""
    found = []

    def add(what: str, aim: float, measured: float) -> None:
        found.append({"what": what, "aim": aim, "measured": measured, "is_met": bool(measured <= aim)})

    for row in rows:
        name = row["circuit"]
        if name in TARGETS:
            one, each = TARGETS[name]
            add(f"{name}: one stream, ms", one, row["one_stream_ms"])
            add(f"{name}: batch, ms per stream", each, min(row["batch_ms_per_stream"].values()))
        if name == REAL_TIME:
            add(f"{name}: one stream, ms", 1000.0, row["one_stream_ms"])
    moving = [(row["moving_knobs_cost"], row["circuit"]) for row in rows if row["moving_knobs_cost"] is not None]
    if moving:
        worst, name = max(moving)
        add(f"knobs moved at every sample over constant ones, the worst: {name}", MOVING_COST, worst)
    for kind in (work.ONE, work.BATCH_ONE, work.BATCH_TWO, work.MOVING, work.GRADIENT):
        calls = [(row["first_call_seconds"][kind], row["circuit"]) for row in rows if kind in row["first_call_seconds"]]
        if calls:
            worst, name = max(calls)
            add(f"first call, {kind}, s, the worst: {name}", FIRST_CALL, worst)
    return found


def tables(report: Mapping[str, Any]) -> str:
    """Both tables in Markdown."""
    head, rows = report["header"], report["rows"]
    many = f"batch {head['batch']}, ms per stream"
    heads = (
        "circuit", "nodes", "states", "ports", "one stream, ms", f"{many}: one device", "two devices", "two threads",
        "gradient, Msamples/s", "moving knobs", "first call, s", "gradient first call, s", "ngspice, ms",
    )  # fmt: skip
    cells = []
    for row in rows:
        gradient = row["gradient_samples_per_second"]
        first = row["first_call_seconds"]
        size = (row["nodes"], row["states"], row["ports"])
        batch = (row["batch_ms_per_stream"].get(kind) for kind in BATCHES)
        rate = None if gradient is None else gradient / 1e6
        calls = (first[work.ONE], first.get(work.GRADIENT))
        moving = _times(row["moving_knobs_cost"])
        cells.append((row["circuit"], *size, row["one_stream_ms"], *batch, rate, moving, *calls, row["ngspice_ms"]))
    aims = (
        (each["what"], each["aim"], each["measured"], "met" if each["is_met"] else "missed")
        for each in report["targets"]
    )
    return "\n\n".join(
        [
            f"Milliseconds of computing for one second of audio at 48 kHz, {head['dtype']}; forward and gradient with "
            f"respect to all values at a batch of {work.GRADIENT_BATCH} x {work.GRADIENT_TIME}; cost of knobs moved at "
            f"every sample over constant ones. Minima of {head['rounds']} rounds; {head['signal']}; "
            f"{head['cores']} cores.",
            markdown(heads, cells),
            markdown(("target", "aim", "measured", ""), aims),
        ]
    )


def _times(ratio: float | None) -> str | None:
    return None if ratio is None else f"x {ratio:.2f}"
