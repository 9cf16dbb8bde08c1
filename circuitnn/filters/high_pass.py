"""The first-order high pass: a coupling capacitor and what it works into."""

from typing import Any, final

import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from circuitnn.arguments import checked_dtype, checked_rate
from circuitnn.filters.biquad_form import Biquads
from circuitnn.filters.models import Filter
from circuitnn.model import Model
from circuitnn.settings import register, settings_of

LOWEST_RESTORED = 0.1  # Hz


@final
class Corner(nnx.Variable):
    """The fixed corner of a `HighPass`: saved with it, never trained."""


@register
@final
class HighPass(Filter):
    """``H(s) = s/(s + 2 pi corner)`` by the bilinear transform, exact at the corner: a coupling capacitor.

    As a circuit it begins charged: at rest, whatever the level, its output is 0.

    Args:
        corner: Hz, where the response has fallen by 3 dB.
        fs: sample rate, Hz.
        trainable: whether the corner is learnt.
        dtype: floating-point type of the numbers and signals.

    Raises:
        ValueError: for a corner that is not between 0 and half the sample rate.
    """

    def __init__(self, corner: float, fs: float = 48_000, *, trainable: bool = False, dtype: Any = jnp.float32):
        self.fs, self.dtype = checked_rate(fs), checked_dtype(dtype)
        self.in_features = self.out_features = 1
        if not 0 < float(corner) < 0.5 * self.fs:
            raise ValueError(f"corner: expected hertz between 0 and half of {self.fs:g}, got {corner}")
        # The logarithm, so that a step of learning does not lead below 0.
        self.log_corner = (nnx.Param if trainable else Corner)(jnp.log(jnp.asarray(corner, dtype)))

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data."""
        is_learnt = isinstance(self.log_corner, nnx.Param)
        return settings_of(self, corner=jnp.exp(self.log_corner[...]), trainable=is_learnt)

    def rebuilt_at(self, fs: float) -> Model:
        is_learnt = isinstance(self.log_corner, nnx.Param)
        return HighPass(float(jnp.exp(self.log_corner[...])), fs, trainable=is_learnt, dtype=self.dtype)

    def form(self) -> Biquads:
        share = input_share(jnp.exp(self.log_corner[...]), self.fs, jnp)
        # With w = z - 1: (1 - G) w/(w + 2 G), and a root at z = 0 above and below.
        one, zero = jnp.ones_like(share), jnp.zeros_like(share)
        above, below = jnp.stack([one, zero]), jnp.stack([1 + 2 * share, 2 * share])
        return Biquads((1 - share)[None], above[None], below[None], order=1)


def input_share(corner: Any, fs: float, xp: Any = np) -> Any:
    """G of ``s_n = s_(n-1) + 2 G (x_n - s_(n-1))``, ``y_n = (1 - G) (x_n - s_(n-1))`` (Zavalishin 2012)."""
    turn = xp.tan(np.pi * corner / fs)
    return turn / (1 + turn)


def coupled(signal: NDArray, corner: float, fs: float) -> NDArray:
    """Signals (..., time) behind a first-order high pass that has heard their first sample for long."""
    share = input_share(corner, fs)
    return _through([1 - share, share - 1], [1, 2 * share - 1], signal - signal[..., :1])


def restored(signal: NDArray, corner: float, fs: float) -> NDArray:
    """Signals (..., time) before a high pass that has taken their lows, as far down as `LOWEST_RESTORED`.

    Further down there is what a converter has added, which would grow with time. Of a signal that began in silence.
    """
    share, least = input_share(corner, fs), input_share(LOWEST_RESTORED, fs)
    moving = signal - np.mean(signal, axis=-1, keepdims=True)
    return (1 - least) / (1 - share) * _through([1, 2 * share - 1], [1, 2 * least - 1], moving)


def restored_and_slope(signal: NDArray, corner: float, fs: float) -> tuple[NDArray, NDArray]:
    """`restored`, and its derivative with respect to the logarithm of the corner."""
    share, least = input_share(corner, fs), input_share(LOWEST_RESTORED, fs)
    before = restored(signal, corner, fs)
    moving = signal - np.mean(signal, axis=-1, keepdims=True)
    sums = (1 - least) * _through([0.0, 2.0], [1, 2 * least - 1], moving)
    return before, _share_slope(corner, fs) * (before + sums) / (1 - share)


def _share_slope(corner: float, fs: float) -> float:
    """Derivative of `input_share` with respect to the logarithm of the corner."""
    turn = np.tan(np.pi * corner / fs)
    return np.pi * corner / fs * (1 + turn**2) / (1 + turn) ** 2


def coupled_and_slope(signal: NDArray, corner: float, fs: float) -> tuple[NDArray, NDArray]:
    """`coupled`, and its derivative with respect to the logarithm of the corner."""
    share = input_share(corner, fs)
    passed = coupled(signal, corner, fs)
    # d/dG of (1 - G)(1 - 1/z)/(1 - (1 - 2 G)/z) is that with -1/(1 - G) - 2/z / (1 - (1 - 2 G)/z).
    late = _through([0.0, 2.0], [1, 2 * share - 1], passed)
    return passed, -_share_slope(corner, fs) * (passed / (1 - share) + late)


def _through(numerator: list[float], denominator: list[float], signal: NDArray) -> NDArray:
    from scipy.signal import lfilter  # here, because it takes a second to import

    return lfilter(numerator, denominator, signal, axis=-1)
