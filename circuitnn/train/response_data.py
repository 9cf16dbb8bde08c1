"""Measured or computed frequency responses at knob positions: what tone stacks and components are fitted to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuitnn.description import counted
from circuitnn.knobs import check_value


@final
@dataclass(frozen=True, eq=False)
class Responses:
    """Frequency responses at settings of knobs; made by `responses`.

    Attributes:
        freqs: (f,) Hz, increasing.
        controls: name of each knob to its positions (n,), from 0 to 1.
        response: (n, f) complex.
        has_phase: whether the phase was measured; if not, `response` is the magnitude.
    """

    freqs: NDArray
    controls: dict[str, NDArray]
    response: NDArray
    has_phase: bool = True

    def __repr__(self) -> str:
        low, high = self.freqs[0], self.freqs[-1]
        phase = "" if self.has_phase else ", magnitudes only"
        return (
            f"Responses: {counted(len(self.response), 'setting')} of {', '.join(self.controls) or 'no knob'}, "
            f"{len(self.freqs)} frequencies from {low:g} to {high:g} Hz{phase}"
        )

    @property
    def positions(self) -> NDArray:
        """All knobs, (n, knobs), in the order of `controls`."""
        return np.stack(list(self.controls.values()), axis=-1)

    @property
    def decibels(self) -> NDArray:
        """(n, f)."""
        return 20 * np.log10(np.maximum(np.abs(self.response), 1e-300))


def responses(
    freqs: ArrayLike, controls: Mapping[str, ArrayLike], response: ArrayLike, *, has_phase: bool = True
) -> Responses:
    """Check frequency responses and put them together.

    Args:
        freqs: (f,) Hz, increasing.
        controls: knob names and their positions (n,), from 0 to 1; may be empty.
        response: (n, f) complex; real magnitudes (not dB) with `has_phase=False`.
        has_phase: whether the phase is known.

    Raises:
        ValueError: naming what is missing, out of range, not finite, or of another shape.
    """
    f = np.asarray(freqs, float)
    if f.ndim != 1 or f.size < 2:
        raise ValueError(f"responses need at least two frequencies, got the shape {f.shape}")
    if not (np.isfinite(f).all() and (f > 0).all() and (np.diff(f) > 0).all()):
        raise ValueError("frequencies have to be positive, finite and increasing")
    h = np.asarray(response, complex)
    if h.ndim != 2 or h.shape[1] != f.size:
        raise ValueError(f"responses have to be (settings, {f.size} frequencies), got {h.shape}")
    positions = {}
    for name, value in controls.items():
        at = np.atleast_1d(np.asarray(value, float))
        if at.shape != (h.shape[0],):
            raise ValueError(f"knob {name}: expected {h.shape[0]} positions, got the shape {at.shape}")
        check_value(name, at)
        positions[name] = at

    def setting(k: int) -> str:
        return ", ".join(f"{name}={at[k]:g}" for name, at in positions.items()) or f"setting {k}"

    missing = np.argwhere(~np.isfinite(h))
    if missing.size:
        raise ValueError(f"the response at {setting(missing[0][0])} and {f[missing[0][1]]:g} Hz is not a finite number")
    silent = np.flatnonzero(~np.any(h != 0, axis=1))
    if silent.size:
        raise ValueError(f"the response at {setting(silent[0])} is zero at all frequencies: decibels cannot follow it")
    if not has_phase and not (np.isreal(h).all() and (h.real >= 0).all()):
        raise ValueError("responses without phase are magnitudes: real and not negative")
    return Responses(f, positions, h, has_phase)
