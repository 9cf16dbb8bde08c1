"""Convolutional autoencoders of frames: CAFx, and CRAFx with its bidirectional LSTMs over neighbouring frames."""

from collections.abc import Mapping, Sequence
from typing import Any, final

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from circuitnn.arguments import checked_rngs, checked_width
from circuitnn.frames.frame_network import FrameNetwork
from circuitnn.frames.layers import AdaptiveActivation, BothWays, LocalDense, SameConv, pooled, within_memory
from circuitnn.model import Carry
from circuitnn.networks.activations import sigmoid
from circuitnn.networks.pointwise import Pointwise
from circuitnn.networks.scaling import Scaling
from circuitnn.settings import register

EXCITATION = 16  # by what the weights of channels are computed with more units than there are channels


class Autoencoder(FrameNetwork):
    """Filters, their envelopes pooled to a latent of `latent` samples, and the same filters back (abstract).

    Attributes:
        front: the filters, without activation: what they give also goes past the latent.
        smoothing: of the absolute values, each channel for itself.
        bias: what is added behind the filters, (out_features,).
    """

    def __init__(
        self, filters: int, frame: int, context: int, *, kernel_size: int, latent: int, rngs: nnx.Rngs, **kind
    ):
        self.filters, self.kernel_size = checked_width("filters", filters), checked_width("kernel_size", kernel_size)
        self.latent = checked_width("latent", latent)
        within_memory("filters", filters, max(2 * kernel_size, filters))
        within_memory("the latent", filters, latent, latent)
        within_memory("frames", filters, frame, 2 * context + 1)
        if checked_width("frame", frame) % latent or frame % 2:
            raise ValueError(f"a frame of {frame} samples is no even number that {latent} latent ones divide")
        super().__init__(frame, (context * (frame // 2),) * 2, hop=frame // 2, **kind)
        sizes: dict[str, Any] = {"dtype": self.dtype, "rngs": rngs}
        self.front = SameConv(self.inputs.width, filters, kernel_size, **sizes)
        self.smoothing = SameConv(filters, filters, 2 * kernel_size, is_local=True, **sizes)
        self.bias = nnx.Param(jnp.zeros(self.out_features, self.dtype))

    def encoded(self, u: Array) -> tuple[Array, Array]:
        """Of frames (..., frame, channels): what the filters give (..., frame, filters), and the latent envelopes."""
        bands = self.front(u)
        envelopes = jax.nn.softplus(self.smoothing(jnp.abs(bands)))
        return bands, pooled(envelopes, self.frame // self.latent)

    def unpooled(self, bands: Array, envelopes: Array) -> Array:
        """What the filters gave, under the envelopes (..., latent, filters)."""
        return bands * jnp.repeat(envelopes, self.frame // self.latent, axis=-2)

    def decoded(self, bands: Array) -> Array:
        """Back through the filters: (..., frame, out_features)."""
        y = self.front.back(bands, self.out_features)
        return y + jnp.broadcast_to(self.bias[...], y.shape)


def _dense(widths: Sequence[int], activation: str, *, dtype: Any, rngs: nnx.Rngs) -> nnx.List:
    """Layers from each width to the next, the last one linear."""
    last = len(widths) - 2
    return nnx.List(
        Pointwise(before, after, activation="linear" if n == last else activation, dtype=dtype, rngs=rngs)
        for n, (before, after) in enumerate(zip(widths[:-1], widths[1:], strict=True))
    )


def _through(layers: Sequence[Pointwise], u: Array) -> Array:
    for layer in layers:
        _, u = layer((), u, u[..., :0])
    return u


@register
@final
class CAFx(Autoencoder):
    """Convolutional autoencoder of audio effects, for effects without a long memory.

    Filters; absolute values, smoothed channel by channel, softplus, max pooling to the latent; a dense layer of each
    channel and one of all with softplus; the filters' output under the new envelopes; dense layers with rectifiers; a
    smooth adaptive activation; the same filters back. With the published sizes, 128 filters of 64 taps and frames of
    4096 with a latent of 64, it has 604,545 weights.

    Source: Martinez Ramirez, Benetos, Reiss 2020, "Deep learning for black-box modeling of audio effects", Applied
    Sciences 10(2), and the code that the authors published. Half overlapped frames there are weighted on both sides in
    training; here the output is weighted, and the input is seen as it is.

    Args:
        filters: of the front end.
        frame: samples of a frame; the next one comes half of it later.
        kernel_size: taps of a filter.
        latent: samples that a frame is pooled to.
        in_features: of x, volts.
        out_features: of y, volts; at most `in_features`, because the filters are shared.
        controls: names of the knobs, or a mapping to their defaults.
        scaling: volts to network units.
        fs: sample rate in hertz of its training.
        dtype: of weights and signals.
        rngs: for the weights.
    """

    def __init__(
        self,
        filters: int = 128,
        *,
        frame: int = 4096,
        kernel_size: int = 64,
        latent: int = 64,
        in_features: int = 1,
        out_features: int = 1,
        controls: Sequence[str] | Mapping[str, float] = (),
        scaling: Scaling | None = None,
        fs: float | None = None,
        dtype: Any = jnp.float32,
        rngs: nnx.Rngs | None = None,
    ):
        rngs = checked_rngs(rngs, "CAFx")
        super().__init__(
            filters, frame, 0, kernel_size=kernel_size, latent=latent, rngs=rngs, in_features=in_features,
            out_features=out_features, controls=controls, scaling=scaling, fs=fs, dtype=dtype,
        )  # fmt: skip
        sizes: dict[str, Any] = {"dtype": self.dtype, "rngs": rngs}
        self.local = LocalDense(filters, latent, latent, activation="softplus", **sizes)
        self.shared = Pointwise(latent, latent, activation="softplus", **sizes)
        half = max(filters // 2, 1)
        self.dense = _dense((filters, filters, half, half, half, filters), "relu", **sizes)
        self.activation = AdaptiveActivation(filters, **sizes)

    def __call__(self, carry: Carry, u: Array) -> tuple[Carry, Array]:
        bands, latent = self.encoded(u)
        latent = _through((self.shared,), self.local(jnp.swapaxes(latent, -1, -2)))
        bands = self.unpooled(bands, jnp.swapaxes(latent, -1, -2))
        return carry, self.decoded(self.activation(_through(self.dense, bands)))


@register
@final
class CRAFx(Autoencoder):
    """Convolutional recurrent autoencoder of audio effects, for effects with a long memory: it sees frames around.

    The envelopes of each frame and of the `around` frames before and after it, side by side, go through three
    bidirectional LSTMs and a smooth adaptive activation. The filters' output under these envelopes goes through dense
    layers with tanh, another adaptive activation and weights for its channels that follow from their mean amplitudes,
    is added to itself as it was, and goes back through the filters. The LSTMs begin with zeros in each frame; the last
    one has no tanh. With the published sizes, 32 filters of 64 taps, frames of 4096 every 2048 samples and four frames
    on each side, it has 275,073 weights and a latency of 12,287 samples.

    Source: as for `CAFx`. Dropout of a tenth in its LSTMs, a matter of training, is left out.

    Args:
        filters: of the front end.
        frame: samples of a frame; the next one comes half of it later.
        kernel_size: taps of a filter.
        latent: samples that a frame is pooled to.
        around: frames before and after the present one.
        in_features: of x, volts.
        out_features: of y, volts; at most `in_features`, because the filters are shared.
        controls: names of the knobs, or a mapping to their defaults.
        scaling: volts to network units.
        fs: sample rate in hertz of its training.
        dtype: of weights and signals.
        rngs: for the weights.
    """

    def __init__(
        self,
        filters: int = 32,
        *,
        frame: int = 4096,
        kernel_size: int = 64,
        latent: int = 64,
        around: int = 4,
        in_features: int = 1,
        out_features: int = 1,
        controls: Sequence[str] | Mapping[str, float] = (),
        scaling: Scaling | None = None,
        fs: float | None = None,
        dtype: Any = jnp.float32,
        rngs: nnx.Rngs | None = None,
    ):
        rngs = checked_rngs(rngs, "CRAFx")
        if filters < 2 or filters % 2:
            raise ValueError(f"filters: an even number of them, not {filters}")
        self.around = int(around)
        within_memory("LSTMs", 8 * filters, 2 * filters, 2 * self.around + 2)
        super().__init__(
            filters, frame, self.around, kernel_size=kernel_size, latent=latent, rngs=rngs, in_features=in_features,
            out_features=out_features, controls=controls, scaling=scaling, fs=fs, dtype=dtype,
        )  # fmt: skip
        sizes: dict[str, Any] = {"dtype": self.dtype, "rngs": rngs}
        seen = filters * (2 * self.around + 1)
        self.lstms = nnx.List([
            BothWays(seen, 2 * filters, **sizes),
            BothWays(4 * filters, filters, **sizes),
            BothWays(2 * filters, filters // 2, is_linear=True, **sizes),
        ])  # fmt: skip
        self.latent_activation = AdaptiveActivation(filters, **sizes)
        self.dense = _dense((filters, filters, filters // 2, filters // 2, filters), "tanh", **sizes)
        self.activation = AdaptiveActivation(filters, **sizes)
        self.squeezed = Pointwise(filters, EXCITATION * filters, activation="relu", **sizes)
        self.excited = Pointwise(EXCITATION * filters, filters, **sizes)

    def __call__(self, carry: Carry, u: Array) -> tuple[Carry, Array]:
        places = np.arange(2 * self.around + 1)[:, None] * (self.frame // 2) + np.arange(self.frame)
        bands, latent = self.encoded(u[..., places, :])
        latent = jnp.concatenate([latent[..., n, :, :] for n in range(len(places))], axis=-1)
        for lstm in self.lstms:
            latent = lstm(latent)
        bands = self.unpooled(bands[..., self.around, :, :], self.latent_activation(latent))
        turned = self.activation(_through(self.dense, bands))
        gains = sigmoid(_through((self.squeezed, self.excited), jnp.mean(jnp.abs(turned), axis=-2, keepdims=True)))
        return carry, self.decoded(bands + turned * gains)
