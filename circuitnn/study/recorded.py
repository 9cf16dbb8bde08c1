"""Recordings of a device as a target: a folder with a table of knob positions, in place of a circuit."""

from pathlib import Path

import numpy as np

from circuitnn import audio, capture
from circuitnn.study.definition import Target
from circuitnn.study.positions import Condition, Position, columns
from circuitnn.study.signals import FS
from circuitnn.train import Dataset


def recorded(target: Target) -> tuple[dict[str, Dataset], list[Condition]]:
    """The data sets of a target with recordings, resampled to 48 kHz and put in step, and what its test is.

    Each recording is divided by time. Those at positions that the target holds out are in the test only.

    Raises:
        circuitnn.capture.TakeError, circuitnn.audio.AudioError: for what cannot be read or used.
        ValueError: when a position is held out that no recording has, or nothing is left to learn from.
    """
    rows = capture.read_table(Path(str(target.recordings)))
    held = () if target.positions is None else target.positions.unseen
    unknown = [position for position in held if not any(_is_at(row.knobs, position) for row in rows)]
    if unknown:
        raise ValueError(f"{target.recordings}: no recording is at {dict(unknown[0])}, which is to be held out")
    takes = [_take(row.played, row.recorded) for row in rows]
    is_seen = [not any(_is_at(row.knobs, position) for position in held) for row in rows]
    if not any(is_seen):
        raise ValueError(f"{target.recordings}: all of its recordings are held out")
    order = sorted(range(len(rows)), key=lambda number: not is_seen[number])
    material = capture.Material.of([takes[number] for number in order])
    seen = [number for number in order if is_seen[number]]
    sets = {}
    for part in capture.take.PARTS:
        kept = order if part == "test" else seen
        data = material.part(part)
        knobs = columns([rows[number].knobs for number in kept])
        sets[part] = Dataset(data.x[: len(kept)], data.y[: len(kept)], controls=knobs, fs=FS)
    return sets, [Condition(rows[number].knobs, is_seen[number]) for number in order]


def knobs_of(folder: str) -> tuple[str, ...]:
    """The names in the table of a folder.

    Raises:
        circuitnn.capture.TakeError: where there is none.
    """
    return tuple(capture.read_table(Path(folder))[0].knobs)


def _is_at(knobs: Position, position: Position) -> bool:
    return all(np.isclose(knobs[name], value) for name, value in position.items() if name in knobs)


def _take(played: str, recording: str) -> capture.Take:
    x, y = (audio.read(path, fs=FS)[0] for path in (played, recording))
    samples = min(len(x), len(y))
    return capture.prepare(x[:samples], y[:samples], fs=FS, names=(played, recording))
