"""Targets and tables of the tone-stack benchmark."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import wilcoxon

from circuitnn.study.tables import Row, markdown, target, target_table

# Decibels: mean, below which 95 % are, largest; the mean at the circuit's own order.
MEAN, P95, LARGEST, MATCHED = 0.015, 0.05, 0.3, 0.1
SECONDS = 300.0
ONE_STREAM, BATCH = 10e6, 100e6  # samples a second


def parts(rows: Sequence[Row]) -> dict[str, Any]:
    """The rows by the part of the report that they belong to, and what they are compared to."""
    names = ("defaults", "rows", "comparisons", "stability", "costs")
    grouped: dict[str, Any] = {
        name: [{key: value for key, value in row.items() if key != "part"} for row in rows if row["part"] == name]
        for name in names
    }
    return grouped | {"comparisons": comparisons(grouped["rows"])}


def comparisons(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Coupled form against cascade, mean errors of the same seeds: one-sided signed-rank test (Wilcoxon 1945)."""
    found = []
    keys = list(dict.fromkeys((row["circuit"], row["times"]) for row in rows))
    by_key = {(row["circuit"], row["times"], row["form"]): np.asarray(row["mean_db_of_seeds"]) for row in rows}
    pairs = [(key, by_key.get((*key, "coupled")), by_key.get((*key, "biquads"))) for key in keys]
    whole = [(key, a, b) for key, a, b in pairs if a is not None and b is not None]
    for times in dict.fromkeys(key[1] for key, _, _ in whole):
        own = [(key, a, b) for key, a, b in whole if key[1] == times]
        own.append((("all", times), np.concatenate([a for _, a, _ in own]), np.concatenate([b for _, _, b in own])))
        for (circuit, _), a, b in own:
            found.append(
                {
                    "circuit": circuit,
                    "times": times,
                    "ratio": float(np.exp(np.mean(np.log(b) - np.log(a)))),
                    "wins": int(np.sum(a < b)),
                    "of": len(a),
                    "p": float(wilcoxon(a, b, alternative="less").pvalue) if len(a) > 1 else None,
                }
            )
    return found


def targets(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each target with what was measured for it: what, aim, measured, is_met."""
    found = []
    for row in report["defaults"]:
        name, own = f"{row['circuit']}, default arguments", row["error_db"]
        found.append(target(f"{name}: mean, dB", MEAN, own["mean"]))
        found.append(target(f"{name}: 95 %, dB", P95, own["p95"]))
        found.append(target(f"{name}: largest, dB", LARGEST, own["max"]))
        found.append(target(f"{name}: seconds", SECONDS, row["seconds"]))
    for row in report["rows"]:
        if (row["form"], row["times"]) == ("coupled", 1):
            name = f"{row['circuit']}, coupled, order {row['order']}"
            found.append(target(f"{name}: mean, dB", MATCHED, row["error_db"]["mean"]))
    coupled = [row for row in report["costs"] if row["form"] == "coupled"]
    if coupled:
        one, each = (min(row[what] for row in coupled) for what in ("one", "batch"))
        found.append(
            target("one stream, Msamples/s at least, the slowest order", ONE_STREAM / 1e6, one / 1e6, at_least=True)
        )
        found.append(target("batch, Msamples/s at least, the slowest order", BATCH / 1e6, each / 1e6, at_least=True))
    return found


def tables(report: Mapping[str, Any]) -> str:
    """All tables in Markdown."""
    head = report["header"]
    parts = []
    if report["defaults"]:
        heads = ("circuit", "order", "mean", "95 %", "largest", "floor of -60 dB: mean", "95 %", "largest", "seconds")
        parts += [
            "Default arguments: absolute error in dB at 1000 settings that were not fitted, corners included, 20 Hz to "
            "20 kHz.",
            markdown(
                heads,
                (
                    (row["circuit"], row["order"], *row["error_db"].values(), *row["error_db_with_floor"].values(),
                     row["seconds"])
                    for row in report["defaults"]
                ),
            ),
        ]  # fmt: skip
    parts += [
        f"Absolute error in dB at 1000 settings that were not fitted, corners included, 20 Hz to 20 kHz; medians over "
        f"{len(head['seeds'])} seeds. About {head['weights']} weights each, {head['schedule'][0]} updates of Adam, at "
        f"most {head['schedule'][1]} steps of least squares; {head['cores']} cores.",
        markdown(
            ("circuit", "form", "order", "hidden", "weights", "mean", "95 %", "largest", "floor of -60 dB: mean",
             "95 %", "largest", "seconds, all seeds"),
            (
                (row["circuit"], row["form"], row["order"], row["hidden"], row["weights"],
                 *row["error_db"].values(), *row["error_db_with_floor"].values(), row["seconds_all_seeds"])
                for row in report["rows"]
            ),
        ),
        "Mean error of the cascade over that of the coupled form (geometric mean over the seeds), seeds where the "
        "coupled form is better, and the one-sided signed-rank test that it is:",
        markdown(
            ("circuit", "times the order", "cascade / coupled", "better", "p"),
            (
                (row["circuit"], row["times"], row["ratio"], f"{row['wins']} of {row['of']}", row["p"])
                for row in report["comparisons"]
            ),
        ),
    ]  # fmt: skip
    if report["stability"]:
        parts += [
            "Knobs moved at every sample, float32, noise of at most one; the peak of the output over the most that "
            "it can be while the knobs stay:",
            markdown(
                ("circuit", "structure", "order", "knobs", "samples", "peak", "with constant knobs at most", "ratio"),
                (
                    (row["circuit"], row["structure"], row["order"], row["movement"], f"{row['samples']:.0e}",
                     row["peak"], row["constant_bound"], row["peak"] / row["constant_bound"])
                    for row in report["stability"]
                ),
            ),
        ]  # fmt: skip
    if report["costs"]:
        parts += [
            "Million samples a second with other numbers at every sample (float32; a batch of 256 moves together):",
            markdown(
                ("form", "order", "one stream", "batch of 256"),
                ((row["form"], row["order"], row["one"] / 1e6, row["batch"] / 1e6) for row in report["costs"]),
            ),
        ]
    return "\n\n".join([*parts, target_table(report["targets"])])
