"""The layers of a WaveNet: all arrays inside are (batch, channels, time)."""

from collections.abc import Callable
from typing import Any, final

import jax.numpy as jnp
from flax import nnx
from jax import Array

from circuitnn.convolutional.activation import activated
from circuitnn.convolutional.history import Memory, mapped
from circuitnn.convolutional.layer_array import LayerArray
from circuitnn.networks.dense import uniform
from circuitnn.networks.layer import Layer

Turning = Callable[[int], Layer | None]  # channels -> what lets knobs turn them


@final
class Convolution(nnx.Module):
    """The weights of a convolution, initialised as PyTorch does.

    Attributes:
        weight: (out, in, kernel); (out, in) of one that maps each sample for itself.
        bias: (out,), or None.
    """

    def __init__(
        self, features: int, width: int, kernel: int | None = None, *, bias: bool = True, dtype: Any, rngs: nnx.Rngs
    ):
        shape = (width, features) if kernel is None else (width, features, kernel)
        fan = features * (kernel or 1)
        self.weight = nnx.Param(uniform(rngs, shape, fan, dtype))
        self.bias: Any = nnx.Param(uniform(rngs, (width,), fan, dtype)) if bias else None

    @property
    def offset(self) -> Array | None:
        return None if self.bias is None else self.bias[...]

    def __call__(self, u: Array) -> Array:
        """Of each sample for itself."""
        return mapped(self.weight[...], self.offset, [u])


@final
class Film(nnx.Module):
    """Feature-wise linear modulation: ``u`` times what the condition says, plus what it says.

    Source: Perez et al., 2018.
    """

    def __init__(self, features: int, condition: int, *, shifts: bool, dtype: Any, rngs: nnx.Rngs):
        self.shifts = shifts
        self.map = Convolution(condition, (1 + shifts) * features, dtype=dtype, rngs=rngs)

    def __call__(self, u: Array, condition: Array) -> Array:
        numbers = self.map(condition)
        if not self.shifts:
            return u * numbers
        scale, shift = jnp.split(numbers, 2, axis=1)
        return u * scale + shift


@final
class ConvolutionLayer(nnx.Module):
    """One layer of an array, see `LayerArray`.

    Attributes:
        cond: lets knobs that are no condition turn a; None where there are none.
    """

    def __init__(self, array: LayerArray, number: int, condition: int, turning: Turning, *, dtype: Any, rngs: nnx.Rngs):
        self.dilation, self.activation = array.dilations[number], array.activations[number]
        self.gating, self.gate, self.inner = array.gatings[number], array.gates[number], array.inner
        kind: dict[str, Any] = {"dtype": dtype, "rngs": rngs}
        z = array.widths(number, condition)["convolution"]
        self.convolution = Convolution(array.channels, z, array.kernel_sizes[number], **kind)
        self.mixer = Convolution(condition, z, bias=array.mixer_bias, **kind) if condition else None
        self.residual = Convolution(self.inner, array.channels, **kind) if array.residual else None
        self.skip = None if array.skip is None else Convolution(self.inner, array.skip, **kind)
        shifts = dict(array.film)
        self.film = nnx.Dict(
            {
                place: Film(size, condition, shifts=shifts[place], **kind)
                for place, size in array.widths(number, condition).items()
                if place in shifts
            }
        )
        self.cond = turning(self.inner)

    def __call__(self, u: Array, condition: Array, knobs: Array, memory: Memory) -> tuple[Array, Array]:
        """What the next layer sees, and what the head hears; knobs (batch or 1, time or 1, controls)."""
        a = self._activated(self._convolved(u, condition, memory), condition)
        if self.cond is not None:
            a = self.cond((), a.swapaxes(1, 2), knobs)[1].swapaxes(1, 2)
        heard = a if self.skip is None else self._modulated("skip", self.skip(a), condition)
        if self.residual is None:
            return u, heard
        return u + self._modulated("residual", self.residual(a), condition), heard

    def _convolved(self, u: Array, condition: Array, memory: Memory) -> Array:
        weight: Array = self.convolution.weight[...]
        bias: Any = self.convolution.offset
        u = self._modulated("convolution_input", u, condition)
        mixer = self.mixer
        if mixer is None:
            return memory.convolved(u, weight, bias, dilation=self.dilation)
        if not {"convolution", "mixer"}.intersection(self.film):  # one product
            seen = self._modulated("mixer_input", condition, condition)
            bias = bias if mixer.bias is None else bias + mixer.offset
            return memory.convolved(u, weight, bias, dilation=self.dilation, beside=seen, mixer=mixer.weight[...])
        z = self._modulated("convolution", memory.convolved(u, weight, bias, dilation=self.dilation), condition)
        mix = mixer(self._modulated("mixer_input", condition, condition))
        return z + self._modulated("mixer", mix, condition)

    def _activated(self, z: Array, condition: Array) -> Array:
        z = self._modulated("activation_input", z, condition)
        if self.gating == "none":
            return self._modulated("activation", activated(self.activation, z), condition)
        z, other = z[:, : self.inner], z[:, self.inner :]
        a, g = activated(self.activation, z), activated(self.gate, other)
        return self._modulated("activation", a * g if self.gating == "gated" else g * a + (1 - g) * z, condition)

    def _modulated(self, place: str, u: Array, condition: Array) -> Array:
        return self.film[place](u, condition) if place in self.film else u


@final
class Layers(nnx.Module):
    """An array of layers with its map in front and its head behind."""

    def __init__(
        self, array: LayerArray, features: int, condition: int, turning: Turning, *, dtype: Any, rngs: nnx.Rngs
    ):
        kind: dict[str, Any] = {"dtype": dtype, "rngs": rngs}
        self.mixed, self.head_dilation = array.mixed, array.head_dilation
        self.rechannel = Convolution(features, array.channels, bias=array.input_bias, **kind)
        numbers = range(len(array.dilations))
        self.layers = nnx.List(ConvolutionLayer(array, n, condition, turning, **kind) for n in numbers)
        self.head = Convolution(array.heard, array.head_size, array.head_kernel_size, bias=array.head_bias, **kind)

    def __call__(self, u: Array, condition: Array, knobs: Array, heard: Any, memory: Memory) -> tuple[Array, Array]:
        """What the next array sees, and what its head hears."""
        u, parts = self.rechannel(u), []
        for layer in self.layers:
            u, part = layer(u, condition, knobs, memory)
            if self.mixed:
                parts.append(part)
            else:
                heard = part if heard is None else heard + part
        heard = jnp.concatenate(parts, axis=1) if self.mixed else heard
        head = self.head
        return u, memory.convolved(heard, head.weight[...], head.offset, dilation=self.head_dilation)
