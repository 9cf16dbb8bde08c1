"""Coverage of the intervals, wrong netlists found and right ones suspected, from the rows of units."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import binomtest

from circuitnn.study.tables import Cell, markdown, target, target_table

LOW, HIGH = 93.0, 97.0  # per cent of 95 % intervals that should hold
FOUND = 95.0  # per cent of wrong netlists that should be called wrong
SECONDS = 60.0  # of a call
RECORDER = ("x_gain", "y_gain", "x_offset", "input", "output", "drift")


def coverage(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of each value of each circuit, and of each number of the recorder over all circuits; right netlists only."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["change"] is None and "error" not in row:
            for name, value in row["values"].items():
                found.setdefault((row["circuit"], name), []).append(value)
            for name, value in row["recorder"].items():
                found.setdefault(("recorder", name), []).append(value)
    return [
        {
            "circuit": circuit,
            "value": name,
            **share(value["is_covered"] for value in values),
            "off": float(np.median([_off(value, name) for value in values])),
            "width": float(np.median([_width(value, name) for value in values])),
        }
        for (circuit, name), values in sorted(found.items(), key=_order)
    ]


def verdicts(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Netlists that were called wrong, of each circuit and each change of the device."""
    found: dict[tuple[str, str], list[bool]] = {}
    for row in rows:
        found.setdefault((row["circuit"], row["change"] or ""), []).append(is_called_wrong(row))
    return [{"circuit": circuit, "change": change, **share(called)} for (circuit, change), called in found.items()]


def is_called_wrong(row: Mapping[str, Any]) -> bool:
    """Whether something is missing, or nothing explained; a recording that is refused says so as well."""
    return "error" in row or not row["is_explained"]


def share(holds: Iterable[bool]) -> dict[str, Any]:
    """Per cent, with the interval of Clopper and Pearson."""
    each = list(holds)
    interval = binomtest(sum(each), len(each)).proportion_ci()
    return {
        "units": len(each),
        "percent": 100 * sum(each) / len(each),
        "from": 100 * float(interval.low),
        "to": 100 * float(interval.high),
    }


def targets(parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = parts["rows"]
    found = []
    for row in coverage(rows):
        off = max(LOW - row["percent"], row["percent"] - HIGH, 0.0)
        found.append(target(f"{row['circuit']}, {row['value']}: % outside of {LOW:g} to {HIGH:g}", 0.0, off))
    wrong = [is_called_wrong(row) for row in rows if row["change"] is not None]
    if wrong:
        found.append(target("wrong netlists called wrong, %", FOUND, share(wrong)["percent"], at_least=True))
    if rows:
        found.append(target("seconds of a call, median", SECONDS, float(np.median([row["seconds"] for row in rows]))))
    return found


def tables(report: Mapping[str, Any]) -> str:
    """All tables in Markdown."""
    head, rows = report["header"], report["rows"]
    right = [row for row in rows if row["change"] is None]
    refused = sum("error" in row for row in right)
    seconds = np.median([row["seconds"] for row in rows])
    parts = [
        f"{len(right)} right units and {len(rows) - len(right)} wrong ones, {head['seconds']:g} s of {head['signal']} "
        f"each; {seconds:.1f} s a call (median) beside {np.median([row['simulated'] for row in rows]):.1f} s of "
        f"simulation; {refused} right units were refused.",
        markdown(("circuit", "value", "units", "covered, %", "95 %", "median error", "half width"), _covered(rows)),
        markdown(("circuit", "device", "units", "called wrong, %", "95 %"), _called(rows)),
        target_table(report["targets"]),
    ]
    return "\n\n".join(parts)


def _covered(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Cell, ...]]:
    for row in coverage(rows):
        unit = _UNITS.get(row["value"], "%")
        figures = (f"{row[key]:.2g} {unit}".rstrip() for key in ("off", "width"))
        yield row["circuit"], row["value"], row["units"], f"{row['percent']:.1f}", _between(row), *figures


def _called(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Cell, ...]]:
    found = verdicts(rows)
    for row in sorted(found, key=lambda row: (row["circuit"], row["change"])):
        change = row["change"] or "as the netlist says"
        yield row["circuit"], change, row["units"], f"{row['percent']:.1f}", _between(row)
    for name, group in (("right", [r for r in rows if not r["change"]]), ("wrong", [r for r in rows if r["change"]])):
        if group:
            whole = share(map(is_called_wrong, group))
            yield "all", name, whole["units"], f"{whole['percent']:.1f}", _between(whole)


_UNITS = {"x_offset": "mV", "drift": "ppm", "drive": ""}


def _off(value: Mapping[str, Any], name: str) -> float:
    return _measure(abs(value["fitted"] - value["truth"]), value, name)


def _width(value: Mapping[str, Any], name: str) -> float:
    return _measure((value["high"] - value["low"]) / 2, value, name)


def _measure(size: float, value: Mapping[str, Any], name: str) -> float:
    """In the unit that a table has it in."""
    factors = {"x_offset": 1e3, "drift": 1.0, "drive": 1.0}
    return size * factors.get(name, 100 / max(abs(value["truth"]), 1e-300))


def _between(row: Mapping[str, Any]) -> str:
    return f"{row['from']:.1f} to {row['to']:.1f}"


def _order(item: tuple[tuple[str, str], Any]) -> tuple:
    circuit, value = item[0]
    return circuit == "recorder", circuit, RECORDER.index(value) if value in RECORDER else 0
