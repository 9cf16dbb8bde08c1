"""What was played and what was recorded: two sound files as two signals of one rate and one length."""

from pathlib import Path
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from circuitnn.audio import AudioError, read, resample
from circuitnn.audio.flaws import beyond, still
from circuitnn.audio.sound_file import opened_sound
from circuitnn.cli.problems import Fault, say
from circuitnn.description import counted

SHORTEST = 0.05  # seconds


@final
class Pair(NamedTuple):
    """Two signals (time,), in full scale, their rate in hertz, and what was done to have them so, a line each."""

    x: NDArray
    y: NDArray
    fs: int
    notes: tuple[str, ...]


def read_pair(played: str, recorded: str, channel: str | None) -> Pair:
    """Both files at the rate of the recording, with the length of what was played.

    Args:
        played: what went into the device.
        recorded: what came out.
        channel: "mean", or the number of the channel from 0, of files that have several.

    Raises:
        Fault, AudioError: naming the file, when one cannot be read, or has several channels and none was chosen.
    """
    if Path(played).exists() and Path(recorded).exists() and Path(played).samefile(recorded):
        raise Fault(f"{played} is given twice: what was played, and what was recorded, are two files")
    notes: list[str] = []
    x, fs_x = _one_channel(played, channel, notes)
    y, fs = _one_channel(recorded, channel, notes)
    if channel not in (None, "mean", "0") and not any(_channels(path) > 1 for path in (played, recorded)):
        raise Fault(f"--channel {channel}: {played} and {recorded} have one channel each")
    for path, signal in ((played, x), (recorded, y)):
        if len(signal) < SHORTEST * fs:
            raise Fault(f"{path}: a second or more is needed, there is only {counted(len(signal), 'sample')}")
        if words := still(signal) or beyond(signal):
            raise Fault(f"{path}: {words}")
    if fs_x != fs:
        x = resample(x, fs_x, fs)
        notes.append(f"{played}: {fs_x} Hz, resampled to {fs} Hz, the rate of {recorded}")
    if len(x) > len(y):
        notes.append(f"{played}: cut to the {len(y) / fs:.2f} s of {recorded}, from {len(x) / fs:.2f} s")
        x = x[: len(y)]
    elif len(y) > len(x):
        kept = min(len(y), len(x) + _late(x, y, fs))
        if kept < len(y):
            notes.append(f"{recorded}: {len(y) / fs:.2f} s, cut to {kept / fs:.2f} s, where {played} ends")
        x, y = np.pad(x, (0, kept - len(x))), y[:kept]
    return Pair(x, y, fs, tuple(notes))


def tell(pair: Pair) -> None:
    for note in pair.notes:
        say(note)


def _one_channel(path: str, channel: str | None, notes: list[str]) -> tuple[NDArray, int]:
    count = _channels(path)
    if count == 1:
        return read(path)
    if channel is None:
        x, fs = read(path, channel=0)
        if any(not np.array_equal(x, read(path, channel=k)[0]) for k in range(1, count)):
            raise Fault(
                f"{path}: has {count} channels where one is needed: --channel 0 to --channel {count - 1}, or "
                "--channel mean"
            )
        notes.append(f"{path}: its {count} channels are the same; one is taken")
        return x, fs
    if channel != "mean" and not (channel.isdecimal() and int(channel) < count):
        raise Fault(f"--channel {channel}: {path} has {count}, counted from 0; or mean")
    return read(path, channel="mean" if channel == "mean" else int(channel))


def _channels(path: str) -> int:
    with opened_sound(path) as sound:
        return sound.channels


def _late(x: NDArray, y: NDArray, fs: int) -> int:
    """By how many samples a recording that went on for longer comes late; 0 where that cannot be told."""
    from circuitnn.audio import align  # here, as it takes a second to import, and what is refused before does without

    try:
        return max(int(np.ceil(align(x, y, fs=fs).delay_samples)), 0)
    except AudioError:
        return 0
