"""Causal convolutions in a row, and nothing beside them."""

from collections.abc import Mapping, Sequence
from typing import Any, final

import jax.numpy as jnp
from flax import nnx
from jax import Array

from circuitnn.arguments import checked_rngs, checked_width
from circuitnn.convolutional.causal import CausalConv
from circuitnn.model import Carry
from circuitnn.networks.activations import activation_function
from circuitnn.networks.conditioning import Conditioning
from circuitnn.networks.layer import Layer
from circuitnn.networks.layered import Layered
from circuitnn.networks.pointwise import Pointwise
from circuitnn.networks.scaling import Scaling
from circuitnn.settings import register

LARGEST = 2**22  # weights, and numbers of the past, at most


@final
class Activated(Layer):
    """``f(conv(u))``, which knobs may turn.

    Attributes:
        conv: the convolution.
        activation: f by its name, see `circuitnn.networks.activations`.
        cond: lets the knobs turn what comes out; None where they are inputs.
    """

    def __init__(self, conv: CausalConv, activation: str, cond: Layer | None):
        activation_function(activation)  # an error here, not later
        self.conv, self.activation, self.cond, self.width = conv, activation, cond, conv.width

    def rest(self, u: Array, knobs: Array) -> tuple[Carry, Array]:
        carry, v = self.conv.rest(u, knobs)
        return carry, self._after(v, knobs)

    def __call__(self, carry: Carry, u: Array, knobs: Array) -> tuple[Carry, Array]:
        carry, v = self.conv(carry, u, knobs)
        return carry, self._after(v, knobs)

    def _after(self, v: Array, knobs: Array) -> Array:
        v = activation_function(self.activation)(v)
        return v if self.cond is None else self.cond((), v, knobs)[1]


@register
@final
class CNN(Layered):
    """Causal convolutions with gaps between their taps in a row, each with an activation, and a linear read-out.

    The ``conv1d`` layers of RTNeural and Keras, causal. Networks with connections past their layers are `TCN` and
    `WaveNet`.

    Args:
        channels: of each layer.
        kernel_size: taps, one number or one for each layer.
        dilations: samples from tap to tap, of each layer; powers of two when None.
        activation: one or one for each layer, see `circuitnn.networks.activations`.
        in_features: of x, volts.
        out_features: of y, volts.
        controls: names of the knobs, or a mapping to their defaults.
        scaling: volts to network units.
        fs: sample rate in hertz of its training.
        dtype: of weights and signals.
        conditioning: how the knobs reach it, see `circuitnn.networks`: as "inputs", or by "film", "glu" or "gated",
            which turn what each layer gives.
        rngs: for the weights.

    Attributes:
        receptive_field: samples that an output depends on, the present one among them.

    Raises:
        ValueError: for sizes that are none or do not fit each other, or are more than 2**22 numbers in all.
    """

    def __init__(
        self,
        channels: Sequence[int] = (8, 8, 8, 8),
        *,
        kernel_size: int | Sequence[int] = 3,
        dilations: Sequence[int] | None = None,
        activation: str | Sequence[str] = "tanh",
        in_features: int = 1,
        out_features: int = 1,
        controls: Sequence[str] | Mapping[str, float] = (),
        scaling: Scaling | None = None,
        fs: float | None = None,
        dtype: Any = jnp.float32,
        conditioning: Conditioning | str = "inputs",
        rngs: nnx.Rngs | None = None,
    ):
        rngs = checked_rngs(rngs, "CNN")
        super().__init__(
            in_features=in_features,
            out_features=out_features,
            controls=controls,
            scaling=scaling,
            fs=fs,
            dtype=dtype,
            conditioning=conditioning,
        )
        self.channels = tuple(checked_width("channels", width) for width in channels)
        count = len(self.channels)
        taps = (kernel_size,) * count if isinstance(kernel_size, int) else tuple(kernel_size)
        self.kernel_size = kernel_size if isinstance(kernel_size, int) else taps
        self.dilations = tuple(2**k for k in range(count)) if dilations is None else tuple(dilations)
        self.activation = activation if isinstance(activation, str) else tuple(activation)
        names = (activation,) * count if isinstance(activation, str) else self.activation
        if not count or not len(taps) == len(self.dilations) == len(names) == count:
            raise ValueError(f"expected kernel_size, dilations and activation for each of {count} layers")
        widths = (self.inputs.width, *self.channels)
        weights = held = 0
        for size, dilation, before, after in zip(taps, self.dilations, widths, self.channels, strict=False):
            weights += checked_width("kernel_size", size) * before * after
            held += checked_width("dilations", dilation) * (size - 1) * before
        if max(weights, held) > LARGEST:
            raise ValueError(f"{weights} weights and a past of {held} numbers; at most {LARGEST} are kept")
        layers: list[Layer] = []
        for k, (size, dilation, name) in enumerate(zip(taps, self.dilations, names, strict=True)):
            conv = CausalConv(widths[k], widths[k + 1], size, dilation=dilation, dtype=self.dtype, rngs=rngs)
            layers.append(Activated(conv, name, self.conditioned(widths[k + 1], rngs)))
        layers.append(Pointwise(widths[-1], out_features, dtype=self.dtype, rngs=rngs))
        self.in_a_row(layers)

    @property
    def convolutions(self) -> list[Activated]:
        """The layers without the read-out."""
        return list(self.layers)[:-1]

    @property
    def cond(self) -> list[Layer] | None:
        """What lets the knobs turn the layers, one of each; None where they are inputs."""
        turning = [layer.cond for layer in self.convolutions if layer.cond is not None]
        return turning or None

    @property
    def receptive_field(self) -> int:
        """Samples that an output depends on, the present one among them."""
        return 1 + sum(layer.conv.reach for layer in self.convolutions)
