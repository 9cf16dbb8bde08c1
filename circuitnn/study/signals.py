"""The sound of a study: built-in excitation or recordings, in three parts."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import final

import numpy as np

from circuitnn import audio

FS = 48_000
PARTS = ("train", "validation", "test")


@final
@dataclasses.dataclass(frozen=True)
class Signals:
    """Input of each part in full scale, (time,) at 48 kHz, and where it comes from.

    Attributes:
        parts: the sound.
        source: in words.
        files: recordings that each part is made of, in their order.
        samples: how many each of them has; without, a part is taken for one recording.
    """

    parts: dict[str, np.ndarray]
    source: str
    files: dict[str, list[str]]
    samples: dict[str, list[int]] = dataclasses.field(default_factory=dict)

    @property
    def lengths(self) -> dict[str, list[tuple[str, int]]]:
        """Name and samples of the recordings of each part."""
        return {
            part: [*zip(self.files[part], self.samples[part], strict=True)]
            if self.samples.get(part)
            else [(self.source, len(sound))]
            for part, sound in self.parts.items()
        }


def built_in(seconds: float, seed: int = 0) -> Signals:
    """Excitation made here: three parts from three seeds, the later two a fifth as long."""
    lengths = {"train": seconds, "validation": seconds / 5, "test": seconds / 5}
    parts = {part: audio.excitation(length, FS, seed=seed + i) for i, (part, length) in enumerate(lengths.items())}
    return Signals(parts, f"built-in excitation (seed {seed})", {part: [] for part in PARTS})


def recordings(paths: Sequence[str], *, test: Sequence[str] = (), validation: Sequence[str] = ()) -> Signals:
    """Recordings of any rate, resampled.

    With `test` and `validation` (file names without ending) whole files are held out; without them, the last tenth of
    each file is for the test and the tenth before it for validation.

    Raises:
        audio.AudioError: for files that cannot be used.
        ValueError: for held-out names that are not among the files, or when nothing is left to train on.
    """
    sounds = {Path(path): audio.read(path, fs=FS)[0] for path in audio.find(paths)}
    stems = {path.stem for path in sounds}
    missing = sorted({*test, *validation} - stems)
    if missing:
        raise ValueError(f"not among the recordings: {', '.join(missing)}; there are {', '.join(sorted(stems))}")
    if bool(test) != bool(validation):
        raise ValueError("name recordings for both --test and --validation, or for neither")
    pieces: dict[str, list[np.ndarray]] = {part: [] for part in PARTS}
    files: dict[str, list[str]] = {part: [] for part in PARTS}
    for path, x in sounds.items():
        if test:
            part = "test" if path.stem in test else "validation" if path.stem in validation else "train"
            cut = {part: x}
        else:
            cut = dict(zip(PARTS, np.split(x, np.round(np.array([0.8, 0.9]) * len(x)).astype(int)), strict=True))
        for part, piece in cut.items():
            pieces[part].append(piece)
            files[part].append(path.name)
    empty = [part for part in PARTS if not pieces[part]]
    if empty:
        raise ValueError(f"no recording is left for {', '.join(empty)}")
    return Signals(
        {part: np.concatenate(pieces[part]) for part in PARTS},
        f"{len(sounds)} recordings",
        files,
        {part: [len(piece) for piece in pieces[part]] for part in PARTS},
    )


def loudest(x: np.ndarray, samples: int) -> slice:
    """Where the window of `samples` samples with the most energy lies; the whole of a shorter signal."""
    if samples >= len(x):
        return slice(0, len(x))
    energy = np.concatenate([[0.0], np.cumsum(np.square(np.asarray(x, float)))])
    start = int(np.argmax(energy[samples:] - energy[:-samples]))
    return slice(start, start + samples)
