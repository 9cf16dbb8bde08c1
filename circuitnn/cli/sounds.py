"""Sound files of any length, block by block; written whole or not at all."""

import contextlib
import tempfile
from pathlib import Path
from typing import IO, final

import numpy as np
import soundfile

from circuitnn.audio.files import SUFFIXES
from circuitnn.audio.readers import AtRate, EveryChannel
from circuitnn.audio.sound_file import check_length, check_rate_of_file, next_frames, opened_sound
from circuitnn.cli.outputs import check_file
from circuitnn.cli.problems import Failure, Fault
from circuitnn.files import replacing

PIECE = 2**16  # samples that are copied at a time


def check(path: str) -> None:
    """Raises an AudioError where there is no such file, it is no sound, or is empty."""
    with opened_sound(path):
        pass


@final
class Sound:
    """A sound file to be read from its beginning.

    Args:
        path: whatever libsndfile reads.
        fs: wanted rate in hertz; None for the file's. A file at another rate is resampled piece by piece.

    Attributes:
        samples: its length at that rate.
        channels: how many.
        fs: the rate, in hertz.
        fs_file: the file's own.

    Raises:
        AudioError: when there is no such file, it is no sound, or is empty.
    """

    def __init__(self, path: str, fs: int | None = None):
        with contextlib.ExitStack() as stack:
            self._file = stack.enter_context(opened_sound(path))
            self.path, self.channels, self.fs_file = path, self._file.channels, self._file.samplerate
            self.fs, self.samples = fs or self.fs_file, self._file.frames
            self._resampled: AtRate | None = None
            self._position = 0
            check_rate_of_file(path, self.fs)
            if self.fs != self.fs_file:
                check_length(path, self.samples * self.fs // self.fs_file, self.fs)
                self._resampled = AtRate(EveryChannel(path), self.fs_file, self.fs)
                self.samples = self._resampled.samples
            self.close = stack.pop_all().close

    def read(self, samples: int) -> np.ndarray:
        """The next samples in full scale, (samples, channels); fewer at the end, and none after it.

        Raises:
            AudioError: when it is truncated.
            Fault: at a sample that is not finite.
        """
        if self._resampled is None:
            return self._from_file(samples)
        start, self._position = self._position, min(self._position + samples, self.samples)
        return self._resampled.read(start, self._position).T

    def _from_file(self, samples: int) -> np.ndarray:
        block = next_frames(self._file, self.path, samples)
        wrong = np.flatnonzero(~np.isfinite(block).all(axis=1))
        if wrong.size:
            raise Fault(f"{self.path}: sample {self._file.tell() - len(block) + wrong[0]} is not a finite number")
        return block

    def __enter__(self) -> "Sound":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@final
class Spool:
    """A sound that is being made, of any length: in a nameless file beside where it will be, in single precision.

    Only when all of it is there are its peak, and with it the gain, known.

    Args:
        path: where it will be; ends in .wav, .flac, .aiff or .aif.
        channels: how many.

    Attributes:
        peak: largest absolute sample so far, in full scale.

    Raises:
        Fault: when the ending is another, or the folder cannot be written.
    """

    def __init__(self, path: Path, channels: int):
        check_name(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115 - closed by __exit__
        except OSError as problem:
            raise Failure(f"{path}: cannot be written: {problem.strerror or problem}") from problem
        self.path, self.channels = path, channels
        self.peak = 0.0

    def append(self, block: np.ndarray) -> None:
        """Add (samples, channels) in full scale."""
        self.peak = max(self.peak, float(np.max(np.abs(block), initial=0.0)))
        self._file.write(np.ascontiguousarray(block, np.float32).tobytes())

    def write(self, fs: int, *, gain: float = 1.0) -> int:
        """The file, whole or not at all; how many samples had to be clipped at full scale.

        Samples are 32 bit floating point, which hold what is above full scale, and 24 bit integers in flac, which do
        not.

        Raises:
            Fault: when it cannot be written.
        """
        container = {".aif": "AIFF"}.get(self.path.suffix.lower(), self.path.suffix[1:].upper())
        holds_all = soundfile.check_format(container, "FLOAT")
        subtype = "FLOAT" if holds_all else "PCM_24"
        clipped = 0
        self._file.seek(0)
        try:
            with (
                replacing(self.path) as file,
                soundfile.SoundFile(file, "w", fs, self.channels, subtype, format=container) as sound,
            ):
                while data := self._file.read(PIECE * self.channels * 4):
                    block = gain * np.frombuffer(data, np.float32).reshape(-1, self.channels)
                    clipped += int(np.count_nonzero(np.abs(block) > 1))
                    sound.write(block if holds_all else block.clip(-1, 1))
        except (soundfile.SoundFileError, OSError) as problem:
            raise Failure(f"{self.path}: cannot be written: {problem}") from problem
        return clipped

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def check_name(path: Path) -> None:
    """Before anything is computed.

    Raises:
        Fault: when the ending is that of no sound file, or there is a folder of that name.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise Fault(f"{path}: the name of a sound file ends in one of {', '.join(SUFFIXES)}")
    check_file(path)
