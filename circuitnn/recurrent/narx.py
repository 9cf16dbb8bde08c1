"""The nonlinear autoregressive network with exogenous input: its only memory is what went in and what came out."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, final

import jax.numpy as jnp
from flax import nnx
from jax import Array, lax

from circuitnn.arguments import checked_rngs, checked_width
from circuitnn.model import Controls, Forcing, Level, Rest, StateModel
from circuitnn.networks.dense import Dense, affine
from circuitnn.networks.network import Network
from circuitnn.networks.rest import rest
from circuitnn.networks.scaling import Scaling
from circuitnn.numerics.columns import to_columns, to_rows
from circuitnn.recurrent.states import checked_names
from circuitnn.settings import register

CONTRACTION = 0.5  # what an untrained network gives back of its past outputs, at most


@register
@final
class NARX(StateModel, Network):
    """``y_n = MLP([u_{n-a}; ...; u_n; y_{n-b}; ...; y_{n-1}])``, tanh in the hidden layers, in network units.

    Its states are its outputs, whatever states the data have: any recording can teach it by teacher forcing. Shown all
    outputs before, it runs at all samples at once. An untrained network contracts: of a change of its past outputs it
    gives back half at most.

    The carry holds a past inputs (with the knobs where they are inputs) and then b past outputs in network units, the
    oldest first, (..., a * width + b * out_features).

    Args:
        hidden: widths of the hidden layers.
        input_taps: a + 1, inputs that it sees, the present one among them.
        output_taps: b, past outputs that it sees.
        state_names: names of the outputs; "output", "output2" and so on when None.
        in_features: width of x.
        out_features: width of y.
        controls: names of the knobs (default position 0.5), or a mapping from names to default values.
        scaling: volts per network unit; ones when None.
        fs: sample rate in hertz of its training; `circuitnn.train.fit` sets it where it is None.
        dtype: floating-point type.
        rngs: for the initial weights.

    Raises:
        ValueError: for no hidden layer, sizes that are no whole numbers of at least one, and other names than outputs.

    Source: Leontaritis and Billings, Input-output parametric models for non-linear systems, 1985.
    """

    states_are_outputs = True

    def __init__(
        self,
        hidden: Sequence[int] = (16,),
        *,
        input_taps: int = 4,
        output_taps: int = 4,
        state_names: Sequence[str] | None = None,
        in_features: int = 1,
        out_features: int = 1,
        controls: Sequence[str] | Mapping[str, float] = (),
        scaling: Scaling | None = None,
        fs: float | None = None,
        dtype: Any = jnp.float32,
        rngs: nnx.Rngs | None = None,
    ):
        rngs = checked_rngs(rngs, type(self).__name__)
        super().__init__(
            in_features=in_features, out_features=out_features, controls=controls, scaling=scaling, fs=fs, dtype=dtype
        )
        self.hidden = tuple(checked_width("hidden", width) for width in hidden)
        self.input_taps = checked_width("input_taps", input_taps)
        self.output_taps = checked_width("output_taps", output_taps)
        default = ("output", *(f"output{k}" for k in range(2, self.out_features + 1)))
        self.state_names = default if state_names is None else checked_names(state_names)
        if not self.hidden or len(self.state_names) != self.out_features:
            raise ValueError(
                f"a hidden layer and a name for each of {self.out_features} output(s) are needed, got "
                f"{self.hidden} and {self.state_names}"
            )
        seen = self.input_taps * self.inputs.width + self.output_taps * self.out_features
        widths = (seen, *self.hidden, self.out_features)
        self.layers = nnx.List(Dense(before, after, dtype=self.dtype, rngs=rngs) for before, after in pairwise(widths))
        self._start_stable()

    def _start_stable(self) -> None:
        """The bound holds for all signals: slopes of tanh are one at most."""
        first, *others = (jnp.abs(layer.weight[...]) for layer in self.layers)
        gain = first[:, self._past_inputs + self.inputs.width :]
        for weight in others:
            gain = weight @ gain
        scale = CONTRACTION / jnp.maximum(jnp.max(jnp.sum(gain, axis=1)), CONTRACTION)
        for layer in self.layers:
            layer.bias[...] = jnp.zeros_like(layer.bias[...])
        weight = self.layers[0].weight[...]
        fed_back = jnp.arange(weight.shape[1]) >= self._past_inputs + self.inputs.width
        self.layers[0].weight[...] = jnp.where(fed_back, scale * weight, weight)

    @property
    def _past_inputs(self) -> int:
        return (self.input_taps - 1) * self.inputs.width

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Array:
        return self.resting(batch, controls, level=level)[0]

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        start = jnp.zeros(self._past_inputs + self.output_taps * self.out_features, self.dtype)
        carry = rest(self, start, NARX._after_silence, batch=batch, controls=controls, level=level)
        return jnp.broadcast_to(carry, (*batch, carry.shape[-1])), self.states(carry)

    def _after_silence(self, carry: Array, x: Array, controls: Controls) -> Array:
        return self.trace(carry, x, controls)[0]

    def states(self, carry: Array) -> Array:
        return self.units.to_si(carry[..., carry.shape[-1] - self.out_features :])

    def with_input(self, carry: Array, x: Array) -> Array:
        if self.input_taps == 1:
            return carry
        newest = self._past_inputs - self.inputs.width
        x = self.inputs.units.to_network(jnp.asarray(x, self.dtype))
        return carry.at[..., newest : newest + self.in_features].set(x)

    def force(self, carry: Array, states: Array, *, controls: Controls | None = None) -> Array:
        older = carry[..., : carry.shape[-1] - self.out_features]
        return jnp.concatenate([older, self.units.to_network(jnp.asarray(states, self.dtype))], axis=-1)

    def trace(
        self, carry: Array, x: Array, controls: Controls | None = None, forcing: Forcing | None = None
    ) -> tuple[Array, Array, Array]:
        u, time, width = self.inputs(x, controls), x.shape[-2], self.inputs.width
        before = carry[..., : self._past_inputs].reshape(*x.shape[:-2], self.input_taps - 1, width)
        heard = jnp.concatenate([before, u], axis=-2)
        taps = [heard[..., k : k + time, :] for k in range(self.input_taps)]
        weight, bias = self.layers[0].weight[...], self.layers[0].bias[...]
        drive = affine(jnp.concatenate(taps, axis=-1), weight[:, : self.input_taps * width], bias)
        past = carry[..., self._past_inputs :]
        if forcing is not None and forcing.mask is None:
            past, y = self._shown(past, drive, self.units.to_network(forcing.previous))
        else:
            past, y = self._free(past, drive, forcing)
        last = heard[..., time:, :].reshape(*x.shape[:-2], self._past_inputs)
        y = self.units.to_si(y)
        return jnp.concatenate([last, past], axis=-1), y, y

    def _shown(self, past: Array, drive: Array, previous: Array) -> tuple[Array, Array]:
        """All samples at once, the output before each of them known: (..., time, out_features)."""
        older = past[..., : -self.out_features].reshape(*past.shape[:-1], self.output_taps - 1, self.out_features)
        known, time = jnp.concatenate([older, previous], axis=-2), previous.shape[-2]
        taps = [known[..., k : k + time, :] for k in range(self.output_taps)]
        y = drive + jnp.concatenate(taps, axis=-1) @ self._fed_back.T
        for layer in self.layers[1:]:
            y = layer(jnp.tanh(y))
        last = jnp.concatenate([known[..., time:, :], y[..., -1:, :]], axis=-2)
        return last.reshape(past.shape), y

    def _free(self, past: Array, drive: Array, forcing: Forcing | None) -> tuple[Array, Array]:
        """One sample after the other on its own outputs, but where the mask says that they are known."""
        fed_back, out = self._fed_back, self.out_features
        weights = [(layer.weight[...], layer.bias[...][:, None]) for layer in self.layers[1:]]
        known = None
        if forcing is not None and forcing.mask is not None:
            mask = jnp.broadcast_to(forcing.mask, drive.shape[:-1])[..., None].astype(self.dtype)
            known = to_columns(self.units.to_network(forcing.previous)), to_columns(mask)

        def step(past: Array, inputs: Any) -> tuple[Array, Array]:
            drive, known = inputs
            if known is not None:
                newest = past[-out:]
                past = jnp.concatenate([past[:-out], newest + known[1] * (known[0] - newest)])
            y = drive + fed_back @ past
            for weight, bias in weights:
                y = weight @ jnp.tanh(y) + bias
            return jnp.concatenate([past[out:], y]), y

        last, y = lax.scan(step, past.reshape(-1, past.shape[-1]).T, (to_columns(drive), known))
        return last.T.reshape(past.shape), to_rows(y, drive.shape[:-2])

    @property
    def _fed_back(self) -> Array:
        return self.layers[0].weight[:, self.input_taps * self.inputs.width :]
