"""The signals of a data set that stay in their files: an array that is read where it is looked at."""

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from circuitnn.audio.stored import Span, Stored

PIECE = 2**18  # samples of a recording that are read at a time
MAPPED = 2**28  # bytes of a mapped file, from which on windows are read from it one by one
MEAN = (-1,)  # in place of channels: the mean of all


@final
class Recording(NamedTuple):
    """Where a recording lies.

    Attributes:
        file: that has it.
        start: its first sample there.
        channels: those that are its features, or `MEAN`.
    """

    file: Stored
    start: int
    channels: tuple[int, ...]

    def read(self, spans: Sequence[Span]) -> list[NDArray[np.float32]]:
        """Spans of it, (time, features) each."""
        pieces = self.file.read([(self.start + a, self.start + b) for a, b in spans])
        if self.channels == MEAN:
            return [piece.mean(axis=1, keepdims=True) for piece in pieces]
        return [piece[:, self.channels] for piece in pieces]


@final
class OnDisk:
    """Signals (recordings, time, features) in files, read where they are looked at; what is read is NumPy's.

    An index is a number, a slice, or two arrays of numbers for recording and time: windows are read as they are. Of all
    of it `numpy.asarray` makes an array in memory.

    Args:
        recordings: where each lies.
        time: samples that each has.
    """

    dtype, ndim = np.dtype(np.float32), 3

    def __init__(self, recordings: Sequence[Recording], time: int):
        self.recordings = tuple(recordings)
        self.shape = len(self.recordings), time, len(self.recordings[0].channels)

    @property
    def size(self) -> int:
        """Numbers in it."""
        return self.shape[0] * self.shape[1] * self.shape[2]

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        names = dict.fromkeys(str(recording.file.path) for recording in self.recordings)
        return f"OnDisk{self.shape} of {', '.join(names)}"

    def between(self, start: int, stop: int) -> "OnDisk":
        """The samples from `start` up to `stop` of every recording; nothing is read."""
        moved = [recording._replace(start=recording.start + start) for recording in self.recordings]
        return OnDisk(moved, stop - start)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray:
        if copy is False:
            raise ValueError("signals on disk are read into memory anew: there is no array without a copy")
        return self[:].astype(self.dtype if dtype is None else dtype, copy=False)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        rows, columns, features = (*(key if isinstance(key, tuple) else (key,)), slice(None), slice(None))[:3]
        if isinstance(columns, np.ndarray):
            return self._windows(np.asarray(rows), columns)[..., features]
        if isinstance(columns, slice):
            return self._sliced(rows, *columns.indices(self.shape[1]))[..., features]
        column = range(self.shape[1])[operator.index(columns)]
        return self._sliced(rows, column, column + 1, 1)[..., 0, :][..., features]

    def _sliced(self, rows: Any, start: int, stop: int, step: int) -> NDArray[np.float32]:
        if step < 1:
            raise IndexError("signals on disk are read forwards")
        if not isinstance(rows, slice):
            return self._along(self.recordings[operator.index(rows)], start, stop, step)
        chosen = self.recordings[rows]
        found = np.empty((len(chosen), len(range(start, stop, step)), self.shape[2]), np.float32)
        for row, recording in zip(found, chosen, strict=True):
            row[:] = self._along(recording, start, stop, step)
        return found

    def _along(self, recording: Recording, start: int, stop: int, step: int) -> NDArray[np.float32]:
        """Piece by piece: of hours, a sample here and there needs little memory."""
        found = np.empty((len(range(start, stop, step)), self.shape[2]), np.float32)
        each = max(1, PIECE // step)
        for first in range(0, len(found), each):
            begin, last = start + first * step, min(first + each, len(found))
            found[first:last] = recording.read([(begin, start + (last - 1) * step + 1)])[0][::step]
        return found

    def _windows(self, rows: NDArray, columns: NDArray) -> NDArray[np.float32]:
        """Samples at places in arrays: the last axis of the columns is along time where there are two."""
        rows, columns = np.broadcast_arrays(rows, columns)
        flat = columns.reshape(-1, columns.shape[-1]) if columns.ndim > 1 else columns[:, None]
        which = rows.reshape(len(flat), -1)
        if (which != which[:, :1]).any() or (columns.size and (columns.min() < 0 or columns.max() >= self.shape[1])):
            raise IndexError("a window lies in one recording, from its first sample to its last one")
        found = np.empty((*flat.shape, self.shape[2]), np.float32)
        for number in np.unique(which[:, 0]):
            places = np.flatnonzero(which[:, 0] == number)
            spans = [(int(flat[place].min()), int(flat[place].max()) + 1) for place in places]
            for place, (first, _), piece in zip(places, spans, self.recordings[number].read(spans), strict=True):
                found[place] = piece[flat[place] - first]
        return found.reshape(*columns.shape, self.shape[2])


def joined(parts: Sequence[Any]) -> Any:
    """Recordings of several signals, each (recordings, time, features), as one.

    Raises:
        ValueError: where some are on disk and others in memory.
    """
    if not any(isinstance(part, OnDisk) for part in parts):
        return np.concatenate(parts)
    if not all(isinstance(part, OnDisk) for part in parts):
        raise ValueError("some of the parts are on disk and others in memory: np.asarray takes a signal into memory")
    return OnDisk([recording for part in parts for recording in part.recordings], parts[0].shape[1])


def between(signal: Any, start: int, stop: int) -> Any:
    """Samples of every recording of a signal, which stays where it is."""
    return signal.between(start, stop) if isinstance(signal, OnDisk) else signal[:, start:stop]


def stays_on_disk(signal: Any) -> bool:
    """Whether a signal is not to be taken into memory: of files, or of a large file that is mapped."""
    if isinstance(signal, np.ndarray) and signal.nbytes > MAPPED:
        while signal is not None and not isinstance(signal, np.memmap):
            signal = getattr(signal, "base", None)
        return signal is not None
    return isinstance(signal, OnDisk)
