"""Data sets of what a circuit model does, its states observed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from circuitnn.model import StateModel, checked_model, trace
from circuitnn.native import fastest
from circuitnn.samples import check_kind
from circuitnn.train.dataset import VOLTS, Dataset


def record(
    teacher: StateModel, x: ArrayLike, *, fs: float, controls: Mapping[str, float] | None = None, block: int = 48_000
) -> Dataset:
    """What a circuit model makes of a signal: output and true states, as a data set at the rate `fs`.

    A teacher at a multiple of `fs` is observed at every k-th sample only: no filter stands between the circuit and its
    states, so the states stay true to each other. The signal is given at the teacher's own rate.

    Args:
        teacher: a model that knows its rate `fs`, for example a `NodalModel` at eight times `fs`.
        x: (time,) or (recordings, time) in volts at the teacher's rate.
        fs: the rate of the data set in Hz.
        controls: constant knob positions.
        block: samples that are computed at a time, which bounds the memory.

    Raises:
        ValueError: when the teacher's rate is no multiple of `fs`.
    """
    ratio = ratio_to(checked_model(teacher), fs)
    check_kind("x", np.asarray(x).dtype)
    x = np.atleast_2d(np.asarray(x, float))
    teacher = fastest(teacher, x.shape[1], streams=x.shape[0], is_observed=True)
    carry = teacher.init_carry(x.shape[:1], controls)
    initial = np.asarray(teacher.states(carry))
    pieces = []
    block = max(1, block // ratio) * ratio
    for start in range(0, x.shape[1], block):
        carry, y, states = observe(teacher, x[:, start : start + block, None], carry, ratio, controls)
        pieces.append((y, states))
    outputs, trajectory = (np.concatenate(part, axis=1) for part in zip(*pieces, strict=True))
    # Sample n of the data set is the teacher's sample (n + 1) ratio - 1: input, output and states at the same instant.
    kept = x[:, ratio - 1 :: ratio, None]
    return Dataset(kept, outputs, states=trajectory, controls=controls, fs=fs, initial=initial, volts=VOLTS)


def ratio_to(teacher: StateModel, fs: float) -> int:
    """How many of its samples a teacher takes for one of the rate `fs`.

    Raises:
        ValueError: when it is not a whole number.
    """
    rate = teacher.fs
    if rate is None:
        raise ValueError(
            f"the teacher, a {type(teacher).__name__}, knows no sample rate: fit() sets it, or fs= when built"
        )
    ratio = round(rate / fs)
    if ratio < 1 or abs(ratio * fs - rate) > 1e-6 * rate:
        raise ValueError(
            f"the teacher runs at {rate} Hz, no multiple of {fs} Hz: circuitnn.resampled takes a circuit to one"
        )
    return ratio


def observe(
    teacher: StateModel, x: np.ndarray, carry: Any, ratio: int, controls: Any
) -> tuple[Any, np.ndarray, np.ndarray]:
    """The carry, and output and states after every `ratio`-th of the samples x (recordings, time, in_features)."""
    carry, y, states = trace(teacher, x, carry, controls=controls)
    kept = slice(ratio - 1, None, ratio)
    return carry, np.asarray(y[:, kept]), np.asarray(states[:, kept])
