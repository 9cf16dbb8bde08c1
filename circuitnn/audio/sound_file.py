"""The one door for sound files: what a header says is checked before a sample is read, and takes no memory."""

import contextlib
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, final

import numpy as np
import soundfile
from numpy.typing import NDArray

from circuitnn.audio.errors import AudioError
from circuitnn.opening import opened, reason

LOWEST_RATE, HIGHEST_RATE = 100, 10_000_000  # Hz, of what is a signal in time
PIECE = 2**20  # numbers that are read at a time
FEW = 256  # samples that are read at a time where it is looked for the end
# More samples than these of a file are no sound but a header at fault: an Opus file has some 64 a byte, others fewer.
SAMPLES, SAMPLES_A_BYTE = 2**26, 64

# What libsndfile notes where the data are shorter than the header says: of wav, aiff, au, w64 and rf64.
_SHORTER = (
    re.compile(r"^ *(?:data|SSND|Data Size|riff) *: (?P<said>\d+) \(should be (?P<there>\d+)\)", re.MULTILINE),
    re.compile(r"Calculated frame count (?P<there>\d+) does not match value from 'ds64' chunk of (?P<said>\d+)"),
)
# A program that writes into a pipe does not know the length: sizes that stand for "until the end".
_UNKNOWN = (range(0x7FFFF000, 0x80000025), range(0xFFFFF000, 0x100000000))


@contextlib.contextmanager
def opened_sound(path: str | os.PathLike) -> Iterator[soundfile.SoundFile]:
    """A sound file, open for `next_frames`.

    Raises:
        AudioError: when there is no such file, it is no file, no sound, empty, truncated, or says of itself what
            cannot be.
    """
    with contextlib.ExitStack() as stack:
        try:
            # Opened here, as libsndfile would wait for a pipe, and takes what ends in .raw for samples.
            file = stack.enter_context(_Source(opened(path).detach()))
            sound = stack.enter_context(soundfile.SoundFile(file, "r"))
        except OSError as error:
            raise AudioError(f"{path}: {reason(error)}") from error
        except Exception as error:  # of libsndfile or of what stands between
            raise AudioError(f"{path}: cannot be read as audio: {_why(error)}") from error
        _check(path, sound)
        yield sound


def next_frames(
    sound: soundfile.SoundFile, path: str | os.PathLike, frames: int, *, dtype: str = "float64"
) -> NDArray[Any]:
    """The next samples of all channels: (frames, channels), fewer at the end of what the file says that it has.

    Raises:
        AudioError: when they are not all there.
    """
    start = sound.tell()
    frames = min(frames, sound.frames - start)
    # It grows with what is there: a header may say anything.
    block = np.empty((0, sound.channels), dtype)
    filled = 0
    while filled < frames:
        try:
            piece = sound.read(min(max(1, PIECE // sound.channels), frames - filled), dtype=dtype, always_2d=True)
        except Exception as error:
            missing = _missing(sound, _counted(path, start + filled))
            raise AudioError(f"{path}: cannot be read as audio to its end ({_why(error)}){missing}") from error
        if not len(piece):
            raise AudioError(f"{path}: is truncated{_missing(sound, start + filled)}")
        if len(piece) == frames:
            return piece
        if filled + len(piece) > len(block):
            block.resize((min(frames, 2 * filled + len(piece)), sound.channels), refcheck=False)
        block[filled : filled + len(piece)] = piece
        filled += len(piece)
    return block


def check_length(path: str | os.PathLike, samples: int, fs: int) -> None:
    """Refuse more samples than can be the sound of a file of that size.

    Args:
        path: of the file.
        samples: in each channel.
        fs: their rate in hertz, for the message.

    Raises:
        AudioError: when there are.
    """
    size = Path(path).stat().st_size
    if samples > SAMPLES + SAMPLES_A_BYTE * size:
        raise AudioError(
            f"{path}: a file of {size} bytes that makes {samples} samples ({samples / fs:.3g} s at {fs} Hz) is no "
            "sound; its header is at fault"
        )


def check_rate_of_file(path: str | os.PathLike, fs: int) -> None:
    """Refuse sample rates that no signal in a file has.

    Raises:
        AudioError: naming the file.
    """
    if not LOWEST_RATE <= fs <= HIGHEST_RATE:
        raise AudioError(f"{path}: a sound at {fs} Hz is none; rates are {LOWEST_RATE} Hz to {HIGHEST_RATE} Hz")


@final
class _Source(io.BufferedReader):
    """A file in which damaged sounds are looked for at places that there are none: that is no error of Python's."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        try:
            return super().seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return self.tell()


def _check(path: str | os.PathLike, sound: soundfile.SoundFile) -> None:
    check_rate_of_file(path, sound.samplerate)
    for pattern in _SHORTER:
        found = pattern.search(sound.extra_info)
        said, there = (int(found["said"]), int(found["there"])) if found else (0, 0)
        is_less_than_a_sample = (said - there) * sound.frames < there
        if there < said and not is_less_than_a_sample and not any(said in unknown for unknown in _UNKNOWN):
            raise AudioError(
                f"{path}: is truncated: {100 * (1 - there / said):.3g} % is missing, {sound.frames} samples "
                f"({sound.frames / sound.samplerate:.4g} s) are there; copy the file again"
            )
    if not sound.frames:
        raise AudioError(f"{path}: has no samples")
    check_length(path, sound.frames, sound.samplerate)


def _counted(path: str | os.PathLike, there: int) -> int:
    """How many samples can be read, to a few thousandths of a second: those before sample `there` and some more."""
    with (
        contextlib.suppress(Exception),
        _Source(opened(path).detach()) as file,
        soundfile.SoundFile(file, "r") as sound,
    ):
        sound.seek(there)
        while count := len(sound.read(FEW, always_2d=True)):
            there += count
    return there


def _missing(sound: soundfile.SoundFile, there: int) -> str:
    """How much, in words."""
    said, fs = sound.frames, sound.samplerate
    return (
        f": {100 * (1 - there / said):.3g} % is missing, some {there} of {said} samples "
        f"({there / fs:.4g} of {said / fs:.4g} s) are there; copy the file again"
    )


def _why(error: Exception) -> str:
    return str(getattr(error, "error_string", error)).rstrip(".")
