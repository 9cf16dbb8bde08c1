"""A loudspeaker in its cabinet, as somebody has measured it: an impulse response as a model."""

import logging
import math
import os
from pathlib import Path
from typing import Any, Literal

import jax.numpy as jnp

from circuitnn.audio.errors import AudioError
from circuitnn.audio.files import read
from circuitnn.audio.impulse_responses import at_rate, from_onset, normalised, shortened
from circuitnn.audio.signals import checked_rate
from circuitnn.filters import FIR

_log = logging.getLogger("circuitnn.hybrid")


def cabinet(
    path: str | os.PathLike,
    fs: int | None = None,
    *,
    channel: int | Literal["mean"] | None = None,
    seconds: float | None = None,
    trim: bool = False,
    normalise: bool = False,
    trainable: bool = False,
    dtype: Any = jnp.float32,
) -> FIR:
    """The loudspeaker cabinet (or the room, or the microphone) whose impulse response is in a sound file.

    The response is taken as it is in the file, where one is a gain of one, unless something else is asked for. What
    was done to it is told to the logger ``circuitnn.hybrid``.

    Args:
        path: wav, flac, aiff or whatever else libsndfile reads.
        fs: sample rate of the model in hertz; where the file has another, the response is resampled, with the level at
            each frequency kept. That of the file when None.
        channel: which one of a file that has several: its number from 0, or "mean".
        seconds: keep so much of it at most; the last tenth of that fades out.
        trim: leave out the silence in front, which makes everything late.
        normalise: scale it so that the loudest frequency has a gain of one.
        trainable: whether the taps are learnt.
        dtype: floating-point type.

    Raises:
        AudioError: as for `circuitnn.audio.read`; for a length that is none, and a response that is longer than
            262,144 samples.
    """
    if seconds is not None and not 0 < seconds < math.inf:
        raise AudioError(f"{path}: seconds: expected a positive number, got {seconds}")
    taps, rate = read(path, channel=channel)
    if not taps.any():
        raise AudioError(f"{path}: is silent, which no impulse response is")
    done = []
    if trim and len(taps) > len(from_onset(taps)):
        done.append(f"{len(taps) - len(from_onset(taps))} samples of silence in front left out")
        taps = from_onset(taps)
    wanted = rate if fs is None else checked_rate(fs)
    if wanted != rate:
        done.append(f"resampled from {rate} Hz to {wanted} Hz")
        taps = at_rate(taps, rate, wanted)
    most = len(taps) if seconds is None else max(1, round(seconds * wanted))
    if most < len(taps):
        done.append(f"cut from {len(taps)} to {most} samples")
    taps = shortened(taps, most)
    if normalise:
        done.append("scaled to a gain of one at its loudest frequency")
        taps = normalised(taps)
    for what in done:
        _log.info("%s: %s", Path(path).name, what)
    try:
        return FIR(taps, wanted, trainable=trainable, dtype=dtype)
    except ValueError as error:
        raise AudioError(f"{path}: {error}; seconds= keeps less of it") from error
