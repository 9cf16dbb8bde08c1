"""Rows, targets and tables of the accuracy benchmark."""

import math
from collections.abc import Mapping
from typing import Any

from benchmarks.circuits import FS
from benchmarks.nodal_accuracy.measure import ORDER_WITHIN, RULES
from circuitnn.study.tables import Cell, markdown, text

RESPONSE_TARGET, ESR_TARGET = 1e-6, 1e-7

# Why a circuit needs more than 8 x 48 kHz; what is not named here misses for no known reason.
REASONS: dict[str, str] = {
    "tube_screamer_clipping": "the output slews from one diode to the other in 5 us, two samples at 8x",
}


def worst(esr: Mapping[str, float]) -> float:
    """The larger of the errors of the signals; NaN where one of them has none."""
    values = list(esr.values())
    return math.nan if any(math.isnan(value) for value in values) else max(values)


def reason(row: Mapping[str, Any]) -> str:
    """What is to be said of a circuit that misses a target, from its figures."""
    found = []
    if not row["response_error"] <= RESPONSE_TARGET:
        found.append("response above 1e-6")
    errors = {int(factor): worst(each["esr"]) for factor, each in row["transient"].items()}
    trouble = next((each["trouble"] for each in row["transient"].values() if each["trouble"]), None)
    if trouble:
        found.append(f"ngspice: {trouble}")
    elif 8 in errors and not errors[8] <= ESR_TARGET:
        enough = [factor for factor, error in sorted(errors.items()) if error <= ESR_TARGET]
        needs = f"needs {enough[0]}x" if enough else f"missed up to {max(errors)}x"
        found.append(f"{needs}: {REASONS.get(row['circuit'], 'the step is long for its fastest part')}")
    return "; ".join(found)


def targets(parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each target: what, how many circuits meet it, of how many, and which miss it."""
    rows = parts["rows"]
    orders = [
        (row["circuit"], rule, found["order"], found["is_exact"])
        for row in rows
        for rule, found in row["order"].items()
    ]
    every = {
        "frequency response within 1e-6": [(r["circuit"], r["response_error"] <= RESPONSE_TARGET) for r in rows],
        "ESR at 8x within 1e-7": [
            (r["circuit"], worst(r["transient"]["8"]["esr"]) <= ESR_TARGET) for r in rows if "8" in r["transient"]
        ],
        "no sample failed": [(r["circuit"], r["failed"] == 0) for r in rows],
        f"order of the rule within {ORDER_WITHIN}": [
            (f"{name} ({rule})", is_exact or abs(found - RULES[rule]) <= ORDER_WITHIN)
            for name, rule, found, is_exact in orders
        ],
    }
    return [
        {
            "what": what,
            "met": sum(ok for _, ok in each),
            "of": len(each),
            "missed": [name for name, ok in each if not ok],
        }
        for what, each in every.items()
    ]


def tables(report: Mapping[str, Any]) -> str:
    """Both tables in Markdown."""
    head, rows = report["header"], report["rows"]
    heads = ("circuit", "response", "1x sine", "1x guitar", "8x sine", "8x guitar", *RULES, "failed", "remarks")
    cells: list[list[Cell]] = []
    for row in rows:
        errors = [
            row["transient"].get(factor, {"esr": {}})["esr"].get(kind) for factor in "18" for kind in ("sine", "guitar")
        ]
        more = [
            f"{factor}x: {text(worst(each['esr']))}" for factor, each in row["transient"].items() if int(factor) > 8
        ]
        remarks = "; ".join(filter(None, [", ".join(more), reason(row)]))
        cells.append(
            [
                row["circuit"],
                row["response_error"],
                *errors,
                *(_order(row["order"].get(rule)) for rule in RULES),
                row["failed"],
                remarks,
            ]
        )
    aims = [(each["what"], f"{each['met']} of {each['of']}", ", ".join(each["missed"])) for each in report["targets"]]
    return "\n\n".join(
        [
            "Against ngspice: the largest relative error of the frequency response (61 points, 20 Hz to 20 kHz); ESR "
            f"of the trapezoidal rule at {FS // 1000} kHz and at 8 times that, sine of 1 kHz and {head['signal']}, "
            f"{1e3 * head['seconds']:.0f} ms from rest, relative to the deviation from rest; observed order of each "
            "rule from 4, 8 and 16 x 48 kHz (* from higher rates, up to 256 x); samples that failed.",
            markdown(heads, cells),
            markdown(("target", "met", "missed by"), aims),
        ]
    )


def _order(found: Mapping[str, Any] | None) -> str | None:
    if found is None:
        return None
    if found["is_exact"]:
        return "exact"
    return f"{found['order']:.2f}{'*' if found['factors'][0] > 4 else ''}"
