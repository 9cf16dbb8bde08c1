"""The converter of a recording: its step, where it is coarse enough to be seen in the samples."""

import numpy as np
from numpy.typing import NDArray

MOST_STEPS = 1 << 14  # finer ones are not seen


def step_of(recorded: NDArray) -> float | None:
    """The step of a coarse converter, of which nearly all samples are multiples, as far as the file could hold them."""
    values = np.unique(recorded)
    gaps = np.diff(values)
    if len(values) < 3 or len(values) > MOST_STEPS:
        return None
    # The smallest gap is off by the rounding of the file; the mean of all is not.
    count = np.cumsum(np.round(gaps / np.percentile(gaps, 10)))
    step = float((values[-1] - values[0]) / count[-1])
    multiples = values[1:] - values[0] - step * count
    return step if np.percentile(np.abs(multiples - np.median(multiples)), 90) < 0.2 * step else None
