"""How far a contender goes on from the context, and what of its error is the oscillator's drift."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.hidden_modulation.contenders import BIN, CONTEXT, Contender, Heard, Played
from benchmarks.hidden_modulation.material import Excerpts


def row(name: str, contender: Contender, condition: str, excerpts: Excerpts) -> dict[str, Any] | None:
    """Errors after the context, over all excerpts; None where the condition is none for that contender."""
    began, played = time.monotonic(), []
    for index in range(len(excerpts.data.x)):
        found = contender(heard(excerpts, index), condition)
        if found is None:
            return None
        played.append(found)
    target = np.asarray(excerpts.data.y[..., 0], float)[:, CONTEXT:]
    left = np.stack([each.y for each in played])[:, CONTEXT:] - target
    each = np.sum(left**2, axis=1) / np.sum(target**2, axis=1)
    return {
        "contender": name,
        "condition": condition,
        "esr": float(np.sum(left**2) / np.sum(target**2)),
        "median": float(np.median(each)),
        "each": each.tolist(),
        "horizon": (_binned(left) / _binned(target)).tolist(),
        "drift": _drift(played, excerpts),
        "sure": [one.is_sure for one in played],
        "seconds": time.monotonic() - began,
    }


def heard(excerpts: Excerpts, index: int) -> Heard:
    """One of the excerpts."""
    data = excerpts.data
    assert data.states is not None
    assert data.initial is not None
    x, gates = np.asarray(data.x[index]).T
    rate = float(excerpts.rate[index, 0])
    return Heard(x, gates, data.y[index, :, 0], data.states[index], data.initial[index], rate)


def _binned(signal: NDArray) -> NDArray:
    """Energy in each bin after the context, of all excerpts together (bins,)."""
    bins = signal.shape[1] // BIN
    return np.square(signal[:, : bins * BIN]).reshape(len(signal), bins, BIN).sum(axis=(0, 2))


def _drift(played: list[Played], excerpts: Excerpts) -> list[list[float]] | None:
    """Error of the phase in radians at the start of each bin, (excerpts, bins)."""
    if played[0].phase is None:
        return None
    truth = excerpts.phase[:, CONTEXT::BIN]
    found = np.stack([each.phase for each in played if each.phase is not None])
    return np.angle(np.exp(1j * (found - truth[:, : found.shape[1]]))).tolist()
