"""Long signals, read piece by piece: arrays, sound files, several in a row, at another sample rate.

Whatever the pieces, the samples are the same as those of the whole signal.
"""

import abc
import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, final

import numpy as np
import soundfile
from numpy.typing import NDArray

from circuitnn.audio.errors import AudioError
from circuitnn.audio.files import check_channel, one_channel
from circuitnn.audio.resampling import ratio_of, reach, resample
from circuitnn.audio.sound_file import next_frames, opened_sound

PIECE = 2**20  # samples that are hashed at a time


class Reader(abc.ABC):
    """A signal of known length (abstract).

    Attributes:
        samples: its length.
        shape: of the axes before time; () for one recording.
        holds: whether it keeps its first value before its first sample and its last one after the last, as a control
            voltage does; else it is zero there.
    """

    samples: int
    shape: tuple[int, ...]
    holds: bool = False

    @abc.abstractmethod
    def _within(self, start: int, stop: int) -> NDArray[np.float64]:
        """Samples that exist, (..., stop - start)."""

    @final
    def read(self, start: int, stop: int) -> NDArray[np.float64]:
        """Samples `start` up to `stop`, (..., time), which may be outside its length.

        Raises:
            AudioError: at a sample that is not a finite number, and where a file cannot be read.
        """
        found = np.zeros((*self.shape, stop - start))
        if self.holds:
            found[..., : max(-start, 0)] = self._within(0, 1)
            found[..., max(self.samples - start, 0) :] = self._within(self.samples - 1, self.samples)
        a, b = max(start, 0), min(stop, self.samples)
        if a < b:
            part = self._within(a, b)
            bad = np.argwhere(~np.isfinite(part))
            if len(bad):
                raise AudioError(f"{self}: sample {a + bad[:, -1].min()} is not a finite number")
            found[..., a - start : b - start] = part
        return found

    @final
    def digest(self) -> str:
        """A fingerprint of the samples, in hexadecimal digits."""
        digest = hashlib.sha256(repr((self.shape, self.samples)).encode())
        for start in range(0, self.samples, PIECE):
            digest.update(np.ascontiguousarray(self.read(start, min(start + PIECE, self.samples))).tobytes())
        return digest.hexdigest()


@final
class Held(Reader):
    """An array in memory or mapped into it.

    Args:
        x: (..., time).
        name: of what it is, for messages.
        holds: see `Reader`.

    Raises:
        AudioError: when there are no samples, or they are not numbers.
    """

    def __init__(self, x: NDArray, name: str = "signal", *, holds: bool = False):
        if x.ndim == 0 or x.size == 0:
            raise AudioError(f"{name}: has no samples (shape {x.shape})")
        if x.dtype.kind not in "fiu":
            raise AudioError(f"{name}: must be real numbers, got {x.dtype}")
        self._x, self._name, self.holds = x, name, holds
        self.shape, self.samples = x.shape[:-1], x.shape[-1]

    def _within(self, start: int, stop: int) -> NDArray[np.float64]:
        return np.asarray(self._x[..., start:stop], float)

    def __str__(self) -> str:
        return self._name


class InFile(Reader):
    """A sound file; only what is read is ever in memory (abstract).

    Args:
        path: whatever libsndfile reads.

    Attributes:
        fs: its rate, hertz.
        channels: how many it has.

    Raises:
        AudioError: when there is no such file, it is no sound, or is empty.
    """

    def __init__(self, path: str | Path):
        self._path = Path(path)
        with opened_sound(self._path) as sound:
            self._identity = self._identify()
            self.samples, self.fs, self.channels = sound.frames, sound.samplerate, sound.channels

    @final
    def _frames(self, start: int, stop: int) -> NDArray[np.float64]:
        """Of all channels, (time, channels)."""
        with opened_sound(self._path) as sound:
            if self._identify() != self._identity:
                raise AudioError(f"{self._path}: was changed while it was read")
            try:
                sound.seek(start)
            except soundfile.SoundFileError as error:
                raise AudioError(f"{self._path}: cannot be read from sample {start} on: {error}") from error
            return next_frames(sound, self._path, stop - start)

    def _identify(self) -> tuple[int, ...]:
        status = self._path.stat()
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns

    def __str__(self) -> str:
        return str(self._path)


@final
class OnDisk(InFile):
    """One channel of a sound file.

    Args:
        path: whatever libsndfile reads.
        channel: as for `circuitnn.audio.read`.

    Raises:
        AudioError: as `InFile`, and when it has several channels and none was chosen.
    """

    def __init__(self, path: str | Path, channel: int | Literal["mean"] | None = None):
        super().__init__(path)
        self._channel, self.shape = channel, ()
        check_channel(self.channels, channel, self._path)

    def _within(self, start: int, stop: int) -> NDArray[np.float64]:
        return one_channel(self._frames(start, stop), self._channel)


@final
class EveryChannel(InFile):
    """All channels of a sound file, (channels, time)."""

    def __init__(self, path: str | Path):
        super().__init__(path)
        self.shape = (self.channels,)

    def _within(self, start: int, stop: int) -> NDArray[np.float64]:
        return self._frames(start, stop).T


@final
class InARow(Reader):
    """Recordings one after the other."""

    def __init__(self, parts: Sequence[Reader]):
        self._parts = tuple(parts)
        self._ends = np.cumsum([part.samples for part in parts])
        self.shape, self.samples = (), int(self._ends[-1])

    def _within(self, start: int, stop: int) -> NDArray[np.float64]:
        pieces = []
        for part, end in zip(self._parts, self._ends, strict=True):
            first = int(end) - part.samples
            a, b = max(start, first), min(stop, int(end))
            if a < b:
                pieces.append(part.read(a - first, b - first))
        return np.concatenate(pieces)

    def __str__(self) -> str:
        return ", ".join(map(str, self._parts))


@final
class AtRate(Reader):
    """A signal at another rate, as `circuitnn.audio.resample` gives it.

    Args:
        source: the signal.
        fs_in: its rate, a whole number of hertz.
        fs_out: the wanted rate, likewise.
    """

    def __init__(self, source: Reader, fs_in: int, fs_out: int):
        self._source, self._rates = source, (fs_in, fs_out)
        self._up, self._down = ratio_of(fs_in, fs_out)
        self.shape, self.samples = source.shape, math.ceil(source.samples * self._up / self._down)
        self.holds = source.holds

    def _within(self, start: int, stop: int) -> NDArray[np.float64]:
        return self.around(start, stop)

    def around(self, start: int, stop: int) -> NDArray[np.float64]:
        """Samples `start` up to `stop`, those before the first and after the last included: what the filter rings."""
        up, down = self._up, self._down
        # A piece that starts at a multiple of `down` has its samples where those of the whole signal are.
        first = (start * down // up - reach(up, down)) // down
        last = -(-stop * down // up) + reach(up, down)
        piece = resample(self._source.read(first * down, last)[..., None], *self._rates)[..., 0]
        return piece[..., start - first * up : stop - first * up]

    def __str__(self) -> str:
        return str(self._source)
