"""Metrics of the course of the level."""

import numpy as np
from numpy.typing import ArrayLike

from circuitnn.metrics.signals import check_frames, frames, pair, ratio


def rms_energy_error(prediction: ArrayLike, target: ArrayLike, *, length: int = 2048, hop: int = 512) -> float:
    """Difference of the levels in short frames: does the prediction swell and fade as the target does?

    With e the root mean square of a frame: the sum over the frames of ``|e_prediction - e_target|`` over the sum of
    ``e_target``. Neither phase nor spectrum counts. Simionato, Fasciani (2025, "Comparative study of state-based neural
    networks for virtual analog audio effects modeling") judge models by the normalised RMS energy; the frames and the
    normalisation are stated here because published numbers differ in both.

    Args:
        prediction: (time,) or (..., time, features).
        target: the same shape.
        length: of a frame, in samples.
        hop: from frame to frame, in samples; what does not fill a frame at the end is left out.

    Returns:
        0 for equal levels, 1 for a silent prediction; infinity where only the target is silent, NaN where the
        prediction has NaN.

    Raises:
        ValueError: when the shapes differ, the signals are shorter than a frame, or length or hop are not positive
            whole numbers.
    """
    prediction, target = pair(prediction, target)
    check_frames(target, length, hop)
    predicted, true = (np.sqrt(np.mean(np.square(frames(x, length, hop)), axis=-1)) for x in (prediction, target))
    return ratio(np.sum(np.abs(predicted - true)), np.sum(true))
