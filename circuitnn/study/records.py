"""The rows of a study in the order a reader expects, and their medians and spreads.

In a results file null stands for two things: "has no meaning here" (a black box cannot be forced) and "not a finite
number" (a run that ran away). Here the first is left out and the second is infinity, which medians and rank tests
treat as what it is: worse than everything else.
"""

import dataclasses
import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, final

import numpy as np

from circuitnn.archive import opened_archive
from circuitnn.opening import content, json_of, reason
from circuitnn.study.regimes import REGIMES

NODAL = "nodal"
LARGEST = 2**28  # bytes of curves
# Bytes of results.json. A row of a study with knob positions has some 6000, and 220 values: this is three times the
# room that 10 targets x 12 contenders x 10 seeds x 3 budgets need, and takes less than 1 GB of memory.
LARGEST_RESULTS = 2**26


class ReportError(ValueError):
    """A results folder that a report cannot be made of, or a package missing that is needed for it."""


@final
@dataclasses.dataclass(frozen=True)
class Spread:
    """Values over seeds; infinite where a run ran away or never got there."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """NaN without values, as the lowest and the highest are."""
        return float(np.median(self.values)) if self.values else math.nan

    @property
    def low(self) -> float:
        """The lowest."""
        return min(self.values, default=math.nan)

    @property
    def high(self) -> float:
        """The highest."""
        return max(self.values, default=math.nan)


@final
@dataclasses.dataclass(frozen=True)
class Records:
    """A study's results: `header` and `rows` of results.json, and the arrays of curves.npz."""

    header: Mapping[str, Any]
    rows: tuple[Mapping[str, Any], ...]
    curves: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, results: Mapping[str, Any], curves: Mapping[str, np.ndarray] | None = None) -> "Records":
        """From the contents of results.json.

        Raises:
            ReportError: when there are no rows, or they lack what names a run.
        """
        rows = results.get("rows")
        if not isinstance(results.get("header"), Mapping) or not isinstance(rows, list) or not rows:
            raise ReportError('results need a "header" and at least one row in "rows"')
        for number, row in enumerate(rows):
            missing = [key for key in ("circuit", "model", "regime", "esr_free_running") if key not in row]
            if missing:
                raise ReportError(f"row {number} of the results has no {', '.join(missing)}")
        return cls(results["header"], tuple(rows), curves or {})

    @classmethod
    def read(cls, folder: Path) -> "Records":
        """From a results folder.

        Raises:
            ReportError: when a file is missing or damaged.
        """
        try:
            results = json_of(content(folder / "results.json", LARGEST_RESULTS), largest=LARGEST_RESULTS)
            with opened_archive(folder / "curves.npz", LARGEST) as file:
                curves = {name: file.read(name) for name in file.shapes}
        except FileNotFoundError as error:
            raise ReportError(f"{error.filename}: no such file; it is written by the benchmark") from None
        except OSError as error:
            raise ReportError(f"{error.filename or folder}: {reason(error)}") from error
        except ValueError as error:
            raise ReportError(f"{folder}: damaged results ({error})") from error
        if not isinstance(results, dict):
            raise ReportError(f"{folder / 'results.json'}: not the results of a study")
        return cls.of(results, curves)

    @property
    def circuits(self) -> list[str]:
        """Names, in the order of the header."""
        return _distinct([*self.header.get("circuits", {}), *(row["circuit"] for row in self.rows)])

    @property
    def models(self) -> list[str]:
        """All but the nodal model: those with circuit states first, else in the order of the rows."""
        return self.state_models + self.black_boxes

    @property
    def state_models(self) -> list[str]:
        """The models with circuit states: those that can be forced."""
        return _distinct(row["model"] for row in self.rows if row["model"] != NODAL and _can_be_forced(row))

    @property
    def black_boxes(self) -> list[str]:
        """The models without circuit states, but for the nodal one."""
        with_states = {NODAL, *self.state_models}
        return _distinct(row["model"] for row in self.rows if row["model"] not in with_states)

    @property
    def regimes(self) -> list[str]:
        """Names, the library's first."""
        found = _distinct(row["regime"] for row in self.rows if row["regime"] is not None)
        return [name for name in REGIMES if name in found] + [name for name in found if name not in REGIMES]

    @property
    def seeds(self) -> list[int]:
        """All that a row has, sorted."""
        return sorted({row["seed"] for row in self.rows if row.get("seed") is not None})

    def title(self, circuit: str) -> str:
        """Of a circuit, for the reader, with its name where others have the same title; its name where it has none."""
        titles = {name: about.get("title") for name, about in self.header.get("circuits", {}).items()}
        own = titles.get(circuit) or circuit
        is_shared = sum((title or name) == own for name, title in titles.items()) > 1
        return f"{own} ({circuit})" if is_shared else str(own)

    def select(self, circuit: str | None = None, model: str | None = None, regime: str | None = None) -> list[Mapping]:
        """Rows that agree with what is given, by seed."""
        wanted = {"circuit": circuit, "model": model, "regime": regime}
        found = [row for row in self.rows if all(row[key] == value for key, value in wanted.items() if value)]
        return sorted(found, key=lambda row: -1 if row.get("seed") is None else row["seed"])

    def regimes_of(self, model: str, circuit: str | None = None) -> list[str]:
        """The regimes that a model was trained under."""
        present = {row["regime"] for row in self.select(circuit, model)}
        return [regime for regime in self.regimes if regime in present]

    def runs(self, circuit: str) -> list[tuple[str, str | None]]:
        """(model, regime) of what was run on a circuit; without a regime what learns nothing, the nodal model last."""
        trained = [(model, regime) for model in self.models for regime in self.regimes_of(model, circuit)]
        fixed = _distinct(row["model"] for row in self.select(circuit) if row["regime"] is None)
        return [*trained, *((model, None) for model in sorted(fixed, key=lambda model: model == NODAL))]

    def spread(self, key: str, circuit: str | None, model: str, regime: str | None) -> Spread:
        """The values over seeds of `free_running`, `forced`, `bias`, `recovery` or a column of the rows by name."""
        measure = MEASURES.get(key, lambda row: row.get(key))
        values = (measure(row) for row in self.select(circuit, model, regime))
        return Spread(tuple(float(value) for value in values if value is not None))

    def curve(self, circuit: str, model: str, regime: str, kind: str) -> np.ndarray | None:
        """A run's "error", "wrong" or "waveform"; None where there is none."""
        return self.curves.get(f"{circuit}|{model}|{regime}|{kind}")


def free_running(row: Mapping) -> float:
    """ESR of the model on its own; infinite when it ran away."""
    value = row["esr_free_running"]
    return math.inf if value is None else float(value)


def forced(row: Mapping) -> float | None:
    """ESR of the model shown the true states; None for a black box."""
    value = row.get("esr_teacher_forced")
    if value is not None:
        return float(value)
    return math.inf if row.get("diverged") and _can_be_forced(row) else None


def bias(row: Mapping) -> float | None:
    """Exposure bias in dB; infinite when only the free run ran away, None when it has no meaning."""
    value = row.get("exposure_bias_db")
    if value is not None:
        return float(value)
    one_step = row.get("esr_teacher_forced")
    return math.inf if one_step is not None and row["esr_free_running"] is None else None


def recovery(row: Mapping) -> float | None:
    """Seconds to find back to the true trajectory; infinite for never, None when there are no states."""
    if row.get("recovered") is None:
        return None
    value = row.get("recovery_seconds")
    return float(value) if row["recovered"] and value is not None else math.inf


MEASURES = {"free_running": free_running, "forced": forced, "bias": bias, "recovery": recovery}


def _can_be_forced(row: Mapping) -> bool:
    if "states" in row:
        return bool(row["states"])
    return (  # results from before rows had that column
        row.get("esr_teacher_forced") is not None
        or row.get("recovered") is not None
        or row["regime"] not in ("TBPTT", None)
    )


def file_name(label: str) -> str:
    """A name from a results file must not lead out of its folder; two that differ do not become one."""
    plain = re.sub(r"[^A-Za-z0-9.-]+", "-", label).strip(".-") or "circuit"
    return plain if plain == label else f"{plain}-{hashlib.sha256(label.encode()).hexdigest()[:6]}"


def _distinct(values: Iterable) -> list:
    return list(dict.fromkeys(values))
