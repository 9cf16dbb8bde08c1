"""Where recordings begin."""

import numpy as np
from numpy.typing import NDArray

from circuitnn.train.dataset import Dataset

AT_ONCE = 2e-3  # seconds
SOME = 2**20  # samples of a recording that tell its level
QUIET = 0.05  # of the root mean square of the whole, without the mean


def begins_in_signal(data: Dataset) -> NDArray[np.bool_]:
    """(recordings,): whether the input is loud at once, so that the device may not have been at rest."""
    first = data.x[:, : max(1, round(AT_ONCE * data.fs))].astype(float)
    some = data.x[:, :: max(1, data.samples // SOME)].astype(float)  # of hours, samples here and there
    mean = some.mean(axis=1, keepdims=True)
    level, *starts = (
        np.sqrt(np.mean(np.square(part), axis=1)) for part in (some - mean, first, first - mean)
    )  # quiet is what is near to zero, or to an offset
    return np.any(np.minimum(*starts) > QUIET * level + 1e-9 * np.abs(mean[:, 0]), axis=-1)
