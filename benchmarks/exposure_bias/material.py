"""The signals of the study: excitation or recordings, through the circuits, as data sets with true states.

The teacher is the nodal model at eight times the sample rate in double precision, observed at every eighth sample. It
is closer to the continuous circuit than any model at the sample rate, the nodal one included: that one is the floor.
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import final

import numpy as np

from circuitnn import audio
from circuitnn.circuit import Circuit
from circuitnn.nodal import NodalModel
from circuitnn.train import Dataset, record

FS, OVERSAMPLING = 48_000, 8
VOLTS_AT_FULL_SCALE = 4.5  # an active pickup into a 9 V pedal
PARTS = ("train", "validation", "test")


@final
@dataclasses.dataclass(frozen=True)
class Material:
    """Input of each part, in volts, at the teacher's rate unless prepared otherwise, and where it comes from."""

    signals: dict[str, np.ndarray]
    source: str
    files: dict[str, list[str]]


def _to_teacher(x: np.ndarray) -> np.ndarray:
    return VOLTS_AT_FULL_SCALE * audio.resample(x, FS, OVERSAMPLING * FS)


def built_in(seconds: float, seed: int = 0, *, prepare: Callable[[np.ndarray], np.ndarray] = _to_teacher) -> Material:
    """Excitation made here: three parts from three seeds, the later two a fifth as long."""
    lengths = {"train": seconds, "validation": seconds / 5, "test": seconds / 5}
    signals = {
        part: prepare(audio.excitation(length, FS, seed=seed + i)) for i, (part, length) in enumerate(lengths.items())
    }
    return Material(signals, f"built-in excitation (seed {seed})", {part: [] for part in PARTS})


def recordings(
    paths: Sequence[str],
    *,
    test: Sequence[str] = (),
    validation: Sequence[str] = (),
    prepare: Callable[[np.ndarray], np.ndarray] = _to_teacher,
) -> Material:
    """Recordings of any rate, resampled, each `prepare`d: to volts, at the rate that the teacher needs.

    With `test` and `validation` (file names without ending) whole files are held out; without them, the last tenth of
    each file is for the test and the tenth before it for validation.

    Raises:
        audio.AudioError: for files that cannot be used.
        ValueError: for held-out names that are not among the files, or when nothing is left to train on.
    """
    found = {path: prepare(audio.read(path, fs=FS)[0]) for path in audio.find(paths)}
    stems = {Path(path).stem for path in found}
    missing = sorted({*test, *validation} - stems)
    if missing:
        raise ValueError(f"not among the recordings: {', '.join(missing)}; there are {', '.join(sorted(stems))}")
    if bool(test) != bool(validation):
        raise ValueError("name recordings for both --test and --validation, or for neither")
    pieces: dict[str, list[np.ndarray]] = {part: [] for part in PARTS}
    files: dict[str, list[str]] = {part: [] for part in PARTS}
    for path, x in found.items():
        stem = Path(path).stem
        if test:
            part = "test" if stem in test else "validation" if stem in validation else "train"
            cut = {part: x}
        else:
            edges = np.round(np.array([0, 0.8, 0.9, 1]) * len(x)).astype(int)
            cut = {part: x[a:b] for part, a, b in zip(PARTS, edges[:-1], edges[1:], strict=True)}
        for part, piece in cut.items():
            pieces[part].append(piece)
            files[part].append(Path(path).name)
    empty = [part for part in PARTS if not pieces[part]]
    if empty:
        raise ValueError(f"no recording is left for {', '.join(empty)}")
    return Material({p: np.concatenate(pieces[p]) for p in PARTS}, f"{len(found)} recordings", files)


def datasets(circuit: Circuit, material: Material) -> dict[str, Dataset]:
    """Each part through the circuit; needs 64-bit JAX."""
    teacher = NodalModel(circuit, fs=OVERSAMPLING * FS, dtype=np.float64)
    return {part: record(teacher, material.signals[part], fs=FS) for part in PARTS}


def save(path: Path, sets: dict[str, Dataset]) -> None:
    """Hand the data sets to the worker processes, in single precision as they train."""
    arrays = {}
    for part, data in sets.items():
        for field in ("x", "y", "states", "initial"):
            arrays[f"{part}-{field}"] = np.asarray(getattr(data, field), np.float32)
    np.savez(path, allow_pickle=False, **arrays)


def load(path: Path) -> dict[str, Dataset]:
    with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
        return {
            part: Dataset(
                file[f"{part}-x"],
                file[f"{part}-y"],
                states=file[f"{part}-states"],
                fs=FS,
                initial=file[f"{part}-initial"],
            )
            for part in PARTS
        }
