"""How far responses are from what was wanted, in three figures."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray


@final
@dataclass(frozen=True)
class ResponseError:
    """Magnitude errors of responses, dB, over all settings and frequencies.

    Attributes:
        mean: of their absolute values.
        p95: 95 % of them are less.
        max: the largest.
    """

    mean: float
    p95: float
    max: float

    @classmethod
    def of(cls, decibels: NDArray) -> "ResponseError":
        """Summary of errors in dB, of any shape."""
        size = np.abs(decibels)
        return cls(float(size.mean()), float(np.quantile(size, 0.95)), float(size.max()))
