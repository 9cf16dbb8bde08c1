"""Signals that stay in their files, all channels of them: only the samples that are looked at are ever in memory."""

import abc
import errno
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import final

import numpy as np
import soundfile
from numpy.typing import NDArray

from circuitnn.archive import array_header
from circuitnn.audio.errors import AudioError
from circuitnn.audio.sound_file import next_frames, opened_sound
from circuitnn.opening import opened, reason
from circuitnn.samples import check_axes, check_kind

Span = tuple[int, int]  # the first sample, and the one after the last


class Stored(abc.ABC):
    """Samples in a file, (time, channels) (abstract).

    Attributes:
        path: of the file.
        samples: in each channel.
        channels: how many.
        fs: sample rate in hertz; None where the file has none.
    """

    path: Path
    samples: int
    channels: int
    fs: int | None = None
    _identity: tuple[int, ...]

    @abc.abstractmethod
    def _within(self, spans: Sequence[Span]) -> list[NDArray]:
        """The samples of spans that exist."""

    @final
    def read(self, spans: Sequence[Span]) -> list[NDArray[np.float32]]:
        """The samples of spans inside of the file, (time, channels) each; the file is opened once for all of them.

        Raises:
            AudioError: where the file cannot be read, was changed since it was first opened, or has samples that are
                not finite.
        """
        found = []
        for (start, _), piece in zip(spans, self._within(spans), strict=True):
            with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as such
                piece = piece.astype(np.float32, copy=False)
            bad = np.flatnonzero(~np.isfinite(piece).all(axis=1))
            if len(bad):
                raise AudioError(f"{self.path}: sample {start + bad[0]} is not a finite number")
            found.append(piece)
        return found

    @final
    def _check_unchanged(self) -> None:
        if _identify(self.path) != self._identity:
            raise AudioError(f"{self.path}: was changed while it was read")


@final
class StoredSound(Stored):
    """A sound file, whatever libsndfile reads.

    Raises:
        AudioError: when there is no such file, it is no sound, or is empty.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        with opened_sound(self.path) as sound:
            self._identity = _identify(self.path)
            self.samples, self.channels, self.fs = sound.frames, sound.channels, sound.samplerate

    def _within(self, spans: Sequence[Span]) -> list[NDArray]:
        pieces = []
        with opened_sound(self.path) as sound:
            self._check_unchanged()
            for start, stop in spans:
                try:
                    sound.seek(start)
                except soundfile.SoundFileError as error:
                    raise AudioError(f"{self.path}: cannot be read from sample {start} on: {error}") from error
                pieces.append(next_frames(sound, self.path, stop - start, dtype="float32"))
        return pieces


@final
class StoredArray(Stored):
    """A .npy file of (time,) or (time, channels).

    Raises:
        AudioError: when there is no such file, or it is no array of real floating-point numbers along time.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        try:
            with opened(self.path) as file:
                self._identity = _identify(self.path)
                shape, self._dtype, is_fortran = array_header(file)
                self._begin, size = file.tell(), os.fstat(file.fileno()).st_size
        except OSError as error:
            raise AudioError(f"{self.path}: {reason(error)}") from error
        except ValueError as error:
            raise AudioError(f"{self.path}: cannot be read as an array: {reason(error)}") from error
        check_kind(str(self.path), self._dtype, error=AudioError)
        check_axes(str(self.path), shape, error=AudioError)
        if len(shape) not in (1, 2) or 0 in shape:
            raise AudioError(f"{self.path}: must be (time,) or (time, channels), has the shape {shape}")
        self.samples, self.channels = shape[0], shape[1] if len(shape) == 2 else 1
        if is_fortran and self.channels > 1:
            raise AudioError(f"{self.path}: has its channels one after the other: save np.ascontiguousarray of it")
        self._row = self.channels * self._dtype.itemsize
        if size != self._begin + self.samples * self._row:
            raise AudioError(f"{self.path}: is not of the length that it says: save it again")

    def _within(self, spans: Sequence[Span]) -> list[NDArray]:
        try:
            with opened(self.path) as file:
                self._check_unchanged()
                return [self._piece(file, *span) for span in spans]
        except OSError as error:
            raise AudioError(f"{self.path}: {reason(error)}") from error

    def _piece(self, file: io.BufferedReader, start: int, stop: int) -> NDArray:
        file.seek(self._begin + start * self._row)
        data = file.read((stop - start) * self._row)
        if len(data) < (stop - start) * self._row:
            raise OSError(errno.EIO, "ends before its end", self.path)
        return np.frombuffer(data, self._dtype).reshape(-1, self.channels)


def stored(path: str | os.PathLike) -> Stored:
    """A sound file or a .npy, by its name.

    Raises:
        AudioError: when it cannot be read.
    """
    return StoredArray(path) if Path(path).suffix.lower() == ".npy" else StoredSound(path)


def _identify(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError as error:
        raise AudioError(f"{path}: {reason(error)}") from error
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
