"""Temporal convolutional networks: few layers whose gaps grow by powers of ten, turned by the knobs."""

from collections.abc import Mapping, Sequence
from typing import Any, Self, final

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from circuitnn.arguments import checked_rngs, checked_width
from circuitnn.convolutional.causal import CausalConv
from circuitnn.networks.conditioning import Conditioning
from circuitnn.networks.dense import uniform
from circuitnn.networks.layer import Layer
from circuitnn.networks.layered import Layered, rest_in_a_row, through
from circuitnn.networks.pointwise import Pointwise
from circuitnn.networks.scaling import Scaling
from circuitnn.rings import Ring
from circuitnn.settings import register

MICRO = {100: (4, 5), 300: (4, 13), 1000: (5, 5)}  # milliseconds at 44.1 kHz: blocks, taps
HELD = 2**24  # numbers of the past, at most
SLOPE = 0.25  # of a rectifier below zero, before training


@final
class Block(Layer):
    """``PReLU(FiLM(conv(u))) + g u``, the gain g of each channel for itself.

    Of fewer features than channels, each goes past to as many channels, side by side.

    Attributes:
        conv: without a bias where knobs turn what it gives: FiLM's eta is one.
        cond: FiLM, or what else lets the knobs turn it; None where none does.
        slope: of the rectifier below zero, (width,).
        gain: of what goes past, (width,).
    """

    def __init__(self, conv: CausalConv, cond: Layer | None, *, dtype: Any, rngs: nnx.Rngs):
        self.width, self.conv, self.cond = conv.width, conv, cond
        self.slope = nnx.Param(jnp.full(self.width, SLOPE, dtype))
        self.gain = nnx.Param(uniform(rngs, (self.width,), 1, dtype))

    def rest(self, u: Array, knobs: Array) -> tuple[Ring, Array]:
        carry, v = self.conv.rest(u, knobs)
        return carry, self._after(v, u, knobs)

    def __call__(self, carry: Ring, u: Array, knobs: Array) -> tuple[Ring, Array]:
        carry, v = self.conv(carry, u, knobs)
        return carry, self._after(v, u, knobs)

    def _after(self, v: Array, u: Array, knobs: Array) -> Array:
        v = v if self.cond is None else self.cond((), v, knobs)[1]
        slope, gain = (jnp.broadcast_to(numbers[...], v.shape) for numbers in (self.slope, self.gain))
        features = u.shape[-1]
        past = u if features in (1, self.width) else u[..., np.arange(self.width) * features // self.width]
        return jnp.where(v > 0, v, slope * v) + gain * past


@final
class Blocks(Layer):
    """Blocks in a row, and the layers that make of the knobs what turns all of them."""

    def __init__(self, blocks: Sequence[Block], embedding: Sequence[Pointwise]):
        self.width = blocks[-1].width
        self.blocks, self.embedding = nnx.List(blocks), nnx.List(embedding)

    def rest(self, u: Array, knobs: Array) -> tuple[tuple[Ring, ...], Array]:
        return rest_in_a_row(self.blocks, u, self._embedded(knobs))

    def __call__(self, carry: tuple[Ring, ...], u: Array, knobs: Array) -> tuple[tuple[Ring, ...], Array]:
        return through(self.blocks, carry, u, self._embedded(knobs))

    def _embedded(self, knobs: Array) -> Array:
        for layer in self.embedding:
            _, knobs = layer((), knobs, knobs)
        return knobs


@register
@final
class TCN(Layered):
    """Temporal convolutional network: `blocks` of ``PReLU(FiLM(conv(u))) + g u``, then ``tanh(W u + b)``.

    Block l has a causal convolution with `dilation_growth ** (l % stack)` samples from tap to tap. The knobs pass
    through layers of rectified units that all blocks share, and turn each of them by FiLM. The published network has
    batch normalisation in front of FiLM. It is left out, because statistics of a batch look into the future; once
    trained it is a gain and an offset, which FiLM and the weights have anyway.

    Source: Steinmetz, Reiss 2022, "Efficient neural networks for real-time modeling of analog dynamic range
    compression", 152nd AES Convention, and the code that the authors published.

    Args:
        channels: of each block.
        blocks: how many.
        kernel_size: taps of each convolution.
        dilation_growth: from block to block.
        stack: blocks after which the dilation begins anew at 1.
        embedding: widths of the layers that the knobs pass through; without any FiLM is affine in the knobs.
        in_features: of x, volts.
        out_features: of y, volts.
        controls: names of the knobs, or a mapping to their defaults.
        scaling: volts to network units; tanh gives at most one unit.
        fs: sample rate in hertz of its training.
        dtype: of weights and signals.
        conditioning: how the knobs reach it, see `circuitnn.networks`: "film" as published, "glu" or "gated" in its
            place, or "inputs".
        rngs: for the weights.

    Attributes:
        receptive_field: samples that an output depends on, the present one among them.
    """

    def __init__(
        self,
        channels: int = 32,
        blocks: int = 4,
        *,
        kernel_size: int = 5,
        dilation_growth: int = 10,
        stack: int = 10,
        embedding: Sequence[int] = (16, 32, 32),
        in_features: int = 1,
        out_features: int = 1,
        controls: Sequence[str] | Mapping[str, float] = (),
        scaling: Scaling | None = None,
        fs: float | None = None,
        dtype: Any = jnp.float32,
        conditioning: Conditioning | str = "film",
        rngs: nnx.Rngs | None = None,
    ):
        rngs = checked_rngs(rngs, "TCN")
        super().__init__(
            in_features=in_features,
            out_features=out_features,
            controls=controls,
            scaling=scaling,
            fs=fs,
            dtype=dtype,
            conditioning=conditioning,
        )
        self.channels, self.blocks = checked_width("channels", channels), checked_width("blocks", blocks)
        self.kernel_size = checked_width("kernel_size", kernel_size)
        self.dilation_growth = checked_width("dilation_growth", dilation_growth)
        self.stack = checked_width("stack", stack)
        self.embedding = tuple(checked_width("embedding", width) for width in embedding)
        reach = sum(dilation_growth ** (block % stack) * (kernel_size - 1) for block in range(blocks))
        if reach * channels > HELD:  # before a weight is drawn
            raise ValueError(f"a receptive field of {reach + 1} samples of {channels} channels is too long to be held")
        knobs, layers, width = len(self.inputs.defaults), [], self.inputs.width
        for units in self.embedding if knobs and not self.conditioning.is_input else ():
            layers.append(Pointwise(knobs, units, activation="relu", dtype=self.dtype, rngs=rngs))
            knobs = units
        row = []
        for block in range(blocks):
            options = {"dilation": dilation_growth ** (block % stack), "dtype": self.dtype, "rngs": rngs}
            cond = self.conditioning.layer(channels, knobs, dtype=self.dtype, rngs=rngs)
            conv = CausalConv(width, channels, kernel_size, bias=cond is None, **options)
            row.append(Block(conv, cond, dtype=self.dtype, rngs=rngs))
            width = channels
        output = Pointwise(channels, out_features, activation="tanh", dtype=self.dtype, rngs=rngs)
        self.in_a_row([Blocks(row, layers), output])

    @property
    def receptive_field(self) -> int:
        """Samples that an output depends on, the present one among them."""
        return 1 + sum(block.conv.reach for block in self.layers[0].blocks)

    @classmethod
    def micro(cls, milliseconds: int, *, controls: Sequence[str] | Mapping[str, float] = (), **others: Any) -> Self:
        """The published causal networks of 32 channels by their receptive field: 100, 300 or 1000 ms at 44.1 kHz.

        With the LA-2A's two knobs they have 25,905, 50,737 and 33,201 weights and see 4445, 13,333 and 44,445 samples.

        Args:
            milliseconds: 100, 300 or 1000.
            controls: names of the knobs, or a mapping to their defaults.
            others: as for the class.

        Raises:
            ValueError: for another number of milliseconds.
        """
        if milliseconds not in MICRO:
            raise ValueError(f"micro: there are {', '.join(map(str, MICRO))} ms, not {milliseconds!r}")
        blocks, kernel_size = MICRO[milliseconds]
        return cls(32, blocks, kernel_size=kernel_size, controls=controls, **others)

    @classmethod
    def shallow(cls, *, controls: Sequence[str] | Mapping[str, float] = (), **others: Any) -> Self:
        """The shallow network of a review's comparison: 32 channels, 4 blocks in one stack of 10, dilations by tens.

        Its table names no number of taps; here they are the 5 of the published code. It sees 4445 samples.

        Source: Vanhatalo et al. 2022, "A review of neural network-based emulation of guitar amplifiers", Applied
        Sciences 12(12), table 8.

        Args:
            controls: names of the knobs, or a mapping to their defaults.
            others: as for the class.
        """
        return cls(32, 4, kernel_size=5, dilation_growth=10, stack=10, controls=controls, **others)
