"""Arrays of layers of a WaveNet as plain data."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, final

from circuitnn.arguments import checked_width
from circuitnn.convolutional.activation import Activation
from circuitnn.networks.activations import activation_function
from circuitnn.settings import register

Function = str | Activation
GATINGS = ("none", "gated", "blended")
FILMS = (
    "convolution_input", "convolution", "mixer_input", "mixer", "activation_input", "activation", "residual", "skip",
)  # fmt: skip


@register
@final
@dataclass(frozen=True)
class LayerArray:
    """Layers of one width, each twice as wide in time as the one before it, or as the dilations say.

    A layer gives z = convolution(u) + mixer(condition); a = f(z), gated f(z_1) g(z_2), or blended g(z_2) f(z_1) +
    (1 - g(z_2)) z_1 with z in halves; the next layer sees u + residual(a). The head is a convolution of the sum of all
    skip(a) and of what the head of the array before gives. What differs from layer to layer is given as a sequence.

    Attributes:
        channels: of the signal that goes through the layers.
        dilations: samples between taps, one for each layer.
        kernel_size: taps.
        activation: f, a name of `circuitnn.networks.activations` or an `Activation`.
        gating: "none", "gated" or "blended".
        gate: g.
        bottleneck: channels of a; `channels` when None.
        residual: whether a layer adds anything to the signal; all do as one.
        skip: channels of a 1x1 convolution with bias of a in front of the head; None for a as it is.
        mixed: the head sees the a of all layers side by side, instead of their sum.
        head_size: channels that the head gives.
        head_kernel_size: its taps.
        head_dilation: samples between them.
        head_bias: whether it has a bias.
        input_bias: whether the map from what comes in to `channels` has a bias.
        mixer_bias: whether the mixers have one.
        film: places where the condition scales and shifts, each with whether it shifts, see `FILMS`.

    Raises:
        ValueError: for sizes that do not fit.
    """

    channels: int
    dilations: tuple[int, ...]
    kernel_size: int | tuple[int, ...] = 3
    activation: Function | tuple[Function, ...] = "tanh"
    gating: str | tuple[str, ...] = "none"
    gate: Function | tuple[Function, ...] = "sigmoid"
    bottleneck: int | None = None
    residual: bool = True
    skip: int | None = None
    mixed: bool = False
    head_size: int = 1
    head_kernel_size: int = 1
    head_dilation: int = 1
    head_bias: bool = False
    input_bias: bool = False
    mixer_bias: bool = False
    film: tuple[tuple[str, bool], ...] = ()

    def __post_init__(self) -> None:
        films = self.film.items() if isinstance(self.film, Mapping) else self.film
        object.__setattr__(self, "film", tuple((str(place), bool(shifts)) for place, shifts in films))
        for name in ("dilations", "kernel_size", "activation", "gating", "gate"):
            value = getattr(self, name)
            if isinstance(value, Iterable) and not isinstance(value, str):
                object.__setattr__(self, name, tuple(value))
        for name in ("channels", "head_size", "head_kernel_size", "head_dilation"):
            checked_width(name, getattr(self, name))
        for name in ("bottleneck", "skip"):
            if getattr(self, name) is not None:
                checked_width(name, getattr(self, name))
        if not isinstance(self.dilations, tuple) or not self.dilations:
            raise ValueError(f"dilations: a sequence with one for each layer is needed, got {self.dilations!r}")
        for name, values in (("dilations", self.dilations), ("kernel_size", self.kernel_sizes)):
            for value in values:
                checked_width(name, value)
        for function in (*self.activations, *self.gates):
            if isinstance(function, str):
                activation_function(function)
            elif not isinstance(function, Activation):
                raise ValueError(f"activation: a name or an Activation, not {function!r}")
        if unknown := [gating for gating in self.gatings if gating not in GATINGS]:
            raise ValueError(f"gating: there are {', '.join(GATINGS)}, not {unknown[0]!r}")
        if wrong := [place for place, _ in self.film if place not in FILMS]:
            raise ValueError(f"film: there are the places {', '.join(FILMS)}, not {wrong[0]!r}")
        if len(dict(self.film)) < len(self.film):
            raise ValueError(f"film: a place occurs twice in {self.film}")
        if not self.residual and ("residual" in dict(self.film) or self.inner != self.channels):
            raise ValueError("residual: without it bottleneck is channels, and there is no film behind it")
        if "skip" in dict(self.film) and self.skip is None:
            raise ValueError("film: there is no skip that it could follow")

    @property
    def inner(self) -> int:
        """Channels of a."""
        return self.channels if self.bottleneck is None else self.bottleneck

    @property
    def heard(self) -> int:
        """Channels that the head sees."""
        channels = self.inner if self.skip is None else self.skip
        return channels * (len(self.dilations) if self.mixed else 1)

    @property
    def kernel_sizes(self) -> tuple[int, ...]:
        """Taps of each layer."""
        return self._for_each("kernel_size")

    @property
    def activations(self) -> tuple[Function, ...]:
        """f of each layer."""
        return self._for_each("activation")

    @property
    def gatings(self) -> tuple[str, ...]:
        """Gating of each layer."""
        return self._for_each("gating")

    @property
    def gates(self) -> tuple[Function, ...]:
        """g of each layer."""
        return self._for_each("gate")

    @property
    def reach(self) -> int:
        """Samples before the present one that it hears."""
        layers = sum((kernel - 1) * d for kernel, d in zip(self.kernel_sizes, self.dilations, strict=True))
        return layers + (self.head_kernel_size - 1) * self.head_dilation

    @property
    def held(self) -> int:
        """Numbers of the past that it remembers."""
        layers = sum((kernel - 1) * d for kernel, d in zip(self.kernel_sizes, self.dilations, strict=True))
        return self.channels * layers + self.heard * (self.head_kernel_size - 1) * self.head_dilation

    def widths(self, number: int, condition: int) -> dict[str, int]:
        """Channels at each of `FILMS` of a layer, under a condition of so many."""
        z = self.inner * (1 if self.gatings[number] == "none" else 2)
        return dict(
            zip(FILMS, (self.channels, z, condition, z, z, self.inner, self.channels, self.skip or 0), strict=True)
        )

    def weights(self, features: int, condition: int) -> int:
        """How many there are where so many channels come in, under a condition of so many."""
        total = self.channels * (features + self.input_bias)
        total += self.head_size * (self.heard * self.head_kernel_size + self.head_bias)
        for number, kernel in enumerate(self.kernel_sizes):
            widths = self.widths(number, condition)
            z = widths["convolution"]
            total += z * (self.channels * kernel + 1) + (z * (condition + self.mixer_bias) if condition else 0)
            total += self.channels * (self.inner + 1) if self.residual else 0
            total += 0 if self.skip is None else self.skip * (self.inner + 1)
            total += sum((1 + shifts) * widths[place] * (condition + 1) for place, shifts in self.film)
        return total

    def _for_each(self, name: str) -> tuple[Any, ...]:
        value, layers = getattr(self, name), len(self.dilations)
        values = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,) * layers
        if len(values) != layers:
            raise ValueError(f"{name}: one for each of {layers} layers, got {len(values)}")
        return values


@register
@final
@dataclass(frozen=True)
class Head:
    """Convolutions behind the last array, each with an activation in front and a bias.

    Attributes:
        channels: between them.
        kernel_sizes: of each in turn; the last one gives the output.
        activation: in front of each.
    """

    channels: int
    kernel_sizes: tuple[int, ...]
    activation: Function = "tanh"

    def __post_init__(self) -> None:
        object.__setattr__(self, "kernel_sizes", tuple(self.kernel_sizes))
        checked_width("channels", self.channels)
        if not self.kernel_sizes:
            raise ValueError("head: kernel_sizes has one number for each convolution")
        for size in self.kernel_sizes:
            checked_width("kernel_sizes", size)
        if isinstance(self.activation, str):
            activation_function(self.activation)

    def weights(self, features: int, out_features: int) -> int:
        """How many there are behind so many channels."""
        widths = [features, *[self.channels] * (len(self.kernel_sizes) - 1), out_features]
        return sum(b * (a * k + 1) for (a, b), k in zip(pairwise(widths), self.kernel_sizes, strict=True))
