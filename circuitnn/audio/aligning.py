"""How one recording lies to another one, in one call."""

import dataclasses
import math
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuitnn.arguments import checked_rate
from circuitnn.audio.alignment import Alignment, AlignmentWarning, channel
from circuitnn.audio.errors import AudioError
from circuitnn.audio.locating import FEWEST_SAMPLES, known, located, overlap
from circuitnn.audio.onset import clicked, onset

BLIP_REACH = 0.25  # seconds after a click in which its answer is looked for
NOTED = 1.0  # samples of drift from start to end that are said
WHOLE = 0.05  # of a sample, by which a whole delay may be underrated


def align(
    x: ArrayLike,
    y: ArrayLike,
    *,
    fs: float,
    max_delay: float | None = None,
    causal: bool = False,
    latency: float | None = None,
    blips: Sequence[float] | None = None,
    correct_drift: bool = False,
) -> Alignment:
    """Find delay, polarity and gain of a recording y against another one, x; refuse where no one delay stands out.

    Pieces of one recording are looked for in the whole of the other one, by their whitened correlation at a low rate.
    Then follows the generalised cross-correlation with the maximum-likelihood weights of Hannan and Thomson, which
    counts each frequency by how well it is known: whole samples, then the fraction. The standard error is the
    Cramer-Rao bound for the coherence that was measured.

    A device between x and y adds a delay of its own to what is found, so that a model of it would have to look ahead by
    a part of a sample; for training take `causal`, `blips` or `latency`. `circuitnn.train.identify` tells recorder and
    device apart.

    Args:
        x: what was played, (time,) or (time, 1).
        y: what was recorded; the lengths may differ.
        fs: sample rate of both, Hz.
        max_delay: seconds, either way; anywhere in the recordings when None. Give it where a signal repeats itself.
        causal: a whole number of samples, not more than to the first sample of x that has a part in y: y does not lead.
        latency: samples, where they are known, as from a measurement of the interface; only polarity, gain and drift
            are then found.
        blips: seconds of x at which there are clicks (`circuitnn.audio.blips`), with silence around them: the latency
            is one sample less than to the first answer.
        correct_drift: `apply` plays y at the pace of x, where their clocks differ.

    Raises:
        AudioError: for signals that are silent, not finite, of more than one channel or too short; for a rate or a
            largest delay that is not positive; where the correlation's peak is not 1.5 times as high as the next one
            (1.3 times near it: a tone, music that repeats itself, echoes, recordings of different things), or a linear
            filter of x explains less than a twentieth of y; where no answer to the blips stands out of the noise.

    Warns:
        AlignmentWarning: of clocks that differ: the delay changes by a sample and by more than chance.

    Source: Knapp and Carter 1976, The generalized correlation method for estimation of time delay; Carter 1987,
        Coherence and time delay estimation.
    """
    played, heard = _checked(x, y, fs, max_delay)
    if sum((causal, latency is not None, blips is not None)) > 1:
        raise AudioError("align: causal, latency and blips are three ways to one delay: give one of them")
    if latency is not None and not math.isfinite(latency):
        raise AudioError(f"align: latency must be a number of samples, got {latency!r}")
    try:
        if blips is not None:
            latency = clicked(heard, fs, blips, BLIP_REACH if max_delay is None else max_delay)
        if latency is not None:
            alignment = known(played, heard, fs, latency)
        else:
            alignment = located(played, heard, fs, max_delay, correct_drift=correct_drift)
            alignment = _causal(played, heard, alignment) if causal else alignment
    except AudioError as error:
        raise AudioError(f"align: {error}") from None
    clocks = alignment.drift
    if clocks is not None and clocks.is_there and not correct_drift and abs(clocks.end - clocks.start) > NOTED:
        differ = "the clocks of player and recorder differ (correct_drift=True takes it out)"
        warnings.warn(f"align: the delay goes {clocks}: {differ}", AlignmentWarning, 2)
    return alignment


def _causal(x: NDArray, y: NDArray, alignment: Alignment) -> Alignment:
    start = math.floor(alignment.delay_samples + WHOLE)
    # As long as x at least: what y is early by moves its end to the right.
    longer = np.pad(y, (0, max(len(x) - len(y), 0)))
    moved = dataclasses.replace(alignment, polarity=1, delay_samples=start).apply(longer)
    both = overlap(len(x), len(y), start)
    late = start + min(onset(x[both], moved[both]), 0)
    return dataclasses.replace(alignment, delay_samples=float(late), standard_error=0.0)


def _checked(x: ArrayLike, y: ArrayLike, fs: float, max_delay: float | None) -> tuple[NDArray, NDArray]:
    checked_rate(fs, AudioError, "align: fs")
    if max_delay is not None and not (math.isfinite(max_delay) and max_delay > 0):
        raise AudioError(f"align: max_delay must be positive, in seconds, got {max_delay!r}")
    played, heard = channel(x, "align: x"), channel(y, "align: y")
    for name, signal in (("x", played), ("y", heard)):
        if np.ptp(signal) == 0:
            raise AudioError(f"align: {name} is silent")
    length = min(len(played), len(heard))
    if length < FEWEST_SAMPLES:
        raise AudioError(f"align: {length} samples ({length / fs:.3f} s) are too few: {FEWEST_SAMPLES} are needed")
    return played, heard
