"""Where a recording lies against what the circuit with its nominal values makes of its input."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from circuitnn.audio.alignment import Alignment
from circuitnn.audio.clock_drift import paced
from circuitnn.audio.errors import AudioError
from circuitnn.audio.locating import known, located
from circuitnn.estimation.excerpts import Recordings
from circuitnn.estimation.whole_chain import WholeChain

LONGEST_ALIGNED = 30  # seconds
AROUND_CLIPPED = 0.01  # of a clipped sample, as it spreads where the pace is changed


def placed(chain: WholeChain, signals: Recordings, max_delay: float | None, *, corrects_drift: bool) -> Alignment:
    """The recording against the nominal circuit's output, to whole samples; along a line where its clock differs."""
    length = min(len(signals.x), round(LONGEST_ALIGNED * signals.fs))
    loud = np.concatenate([[0.0], np.cumsum(signals.x**2)])
    first = int(np.argmax(loud[length:] - loud[:-length]))
    predicted = chain.played(signals.x[first : first + length])
    if not np.isfinite(predicted).all():
        raise ValueError("identify: the output of the circuit with its nominal values is not finite")
    if np.ptp(predicted) == 0:
        raise ValueError("identify: the circuit with its nominal values gives no output")
    if max_delay == 0:
        alignment = known(predicted, signals.y[first:], signals.fs, 0)
        polarity = 1 if (predicted - predicted.mean()) @ signals.y[first : first + length] >= 0 else -1
        return dataclasses.replace(alignment, polarity=polarity)
    try:
        alignment = located(
            predicted,
            signals.y,
            signals.fs,
            max_delay,
            correct_drift=corrects_drift,
            around=first,
            is_predicted=corrects_drift,
        )
    except AudioError as error:
        limit = "anywhere" if max_delay is None else f"within max_delay={max_delay:g} s"
        raise ValueError(
            f"identify: y has nothing in common with what the circuit makes of x, or not at one delay {limit}: {error}"
        ) from None
    late = alignment.delay_samples - first
    if alignment.corrects_drift and alignment.drift is not None:
        late -= 1e-6 * alignment.drift.ppm * first  # the line begins where x does
        return dataclasses.replace(alignment, delay_samples=late)
    return dataclasses.replace(alignment, delay_samples=float(round(late)))


def at_one_pace(signals: Recordings, alignment: Alignment) -> Recordings:
    """The recordings without delay and drift, where the drift is corrected."""
    if not alignment.corrects_drift or alignment.drift is None:
        return signals
    rate = 1e-6 * alignment.drift.ppm

    def moved(y: NDArray) -> NDArray:
        return paced(y, alignment.delay_samples, rate)

    clipped = np.abs(moved(signals.clipped_y.astype(float))) > AROUND_CLIPPED
    return dataclasses.replace(signals, y=moved(signals.y), clipped_y=clipped)
