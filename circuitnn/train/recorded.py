"""Data sets of recordings that are too long for memory: sound files, read by windows while a model is trained."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from circuitnn.audio.errors import AudioError
from circuitnn.audio.files import check_channel, find
from circuitnn.audio.stored import Stored, stored
from circuitnn.train.dataset import Dataset
from circuitnn.train.on_disk import MEAN, OnDisk, Recording

KEPT, SHORT = 0.98, 10.0  # of all samples, and seconds of a piece: what is enough where lengths differ

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
Channel = int | Literal["mean", "each"] | None


def recordings(
    inputs: Paths,
    outputs: Paths,
    *,
    controls: Mapping[str, ArrayLike] | None = None,
    fs: float | None = None,
    channel: Channel = None,
    volts: tuple[float, float] | None = None,
) -> Dataset:
    """What was played into a device and what came out of it, in files that are read while a model is trained.

    `fit` reads the windows of a batch when it needs them, the next ones while it learns, so that hours take no more
    memory than seconds. It is the same training as on `Dataset(x, y)` with all of it in memory.

    Args:
        inputs: a file, several, or a folder, whose files come in the order of their names: wav, flac, aiff and what
            else libsndfile reads, or .npy of (time,) or (time, channels).
        outputs: as many, likewise: each belongs to the input at its place and has its length.
        controls: knobs by name: a number, one number for each pair of files, or of one pair (time,).
        fs: sample rate in hertz; None for that of the files. Of .npy files alone 48 kHz are assumed, and `fit` says so.
        channel: of files that have several: None for all of them as features of one signal, the number of one from 0,
            "mean" for their average, or "each" for recordings side by side.
        volts: what 1.0 of input and output is in volts.

    Returns:
        A data set whose x and y are read where they are looked at. Pairs of different lengths are cut into pieces of
        one length, at which 98 % of all is kept where pieces of ten seconds or more allow it.

    Raises:
        AudioError: for files that cannot be read, and such as differ in rate or length, here or while a model is
            trained: when one has changed meanwhile or has samples that are not finite.
        ValueError: for knobs that do not go along.
    """
    found = [[stored(path) for path in _files(paths)] for paths in (inputs, outputs)]
    if len(found[0]) != len(found[1]):
        raise AudioError(f"{len(found[0])} file(s) were played and {len(found[1])} recorded: each input has an output")
    pairs = list(zip(*found, strict=True))
    for played, heard in pairs:
        if played.samples != heard.samples:
            raise AudioError(
                f"{played.path} has {played.samples} samples, {heard.path} has {heard.samples}: what was recorded goes "
                "along with what was played; cn.audio.align puts both in step"
            )
    rate = _rate([file for pair in pairs for file in pair], fs)
    length = _length([played.samples for played, _ in pairs], SHORT * (48_000 if rate is None else rate))
    parts = []
    for number, pair in enumerate(pairs):
        x, y = (_signal(file, channel) for file in pair)
        if len(x) != len(y):
            raise AudioError(f"{pair[0].path} has {len(x)} channel(s), {pair[1].path} has {len(y)}: each has an output")
        knobs = {name: _of_pair(name, value, number, len(pairs)) for name, value in (controls or {}).items()}
        whole = Dataset(x, y, controls=knobs, volts=volts, **({} if rate is None else {"fs": rate}))  # type: ignore[arg-type]
        parts += [whole.between(at, at + length) for at in range(0, x.shape[1] - length + 1, length)]
    return Dataset.join(parts)


def _files(paths: Paths) -> list[Path]:
    """Files, and those of folders in the order of their names."""
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    files: list[Path] = []
    for path in map(Path, given):
        arrays = sorted(path.glob("*.npy")) if path.is_dir() else [path]
        files += arrays or find(path)
    if not files:
        raise AudioError("no files given")
    return files


def _rate(files: Sequence[Stored], fs: float | None) -> float | None:
    """That of all; None where nobody says it."""
    known = [file for file in files if file.fs is not None]
    for file in known:
        if file.fs != (known[0].fs if fs is None else fs):
            other = f"{known[0].path} at {known[0].fs} Hz" if fs is None else f"fs={fs:g}"
            raise AudioError(
                f"{file.path} is at {file.fs} Hz, {other}: cn.audio.resample takes a recording to another rate"
            )
    return fs if fs is not None or not known else known[0].fs


def _length(samples: Sequence[int], least: float) -> int:
    """Of the pieces that recordings are cut into: the longest one that leaves little over."""
    shortest = min(samples)
    lengths = [shortest // parts for parts in range(1, 65) if parts == 1 or shortest // parts >= least]
    kept = [sum(each // length * length for each in samples) / sum(samples) for length in lengths]
    enough = min(KEPT, max(kept))
    return next(length for length, share in zip(lengths, kept, strict=True) if share >= enough)


def _signal(file: Stored, channel: Channel) -> OnDisk:
    """A file as one recording, or each of its channels as one."""
    chosen: list[tuple[int, ...]] = [tuple(range(file.channels))]
    if channel == "each":
        chosen = [(each,) for each in range(file.channels)]
    elif channel is not None:
        check_channel(file.channels, channel, file.path)
        chosen = [MEAN if channel == "mean" else (channel,)]
    return OnDisk([Recording(file, 0, channels) for channels in chosen], file.samples)


def _of_pair(name: str, value: Any, number: int, pairs: int) -> Any:
    """Where a knob was in one of the pairs of files."""
    positions = np.asarray(value)
    if positions.ndim == 0 or pairs == 1:
        return positions
    if positions.shape != (pairs,):
        raise ValueError(
            f"knob {name}: expected a number, or one for each of {pairs} pairs of files, got {positions.shape}"
        )
    return positions[number]
