"""Sound files: wav, flac and aiff at any rate, read as float64 in full scale, written whole or not at all."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile
from numpy.typing import ArrayLike, NDArray

from circuitnn.audio.errors import AudioError
from circuitnn.audio.resampling import resample
from circuitnn.audio.signals import checked_rate, checked_signal
from circuitnn.audio.sound_file import PIECE, check_length, check_rate_of_file, next_frames, opened_sound
from circuitnn.files import replacing
from circuitnn.opening import reason

# The format and the finest sample that it commonly holds; floating point does not clip.
_FORMATS = {
    ".wav": ("WAV", "FLOAT"),
    ".flac": ("FLAC", "PCM_24"),
    ".aiff": ("AIFF", "FLOAT"),
    ".aif": ("AIFF", "FLOAT"),
}
SUFFIXES = tuple(_FORMATS)
"""The sound files that `find` looks for in folders."""

AnyPath = str | os.PathLike[str]


def read(
    path: AnyPath, *, fs: int | None = None, channel: int | Literal["mean"] | None = None
) -> tuple[NDArray[np.float64], int]:
    """One channel of a sound file.

    Args:
        path: wav, flac, aiff or whatever else libsndfile reads, at any rate.
        fs: sample rate of the result in hertz, resampled where the file has another; that of the file when None.
        channel: which channel of a file that has several: its number from 0, or "mean" for their average.

    Returns:
        x (time,) in full scale, -1 to 1, and its sample rate in hertz.

    Raises:
        AudioError: when the file is missing, is not audio, is truncated (says how much is missing), has no samples, has
            NaN or infinite samples, or has several channels and none was chosen; when its rate or its length cannot be.
    """
    path, wanted = Path(path), None if fs is None else checked_rate(fs)
    with opened_sound(path) as sound:
        rate = sound.samplerate
        if wanted is not None:
            check_length(path, sound.frames * wanted // rate, wanted)
        check_channel(sound.channels, channel, path)
        x = np.concatenate([one_channel(piece, channel) for piece in _pieces(sound, path)])
    x = checked_signal(x, str(path))
    return (x, rate) if wanted is None else (resample(x, rate, wanted), wanted)


def _pieces(sound: soundfile.SoundFile, path: Path) -> Iterator[NDArray[np.float64]]:
    while sound.tell() < sound.frames:
        yield next_frames(sound, path, max(1, PIECE // sound.channels))


def write(path: AnyPath, x: ArrayLike, fs: int, *, subtype: str | None = None) -> None:
    """Write a sound file, whole or not at all; folders on the way are made.

    Args:
        path: ends in .wav, .flac, .aiff or .aif.
        x: (time,) or (time, channels), in full scale, -1 to 1.
        fs: sample rate in hertz.
        subtype: sample format by libsndfile's name, such as "PCM_16"; 32 bit floating point when None, and 24 bit
            integers in flac.

    Raises:
        AudioError: when the signal is empty, not finite, or would clip in integer samples; when the name, the rate or
            the sample format does not fit; when the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in _FORMATS:
        raise AudioError(f"{path}: the name of a sound file ends in one of {', '.join(SUFFIXES)}")
    container, finest = _FORMATS[path.suffix.lower()]
    subtype = subtype or finest
    if not soundfile.check_format(container, subtype):
        known = ", ".join(soundfile.available_subtypes(container))
        raise AudioError(f"{path}: {container} has no sample format {subtype!r}; it has {known}")
    signal, rate = checked_signal(x, str(path)), checked_rate(fs)
    check_rate_of_file(path, rate)
    if signal.ndim > 2:
        raise AudioError(f"{path}: a sound file holds (time,) or (time, channels), got the shape {signal.shape}")
    peak = float(np.max(np.abs(signal)))
    if peak > 1 and subtype not in ("FLOAT", "DOUBLE"):
        raise AudioError(f"{path}: the peak is {peak:.4g}, and {subtype} samples clip at 1; scale the signal first")
    try:
        with replacing(path) as file:
            soundfile.write(file, signal, rate, subtype=subtype, format=container)
    except (soundfile.SoundFileError, OSError) as error:
        raise AudioError(f"{path}: cannot be written: {error}") from error


def find(paths: AnyPath | Iterable[AnyPath]) -> tuple[Path, ...]:
    """The sound files that a list of files and folders stands for.

    Args:
        paths: a file or folder, or several. A folder stands for the .wav, .flac, .aiff and .aif files in it and in its
            folders, hidden ones left out, in the order of their names; a file for itself, whatever its name.

    Returns:
        The files, each once.

    Raises:
        AudioError: for a path that does not exist and for a folder without sound files.
    """
    if isinstance(paths, str | os.PathLike):
        paths = [paths]
    found: dict[Path, Path] = {}
    for path in map(Path, paths):
        try:
            if not path.exists():
                raise AudioError(f"{path}: no such file or folder")
            files = _sound_files(path) if path.is_dir() else [path]
            if not files:
                raise AudioError(f"{path}: no sound files in this folder ({', '.join(SUFFIXES)})")
            for file in files:
                found.setdefault(file.resolve(), file)
        except (OSError, RuntimeError) as error:  # a link that leads to itself is a RuntimeError in older Pythons
            raise AudioError(f"{path}: {reason(error)}") from error
    if not found:
        raise AudioError("no sound files given")
    return tuple(found.values())


def _sound_files(folder: Path) -> list[Path]:
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in _FORMATS
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )


def check_channel(count: int, channel: int | Literal["mean"] | None, path: Path) -> None:
    """See that a file of so many channels has the one that is wanted.

    Raises:
        AudioError: when it has not, or has several and none was chosen.
    """
    if channel is None and count > 1:
        raise AudioError(
            f"{path}: has {count} channels where one is needed; choose with channel=0 to channel={count - 1}, "
            'or average them with channel="mean"'
        )
    if channel not in (None, "mean") and (isinstance(channel, str) or not 0 <= channel < count):
        raise AudioError(f"{path}: has no channel {channel!r}; it has {count}, counted from 0")


def one_channel(channels: NDArray[np.float64], channel: int | Literal["mean"] | None) -> NDArray[np.float64]:
    """Of (time, channels), (time,)."""
    return channels.mean(axis=1) if channel == "mean" else channels[:, channel or 0]
