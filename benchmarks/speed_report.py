"""What the benchmarks of speed share in their reports: figures of a model, its cells in a table, targets."""

from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.catalogue import FS, Cell, markdown
from benchmarks.timing import BATCH_ONE, BATCH_TWO, BATCHES, GRADIENT, MOVING, ONE, Step


def figures(found: Mapping[str, Step], best: Mapping[str, float], first: Mapping[str, float]) -> dict[str, Any]:
    """What is reported of a model, from the seconds that its steps took at best and at first."""
    cost = {name: 1e3 * best[name] / step.audio_seconds for name, step in found.items()}
    return {
        "one_stream_ms": cost[ONE],
        "batch_ms_per_stream": {name: cost[name] for name in BATCHES if name in cost},
        "gradient_samples_per_second": found[GRADIENT].audio_seconds * FS / best[GRADIENT]
        if GRADIENT in found
        else None,
        "moving_knobs_ms": cost.get(MOVING),
        "moving_knobs_cost": best[MOVING] / best[ONE] if MOVING in found else None,
        "first_call_seconds": {name: first[name] for name in found},
    }


def cells(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    """The cells of a table with what `figures` reports."""
    first, rate = row["first_call_seconds"], row["gradient_samples_per_second"]
    return (
        row["one_stream_ms"],
        *(row["batch_ms_per_stream"].get(kind) for kind in BATCHES),
        None if rate is None else rate / 1e6,
        times(row["moving_knobs_cost"]),
        first[ONE],
        first.get(GRADIENT),
    )


def heads(batch: int) -> tuple[str, ...]:
    """Those of `cells`."""
    return (
        "one stream, ms", f"batch {batch}, ms per stream: one device", "two devices", "two threads",
        "gradient, Msamples/s", "moving knobs", "first call, s", "gradient first call, s",
    )  # fmt: skip


def times(ratio: float | None) -> str | None:
    return None if ratio is None else f"x {ratio:.2f}"


def target(what: str, aim: float, measured: float, *, at_least: bool = False) -> dict[str, Any]:
    """What was aimed at, and what was measured for it."""
    is_met = measured >= aim if at_least else measured <= aim
    return {"what": what, "aim": aim, "measured": measured, "is_met": bool(is_met)}


def first_calls(calls: Mapping[str, Mapping[str, float]], aim: float) -> list[dict[str, Any]]:
    """A target for the longest first call of each kind, from the seconds of each model."""
    found = []
    for kind in (ONE, BATCH_ONE, BATCH_TWO, MOVING, GRADIENT):
        some = [(each[kind], name) for name, each in calls.items() if kind in each]
        if some:
            longest, name = max(some)
            found.append(target(f"first call, {kind}, s, the worst: {name}", aim, longest))
    return found


def target_table(targets: Iterable[Mapping[str, Any]]) -> str:
    """Targets in Markdown."""
    rows = ((each["what"], each["aim"], each["measured"], "met" if each["is_met"] else "missed") for each in targets)
    return markdown(("target", "aim", "measured", ""), rows)
