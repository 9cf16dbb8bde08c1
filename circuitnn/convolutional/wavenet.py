"""WaveNet without recursion: dilated causal convolutions of the signal, one sample out for each that comes in."""

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any, cast, final

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array, lax

from circuitnn.arguments import checked_rngs, checked_width
from circuitnn.convolutional import variants
from circuitnn.convolutional.activation import activated
from circuitnn.convolutional.history import Memory
from circuitnn.convolutional.layer_array import Head, LayerArray
from circuitnn.convolutional.layers import Convolution, Layers
from circuitnn.model import Controls, Level, Rest
from circuitnn.networks import Conditioning, Network, Scaling
from circuitnn.networks.layered import spread
from circuitnn.rings import Ring
from circuitnn.settings import register

CONDITIONS = ("input", "controls")
MOST_LAYERS, MOST_WEIGHTS, HELD = 1024, 2**24, 2**24  # of one network: files come from anywhere
Carry = tuple[Ring, ...]


@register
@final
class WaveNet(Network):
    """Arrays of dilated causal convolutions, after Wright et al. and as Neural Amp Modeler plays them.

    The named ones: `WaveNet.nam("standard")`, `WaveNet.a2("lite")`, `WaveNet.wright(10, 16)`. The carry is a tuple with
    a `Ring` for each convolution of more than one tap: all that the network still hears, so that streaming is exact.

    Args:
        arrays: what the layers are, array after array; the first sees the signal.
        head: convolutions behind the last array.
        head_scale: a number in front of the output (or of `head`), times a weight that begins with 1; None for neither.
        condition: what the mixers see: "input" for the signal and the knobs, "controls" for the knobs alone.
        condition_channels: channels of a linear map with bias in front of the mixers; None for the condition as it is.
        in_features: width of x.
        out_features: width of y.
        controls: names of the knobs (default position 0.5), or a mapping from names to default values.
        scaling: volts per network unit; ones when None.
        fs: sample rate in hertz of its training; `circuitnn.train.fit` sets it where it is None.
        dtype: floating-point type.
        conditioning: how the knobs reach it, see `circuitnn.networks`: as "inputs" they are in the condition; "film",
            "glu" or "gated" turn the activations of each layer, and the condition is without knobs.
        rngs: for the initial weights.

    Raises:
        ValueError: for arrays that do not fit together.

    Source: van den Oord et al., 2016; Damskaegg et al., ICASSP 2019; Wright, Damskaegg and Valimaki, DAFx 2019;
    Atkinson, Neural Amp Modeler.
    """

    def __init__(
        self,
        arrays: Sequence[LayerArray],
        *,
        head: Head | None = None,
        head_scale: float | None = None,
        condition: str = "input",
        condition_channels: int | None = None,
        in_features: int = 1,
        out_features: int = 1,
        controls: Sequence[str] | Mapping[str, float] = (),
        scaling: Scaling | None = None,
        fs: float | None = None,
        dtype: Any = jnp.float32,
        conditioning: Conditioning | str = "inputs",
        rngs: nnx.Rngs | None = None,
    ):
        super().__init__(
            in_features=in_features,
            out_features=out_features,
            controls=controls,
            scaling=scaling,
            fs=fs,
            dtype=dtype,
            conditioning=conditioning,
        )
        rngs = checked_rngs(rngs, type(self).__name__)
        kind: dict[str, Any] = {"dtype": self.dtype, "rngs": rngs}
        self.arrays, self.head, self.head_scale = checked_arrays(arrays), head, head_scale
        self.condition, self.condition_channels = condition, condition_channels
        if condition not in CONDITIONS:
            raise ValueError(f"condition: there are {', '.join(CONDITIONS)}, not {condition!r}")
        seen = self.inputs.width - (0 if condition == "input" else in_features)
        self.lift: Any = nnx.data(None)
        if condition_channels is not None and seen:
            self.lift = Convolution(seen, checked_width("condition_channels", condition_channels), **kind)
            seen = condition_channels
        if not seen and any(array.film for array in self.arrays):
            raise ValueError("film: there is no condition that could scale anything, since there are no knobs")
        check_size(self.arrays, head, in_features, out_features, seen)
        stacks, features = [], in_features
        for array in self.arrays:
            stacks.append(Layers(array, features, seen, lambda channels: self.conditioned(channels, rngs), **kind))
            features = array.channels
        self.stacks = nnx.List(stacks)
        last = self.arrays[-1].head_size
        widths = [last] if head is None else [last, *[head.channels] * (len(head.kernel_sizes) - 1), out_features]
        if widths[-1] != out_features:
            raise ValueError(f"the last array has a head_size of {last}, and out_features is {out_features}")
        kernels = () if head is None else head.kernel_sizes
        self.behind = nnx.List(
            Convolution(widths[n], widths[n + 1], kernel, **kind) for n, kernel in enumerate(kernels)
        )
        self.gain: Any = None if head_scale is None else nnx.Param(jnp.ones((), self.dtype))

    @classmethod
    def nam(cls, size: str = "standard", **options: Any) -> "WaveNet":
        """Neural Amp Modeler's first architecture: "standard" (13,802 weights), "lite", "feather" or "nano".

        Args:
            size: one of them.
            options: of the constructor: rngs, scaling, fs, controls, dtype.
        """
        return cls(variants.nam(size), **{"head_scale": variants.HEAD_SCALE} | options)

    @classmethod
    def a2(cls, size: str = "full", **options: Any) -> "WaveNet":
        """Its second architecture: "lite" (3 channels, 1,871 weights) or "full" (8 channels, 12,146 weights)."""
        return cls(variants.a2(size), **{"head_scale": variants.A2_HEAD_SCALE} | options)

    @classmethod
    def wright(cls, layers: int = 18, channels: int = 8, **options: Any) -> "WaveNet":
        """Wright et al.'s: 10 layers of 16 channels, 18 of 8 or 18 of 16, with one knob unless `controls` says else.

        Gated convolutions of three taps; signal and knob go through linear maps with bias to all channels, the knob
        through another one in each layer; the output is a linear map of all layers' outputs, with bias. That gives the
        weights of the paper: 24,065, 11,265 and 43,265.
        """
        arrays = variants.wright(layers, channels)
        defaults: dict[str, Any] = {"condition": "controls", "condition_channels": channels, "controls": ("gain",)}
        return cls(arrays, **defaults | options)

    @property
    def receptive_field(self) -> int:
        """Samples of the input that one of the output follows from."""
        behind = sum(size - 1 for size in self.head.kernel_sizes) if self.head else 0
        return 1 + sum(array.reach for array in self.arrays) + behind

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Carry:
        return self.resting(batch, controls, level=level)[0]

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        x, positions = self.at_rest(batch, controls, level)
        carry, y = _of_a_constant(*nnx.split(self), x, positions)
        return spread(lax.stop_gradient(carry), x.shape[:-2], batch), y[..., 0, :]

    def __call__(self, carry: Carry, x: Array, controls: Controls | None = None) -> tuple[Carry, Array]:
        return self.through(carry, x, controls)

    def through(self, carry: Carry | None, x: Array, controls: Controls | None) -> tuple[Carry, Array]:
        """As a call; without a carry what one sample leads to that has gone in for long."""
        batch, memory = x.shape[:-2], Memory(carry, x.shape[:-2])
        turning = _of_one_batch(self.inputs.knobs(x, controls), batch)
        seen = _channels(self.inputs(x, controls))
        signal, positions = seen[:, : self.in_features], seen[:, self.in_features :]
        condition = positions if self.condition == "controls" else seen
        condition = condition if self.lift is None else self.lift(condition)
        u, y = signal, cast(Any, None)
        for stack in self.stacks:
            u, y = stack(u, condition, turning, y, memory)
        y = y if self.gain is None else y * (self.head_scale * self.gain[...])
        for convolution in self.behind:
            y = activated(cast(Head, self.head).activation, y)
            y = memory.convolved(y, convolution.weight[...], convolution.offset)
        y = y.swapaxes(1, 2).reshape(*batch, x.shape[-2], self.out_features)
        return tuple(memory.after), self.units.to_si(y)


@functools.partial(jax.jit, static_argnums=0)
def _of_a_constant(graph: Any, variables: Any, x: Array, positions: Controls) -> tuple[Carry, Array]:
    return nnx.merge(graph, variables).through(None, x, positions)


def _channels(u: Array) -> Array:
    """(..., time, features) to (batch, features, time)."""
    return u.reshape(math.prod(u.shape[:-2]), *u.shape[-2:]).swapaxes(1, 2)


def check_size(
    arrays: Sequence[LayerArray], head: Head | None, in_features: int, out_features: int, condition: int
) -> None:
    """Refuse what would take too much memory, before any is asked for.

    Raises:
        ValueError: saying what there is too much of.
    """
    widths = [in_features, *(array.channels for array in arrays)]
    weights = sum(array.weights(width, condition) for array, width in zip(arrays, widths, strict=False))
    held = sum(array.held for array in arrays)
    if head is not None:
        weights += head.weights(arrays[-1].head_size, out_features)
        held += max(head.channels, arrays[-1].head_size) * sum(head.kernel_sizes)
    limits = {
        "layers": (sum(len(array.dilations) for array in arrays), MOST_LAYERS),
        "weights": (weights, MOST_WEIGHTS),
        "numbers of the past to hold": (held, HELD),
    }
    for what, (number, most) in limits.items():
        if number > most:
            raise ValueError(f"a WaveNet with {number} {what}: at most {most}")


def _of_one_batch(knobs: Array, batch: tuple[int, ...]) -> Array:
    """(..., time, controls) as (batch or 1, time, controls)."""
    if any(size > 1 for size in knobs.shape[:-2]):
        knobs = jnp.broadcast_to(knobs, (*batch, *knobs.shape[-2:]))
    return knobs.reshape(math.prod(knobs.shape[:-2]), *knobs.shape[-2:])


def checked_arrays(arrays: Sequence[LayerArray]) -> tuple[LayerArray, ...]:
    """Arrays that fit together.

    Raises:
        ValueError: naming those that do not.
    """
    if not arrays or not all(isinstance(array, LayerArray) for array in arrays):
        raise ValueError("arrays: a sequence of at least one LayerArray is needed")
    for number, (before, array) in enumerate(zip(arrays, arrays[1:], strict=False)):
        if before.head_size != array.heard or array.mixed:
            raise ValueError(
                f"array {number + 1}: the head of the array before gives {before.head_size} channels, and this one "
                f"{'does not take over any' if array.mixed else f'adds {array.heard} to them'}"
            )
    return tuple(arrays)
