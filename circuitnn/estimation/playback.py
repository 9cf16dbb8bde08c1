"""From what a circuit puts out to what was recorded: a coupling, a delay that may grow, on pieces of a recording."""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import jax
import numpy as np
from numpy.typing import NDArray
from scipy.signal import oaconvolve

from circuitnn.numerics.fractional_delay import HALF, taps

REACH = 16  # whole samples that the delay may move by during the fit
SIDE = REACH + HALF  # samples on each side of a piece
PPM = 1e-6
BAND = 0.84  # of the Nyquist frequency, 20 kHz at 48 kHz: above that no two converters are alike


def along_runs(signal: NDArray, runs: Sequence[tuple[int, int]], act: Callable[[NDArray], NDArray]) -> NDArray:
    """What acts on a signal for long, on pieces that follow each other.

    Args:
        signal: (..., pieces, time + 2 SIDE); neighbours have the sides in common.
        runs: first piece and how many follow each other.
        act: of (..., time).
    """
    time = signal.shape[-1] - 2 * SIDE
    found = np.empty_like(signal)
    for first, count in runs:
        part = signal[..., first : first + count, :]
        inside = part[..., SIDE:-SIDE].reshape(*part.shape[:-2], count * time)
        joined = act(np.concatenate([part[..., 0, :SIDE], inside, part[..., -1, -SIDE:]], axis=-1))
        windows = np.lib.stride_tricks.sliding_window_view(joined, time + 2 * SIDE, axis=-1)
        found[..., first : first + count, :] = windows[..., ::time, :]
    return found


def late(signal: NDArray, delay: float, more: NDArray | None, order: int = 0, terms: int = 2) -> NDArray:
    """Signals (..., pieces, time + 2 SIDE) without their sides, later, in the band that all converters pass.

    Or the derivative of that with respect to the delay.

    Args:
        signal: volts.
        delay: samples, at most REACH either way; beyond it the whole samples stop there.
        more: (pieces, time), a delay that changes with time, a small part of a sample: a Taylor series. Or None.
        order: of the derivative.
        terms: of the series; its derivative with respect to `more` is that of order 1 with a term less.
    """
    whole = int(np.clip(np.round(delay), -REACH, REACH))
    length = signal.shape[-1] - 2 * REACH
    moved = signal[..., REACH - whole : REACH - whole + length]
    filters = _filters(delay - whole)[order:]

    def through(k: int) -> NDArray:
        shape = (1,) * (moved.ndim - 1) + (-1,)
        return oaconvolve(moved, filters[k].reshape(shape), mode="valid", axes=-1)

    if more is None:
        return through(0)
    return through(0) + more * (through(1) + (0.5 * more * through(2) if terms > 1 else 0.0))


@lru_cache(maxsize=64)
def _filters(fraction: float) -> tuple[NDArray, ...]:
    """The filter that delays, and its first three derivatives with respect to the delay."""
    with jax.enable_x64(True):
        return tuple(np.asarray(each) for each in _derivatives(fraction))


def in_band(y: NDArray) -> NDArray:
    """A recording (time,) in the band of what `late` makes."""
    return oaconvolve(y, taps(0.0, np, BAND), mode="same")


def _orders() -> Callable:
    filters = partial(taps, band=BAND)
    first = jax.jacfwd(filters)
    second = jax.jacfwd(first)
    third = jax.jacfwd(second)
    return jax.jit(lambda fraction: (filters(fraction), first(fraction), second(fraction), third(fraction)))


_derivatives = _orders()
