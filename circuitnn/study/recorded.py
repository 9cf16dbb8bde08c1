"""Recordings of a device as a target: a folder of them, in place of a circuit."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from circuitnn import audio, capture
from circuitnn.study.definition import Target
from circuitnn.study.positions import Condition, Position, columns
from circuitnn.study.signals import FS
from circuitnn.train import Dataset

MANY = 10  # recordings, from which on they are not divided by time
_IN_TEN = {8: "validation", 9: "test"}


def recorded(target: Target) -> tuple[dict[str, Dataset], list[Condition]]:
    """The data sets of a target with recordings, resampled to 48 kHz and put in step, and what its test is.

    Where the set says which recordings are for the training, the validation and the test, these are. Else many
    recordings without knobs are divided as wholes, the ninth and the tenth of each ten held out, and others by time.
    Those at positions that the target holds out are in the test only.

    Raises:
        circuitnn.capture.TakeError, circuitnn.audio.AudioError: for what cannot be read or used.
        ValueError: when a position is held out that no recording has, or nothing is left to learn from.
    """
    held = () if target.positions is None else target.positions.unseen
    rows = _rows(str(target.recordings), target.device, held)
    is_seen = [not any(_is_at(row.knobs, position) for position in held) for row in rows]
    if len(rows) >= MANY and not rows[0].knobs and all(row.part is None for row in rows):
        rows = [row._replace(part=_IN_TEN.get(number % 10, "train")) for number, row in enumerate(rows)]
    if not any(seen and row.part in (None, "train") for seen, row in zip(is_seen, rows, strict=True)):
        raise ValueError(f"{target.recordings}: all of its recordings are held out")
    order = sorted(range(len(rows)), key=lambda number: not is_seen[number])
    sets, conditions = {}, []
    takes: dict[int, capture.Take] = {}
    for part in capture.take.PARTS:
        kept = [n for n in order if _is_in(part, rows[n].part, seen=is_seen[n])]
        if not kept:
            raise ValueError(f"{target.recordings}: no recording is left for {part}")
        takes |= {number: _take(rows[number]) for number in kept if number not in takes}
        data = capture.Material.of([takes[number] for number in kept]).part(part)
        sets[part] = Dataset(data.x, data.y, controls=columns([rows[number].knobs for number in kept]), fs=FS)
        conditions = [Condition(rows[number].knobs, is_seen[number]) for number in kept]  # of the test, which is last
    return sets, conditions


def _is_in(part: str, own: str | None, *, seen: bool) -> bool:
    """Whether a recording is in a part; one at a position that is held out is in the test, whatever its own part is."""
    return part == "test" if not seen else own in (None, part)


def knobs_of(folder: str, device: str | None = None, held: Sequence[Position] = ()) -> tuple[str, ...]:
    """The names of the knobs of a folder's recordings.

    Raises:
        circuitnn.capture.TakeError: where there are no recordings.
        ValueError: when a position is held out that no recording has.
    """
    return tuple(_rows(folder, device, held)[0].knobs)


def _rows(folder: str, device: str | None, held: Sequence[Position]) -> list[capture.Row]:
    rows = capture.read_folder(Path(folder), device)
    for position in held:
        if not any(_is_at(row.knobs, position) for row in rows):
            there = ", ".join(rows[0].knobs) or "none"
            raise ValueError(
                f"{folder}: no recording is at {dict(position)}, which is to be held out; its knobs are {there}"
            )
    return rows


def _is_at(knobs: Position, position: Position) -> bool:
    return all(name in knobs and np.isclose(knobs[name], value) for name, value in position.items())


def _take(row: capture.Row) -> capture.Take:
    x, y = (audio.read(path, fs=FS)[0] for path in (row.played, row.recorded))
    samples = min(len(x), len(y))
    whole = None if row.part is None else dict.fromkeys(capture.take.PARTS, slice(0, samples))
    return capture.prepare(x[:samples], y[:samples], fs=FS, names=(row.played, row.recorded), parts=whole)
