"""Errors by recording, level and position: what a pooled ESR, in which the loudest passages weigh most, hides.

Levels are those of the input in windows of a tenth of a second, relative to the loudest window of the test.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from circuitnn.study.cells import PARTS, pooled
from circuitnn.study.positions import Condition
from circuitnn.study.records import Records, Spread

WINDOW = 0.1  # seconds
LEVELS = ("0 to −12 dB", "−12 to −24 dB", "below −24 dB")
_EDGES = (-12.0, -24.0)


def parts(
    x: np.ndarray,
    y: np.ndarray,
    target: np.ndarray,
    *,
    recordings: Sequence[tuple[str, int]],
    fs: float,
    warmup: int = 0,
    conditions: Sequence[Condition] = (),
) -> list[dict[str, Any]]:
    """The error on each part of a test, by recording and level; parts of silence are left out.

    Args:
        x: (pieces, time) input; the pieces follow each other in time.
        y: (pieces, time, features) output.
        target: what it should be.
        recordings: name and samples of those that the pieces were cut from, one after the other.
        fs: sample rate in hertz.
        warmup: samples at the start of each piece that do not count.
        conditions: of each piece, where all of them are the same recordings at one position or level after the other.

    Returns:
        for each part "recording", "level", "esr" (None where the model ran away) and "energy", the target's sum of
        squares, by which parts can be pooled; with conditions also "position" and "condition", their `where` and
        `kind`.
    """
    pieces, length = x.shape
    levels = _levels(x, max(1, round(WINDOW * fs)))
    ends = np.cumsum([samples for _, samples in recordings])
    sample = np.arange(length) if conditions else np.arange(pieces * length).reshape(pieces, length)
    number = np.broadcast_to(np.minimum(np.searchsorted(ends, sample, side="right"), len(recordings) - 1), x.shape)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.sum(np.square(np.asarray(y, float) - target), axis=-1)
    energy = np.sum(np.square(np.asarray(target, float)), axis=-1)
    groups = np.arange(pieces)[:, None] if conditions else np.zeros((pieces, 1), int)
    places = ((groups * len(recordings) + number) * len(LEVELS) + levels)[:, warmup:].ravel()
    count = max(1, len(conditions)) * len(recordings) * len(LEVELS)
    errors, energies = (np.bincount(places, each[:, warmup:].ravel(), count) for each in (error, energy))

    def part(place: int) -> dict[str, Any]:
        rest, level = divmod(place, len(LEVELS))
        group, recording = divmod(rest, len(recordings))
        told = {"recording": recordings[recording][0], "level": LEVELS[level]}
        if conditions:
            told |= {"position": conditions[group].where, "condition": conditions[group].kind}
        esr = float(errors[place] / energies[place]) if np.isfinite(errors[place]) else None
        return {**told, "esr": esr, "energy": float(energies[place])}

    return [part(place) for place in range(count) if energies[place] > 0]


def _levels(x: np.ndarray, window: int) -> np.ndarray:
    """For each sample the index of its level in `LEVELS`."""
    starts = np.arange(0, x.shape[1], window)
    counts = np.diff(np.append(starts, x.shape[1]))
    power = np.add.reduceat(np.square(np.asarray(x, float)), starts, axis=1) / counts
    with np.errstate(divide="ignore", invalid="ignore"):
        decibels = 10 * np.log10(power / power.max())
    level = np.searchsorted(-np.array(_EDGES), -np.nan_to_num(decibels, nan=-np.inf), side="left")
    return np.repeat(level, counts, axis=1)


def by_part(records: Records, circuit: str, model: str, regime: str | None) -> dict[str, dict[str, Spread]]:
    """Errors over seeds for each recording, level, position and condition, as far as results have them."""
    rows = records.select(circuit, model, regime)
    told = [row["parts"] for row in rows if row.get("parts")]
    if not told:
        return {}
    failed = sum("parts" in row and not row["parts"] for row in rows)  # they have no errors at all
    return {
        column: {
            name: Spread((*(_error(run, column, name) for run in told), *[math.inf] * failed))
            for name in dict.fromkeys(part[column] for run in told for part in run)
        }
        for column in PARTS
        if all(column in part for run in told for part in run)
    }


def _error(run: Sequence[Mapping[str, Any]], column: str, name: str) -> float:
    value = pooled([part for part in run if part[column] == name])
    return math.inf if value is None else value
