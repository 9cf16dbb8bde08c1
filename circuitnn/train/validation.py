"""Which weights of a training are kept."""

from typing import Any, final

import numpy as np

from circuitnn.train.dataset import Dataset
from circuitnn.train.epoch import Learner, Setting, device_windows, make_validation
from circuitnn.train.history import History

_VALIDATION_LENGTH, _VALIDATION_WARMUP = 8192, 1000


@final
class Validation:
    """Keeps the best weights by their free-running error; does nothing without validation data."""

    def __init__(self, setting: Setting, data: Dataset | None, every: int, *, is_many: bool):
        self.every, self.windows = every, None
        if data is not None:
            warmup = min(_VALIDATION_WARMUP, data.x.shape[1] // 4)
            length = min(_VALIDATION_LENGTH, data.x.shape[1] - warmup)
            self.windows = device_windows(data, length, warmup, setting.dtype)
            self.run = make_validation(setting, warmup, is_many=is_many)

    def __call__(self, learner: Learner, fixed: Any, epoch: int, epochs: int, history: History) -> Learner:
        """The learner with the best weights so far, after that epoch."""
        if self.windows is None or ((epoch + 1) % self.every and epoch != epochs - 1):
            return learner
        learner, value = self.run(learner, fixed, self.windows)
        history.validation.append(np.asarray(value, float).tolist())
        history.validation_epochs.append(epoch)
        return learner
