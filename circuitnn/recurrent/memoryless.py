"""A network without memory: the nonlinear block of Wiener's and Hammerstein's models."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, final

import jax.numpy as jnp
from flax import nnx
from jax import Array

from circuitnn.arguments import checked_rngs
from circuitnn.model import Carry, Controls, Level, Model
from circuitnn.networks.activations import activation_function
from circuitnn.networks.conditioning import Conditioning
from circuitnn.networks.dense import Dense
from circuitnn.networks.network import Network
from circuitnn.networks.scaling import Scaling
from circuitnn.settings import register


@register
@final
class Memoryless(Network):
    """A multilayer perceptron of each sample for itself: ``y_n = MLP([u_n; knobs])``, linear in its last layer.

    Nothing in it is a straight line: an amplifier that hardly distorts is learnt faster as
    ``circuitnn.residual(Memoryless(...))``. The carry is empty.

    Args:
        hidden: widths of the hidden layers.
        in_features: width of x.
        out_features: width of y.
        controls: names of the knobs (default position 0.5), or a mapping from names to default values.
        activation: of the hidden layers, or one for each: tanh, sigmoid, relu, elu and others, see
            `circuitnn.networks.activations`.
        scaling: volts per network unit; ones when None.
        dtype: floating-point type.
        conditioning: how the controls reach it, see `circuitnn.networks`: as "inputs", or by "film", "glu" or "gated",
            which turn what each hidden layer gives.
        rngs: for the initial weights.

    Raises:
        ValueError: for no hidden layer, a width that is not positive, an activation that there is not, or a scaling
            that does not fit.
    """

    def __init__(
        self,
        hidden: Sequence[int] = (16, 16),
        *,
        in_features: int = 1,
        out_features: int = 1,
        controls: Sequence[str] | Mapping[str, float] = (),
        activation: str | Sequence[str] = "tanh",
        scaling: Scaling | None = None,
        dtype: Any = jnp.float32,
        conditioning: Conditioning | str = "inputs",
        rngs: nnx.Rngs | None = None,
    ):
        if not hidden or any(not (isinstance(width, int) and width > 0) for width in hidden):
            raise ValueError(f"hidden: widths of the hidden layers are needed, all positive, got {hidden!r}")
        rngs = checked_rngs(rngs, type(self).__name__)
        super().__init__(
            in_features=in_features,
            out_features=out_features,
            controls=controls,
            scaling=scaling,
            fs=None,
            dtype=dtype,
            conditioning=conditioning,
        )
        self.hidden = tuple(hidden)
        self.activation = activation if isinstance(activation, str) else tuple(activation)
        if len(self.activations) != len(self.hidden):
            raise ValueError(f"activation: expected one for each of {len(self.hidden)} layers, got {activation!r}")
        for name in self.activations:
            activation_function(name)  # an error here, not later
        widths = (self.inputs.width, *self.hidden, out_features)
        self.layers = nnx.List(Dense(before, after, dtype=self.dtype, rngs=rngs) for before, after in pairwise(widths))
        turning = [layer for width in self.hidden if (layer := self.conditioned(width, rngs)) is not None]
        self.cond = nnx.List(turning) if turning else None

    @property
    def activations(self) -> tuple[str, ...]:
        """One for each hidden layer."""
        return (self.activation,) * len(self.hidden) if isinstance(self.activation, str) else self.activation

    def trained_at(self, fs: float) -> None:
        """Nothing: without memory there is no rate."""

    def rebuilt_at(self, fs: float) -> Model:
        return self

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Carry:
        return ()

    def __call__(self, carry: tuple[()], x: Array, controls: Controls | None = None) -> tuple[tuple[()], Array]:
        y, knobs = self.inputs(x, controls), self.inputs.knobs(x, controls)
        turning = self.cond or (None,) * len(self.hidden)
        for layer, name, turn in zip(self.layers[:-1], self.activations, turning, strict=True):
            y = activation_function(name)(layer(y))
            y = y if turn is None else turn((), y, knobs)[1]
        return carry, self.units.to_si(self.layers[-1](y))
