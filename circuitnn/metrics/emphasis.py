"""A metric after both signals went through a pre-emphasis filter."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.signal import lfilter

from circuitnn.metrics.signals import pair, time_axis
from circuitnn.metrics.waveform import esr
from circuitnn.numerics.emphasis import Emphasis, emphasis_taps


def pre_emphasis(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    emphasis: Emphasis = "high_pass",
    coefficient: float = 0.85,
    fs: float | None = None,
    metric: Callable[[ArrayLike, ArrayLike], float] = esr,
) -> float:
    """A metric after both signals went through a pre-emphasis filter (Wright, Välimäki 2020).

    The filters, with c the coefficient, are those of `circuitnn.losses.pre_emphasis`: ``high_pass`` is ``1 - c z^-1``,
    ``folded_differentiator`` is ``1 - c z^-2``, ``a_weighting`` a linear-phase FIR filter with 101 taps, and
    ``a_weighting_low_pass`` the same followed by ``1 + c z^-1``. Samples without all their predecessors are left out:
    1, 2, 100 and 101 at the start.

    Args:
        prediction: (time,) or (..., time, features).
        target: the same shape.
        emphasis: the filter.
        coefficient: c, in all but ``a_weighting``.
        fs: sample rate in hertz, for the A-weightings.
        metric: of (prediction, target), `esr` by default.

    Returns:
        What the metric returns.

    Raises:
        ValueError: when the shapes differ, the arrays have fewer samples than the filter has taps, the filter has
            another name, or an A-weighting no fs.
    """
    prediction, target = pair(prediction, target)
    taps, axis = emphasis_taps(emphasis, coefficient, fs), time_axis(target)
    if target.shape[axis] < len(taps):
        raise ValueError(f"{emphasis} needs {len(taps)} samples or more along time, got the shape {target.shape}")
    whole = np.arange(len(taps) - 1, target.shape[axis])
    filtered = (np.take(lfilter(taps, [1.0], signal, axis=axis), whole, axis) for signal in (prediction, target))
    return metric(*filtered)
