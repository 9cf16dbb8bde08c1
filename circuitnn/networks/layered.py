"""A network of layers in a row."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from circuitnn.model import Carry, Controls, Level, Rest
from circuitnn.networks.conditioning import Conditioning
from circuitnn.networks.layer import Layer
from circuitnn.networks.network import Network
from circuitnn.networks.scaling import Scaling


class Layered(Network):
    """Layers in a row between the inputs and the output (abstract): the subclass says which.

    The carry is the tuple of the layers' carries. At rest each layer has heard for long what the one before it gives.

    Attributes:
        layers: in order.
    """

    def __init__(
        self,
        *,
        in_features: int = 1,
        out_features: int = 1,
        controls: Sequence[str] | Mapping[str, float] = (),
        scaling: Scaling | None = None,
        fs: float | None = None,
        dtype: Any = jnp.float32,
        conditioning: Conditioning | str = "inputs",
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
        self.layers: Any = nnx.List()

    def in_a_row(self, layers: Iterable[Layer | None]) -> None:
        """Take over the layers, without those that are None; the last one gives `out_features`."""
        self.layers = nnx.List(layer for layer in layers if layer is not None)
        if self.layers[-1].width != self.out_features:
            raise ValueError(f"the last layer gives {self.layers[-1].width} features, not {self.out_features}")

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Carry:
        return self.resting(batch, controls, level=level)[0]

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        x, positions = self.at_rest(batch, controls, level)
        u, knobs = self.inputs(x, positions)[..., 0, :], self.inputs.knobs(x, positions)[..., 0, :]
        carry, y = rest_in_a_row(self.layers, u, knobs)
        return spread(jax.lax.stop_gradient(carry), x.shape[:-2], batch), self.units.to_si(y)

    def __call__(self, carry: Carry, x: Array, controls: Controls | None = None) -> tuple[Carry, Array]:
        after, y = through(self.layers, carry, self.inputs(x, controls), self.inputs.knobs(x, controls))
        return after, self.units.to_si(y)


def rest_in_a_row(layers: Iterable[Layer], u: Array, knobs: Array) -> tuple[Carry, Array]:
    """`Layer.rest` of layers of which each hears what the one before it gives; the carry is the tuple of theirs."""
    carries = []
    for layer in layers:
        carry, u = layer.rest(u, knobs)
        carries.append(carry)
    return tuple(carries), u


def through(layers: Iterable[Layer], carry: Carry, u: Array, knobs: Array) -> tuple[Carry, Array]:
    """A block of them."""
    carries = []
    for layer, before in zip(layers, carry, strict=True):
        after, u = layer(before, u, knobs)
        carries.append(after)
    return tuple(carries), u


def spread(carry: Carry, shape: tuple[int, ...], batch: tuple[int, ...]) -> Carry:
    """Arrays of a carry with a batch of `shape` in front, for a larger batch; those without a dimension as they are."""

    def one(leaf: Array) -> Array:
        if not leaf.ndim:
            return leaf
        features = leaf.shape[len(shape) :]
        return jnp.broadcast_to(leaf.reshape(*(1,) * (len(batch) - len(shape)), *leaf.shape), (*batch, *features))

    return jax.tree.map(one, carry)
