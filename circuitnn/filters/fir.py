"""A filter of finite impulse response: a cabinet, a room, a microphone, as it was measured."""

from collections.abc import Mapping
from typing import Any, final

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array, lax
from jax.typing import ArrayLike

from circuitnn.arguments import checked_dtype, checked_level, checked_rate, checked_width, spread_level
from circuitnn.audio.impulse_responses import at_rate
from circuitnn.audio.resampling import ratio_of
from circuitnn.model import Controls, Level, Model, Rest
from circuitnn.rates import FINEST
from circuitnn.rings import Ring, in_order
from circuitnn.settings import register, settings_of

MOST_TAPS = 2**18  # 5 s at 48 kHz: files come from anywhere
SMALLEST_FRAME = 2048  # samples that a transform takes at a time


@final
class Taps(nnx.Variable):
    """The fixed impulse response of an `FIR`: saved with it, never trained."""


def _of_length(length: int, **others: Any) -> "FIR":
    """One with so many taps, a wire until it gets its own: settings do not hold the taps, a saved model does."""
    if checked_width("length", length) > MOST_TAPS:
        raise ValueError(f"length: at most {MOST_TAPS} taps, got {length}")
    return FIR(np.eye(1, length)[0], **others)


@final
class FIR(Model):
    """``y_n = sum_k h_k x_(n-k)``: the convolution with an impulse response, causal and without latency.

    One sample reads the last inputs from a ring and is a sum of products; a longer block goes through Fourier
    transforms, in parts about as long as the impulse response. The carry is the past input either way, so that blocks
    may be cut anywhere.

    Args:
        taps: h (taps,), the gain at each delay, beginning with that of the present sample.
        fs: sample rate, Hz.
        trainable: whether the taps are learnt. Fixed ones can be reached by `Model.with_parameters` too.
        dtype: floating-point type of the taps and signals.

    Attributes:
        length: number of taps.

    Raises:
        ValueError: for taps that are no row of 1 to 262,144 finite numbers, or a rate that is not positive.

    Source: Stockham (1966), High-speed convolution and correlation (overlap and save).
    """

    fs: float  # type: ignore[assignment]

    def __init__(self, taps: ArrayLike, fs: float = 48_000, *, trainable: bool = False, dtype: Any = jnp.float32):
        self.fs, self.dtype = checked_rate(fs), checked_dtype(dtype)
        self.in_features = self.out_features = 1
        shape = np.shape(taps)
        if len(shape) != 1 or not 1 <= shape[0] <= MOST_TAPS:
            raise ValueError(f"taps: expected 1 to {MOST_TAPS} numbers in a row, got the shape {shape}")
        row = np.asarray(taps, np.float64)
        if not np.isfinite(row).all():
            raise ValueError(f"taps: not finite at {int(np.flatnonzero(~np.isfinite(row))[0])}")
        self.length = shape[0]
        self.taps = (nnx.Param if trainable else Taps)(jnp.asarray(row, self.dtype))

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data; of the taps only how many there are."""
        kind, row = settings_of(self, taps=[], trainable=isinstance(self.taps, nnx.Param)), {"length": self.length}
        return {key: value for key, value in kind.items() if key != "taps"} | row

    @property
    def controls(self) -> Mapping[str, float]:
        return {}

    def rebuilt_at(self, fs: float) -> Model | None:
        """With its response at another rate; None where a rate is no whole number, or their ratio too fine."""
        if not (float(fs).is_integer() and self.fs.is_integer()):
            return None
        if max(ratio_of(int(self.fs), int(fs))) > FINEST:
            return None
        row = at_rate(np.asarray(self.taps[...], np.float64), int(self.fs), int(fs))
        return FIR(row, fs, trainable=isinstance(self.taps, nnx.Param), dtype=self.dtype)

    def frequency_response(self, freqs: ArrayLike) -> Array:
        """The response at freqs (f,) in Hz: complex (f,); differentiable."""
        angle = jnp.asarray(-2 * np.pi / self.fs * np.arange(self.length))
        return jnp.exp(1j * jnp.outer(jnp.asarray(freqs), angle)) @ self.taps[...]

    def init_carry(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Ring:
        past = spread_level(level, (*batch, 1), self.dtype)[..., None, :]
        return Ring(jnp.broadcast_to(past, (*batch, self.length - 1, 1)), jnp.int32(0))

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        volts = None if level is None else checked_level(level, (*batch, 1), self.dtype) * jnp.sum(self.taps[...])
        return self.init_carry(batch, controls, level=level), volts

    def __call__(self, carry: Ring, x: Array, controls: Controls | None = None) -> tuple[Ring, Array]:
        h = self.taps[...]
        if self.length == 1:
            return carry, h * x
        if x.shape[-2] == 1:
            return _sample(h, carry, x)
        signal = jnp.concatenate([in_order(carry), x], axis=-2)
        after = Ring(signal[..., -(self.length - 1) :, :], jnp.zeros_like(carry.position))
        return after, _convolved(h, signal[..., 0])[..., None]


register(FIR, build=_of_length)


def _sample(h: Array, carry: Ring, x: Array) -> tuple[Ring, Array]:
    """One sample: the ring stays where it is, and the taps are read from the place on that meets the newest."""
    samples, position = carry
    length = len(h) - 1
    behind = h[:0:-1]  # in the ring the oldest comes first
    met = lax.dynamic_slice_in_dim(jnp.concatenate([behind, behind]), length - position, length)
    y = h[0] * x[..., 0, 0] + samples[..., 0] @ met
    after = lax.dynamic_update_slice_in_dim(samples, x, position, samples.ndim - 2)
    return Ring(after, lax.rem(position + np.int32(1), np.int32(length))), y[..., None, None]


def _convolved(h: Array, signal: Array) -> Array:
    """(..., time) of a signal (..., past + time), where the past has one sample less than there are taps.

    Frames of two halves, of which the second comes out right: no sample is gathered, so that gradients are not either.
    """
    past = len(h) - 1
    time = signal.shape[-1] - past
    half = _power_of_two(max(past, min(time, SMALLEST_FRAME)))
    frames = -(-time // half)
    edges = [(0, 0)] * (signal.ndim - 1) + [(half - past, frames * half - time)]
    halves = jnp.pad(signal, edges).reshape(*signal.shape[:-1], frames + 1, half)
    both = jnp.concatenate([halves[..., :-1, :], halves[..., 1:, :]], axis=-1)
    product = jnp.fft.rfft(both) * jnp.fft.rfft(h, 2 * half)
    y = jnp.fft.irfft(product, 2 * half)[..., half:]
    return y.reshape(*signal.shape[:-1], frames * half)[..., :time]


def _power_of_two(least: int) -> int:
    return 1 << max(least - 1, 0).bit_length()
