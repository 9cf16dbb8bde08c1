"""The state trajectory network: a residual step of the circuit states, learned by a small feed-forward network."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, final

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from circuitnn.arguments import checked_dtype, checked_rate, checked_rngs, spread_level
from circuitnn.model import Controls, Forcing, Level, StateModel
from circuitnn.networks.dense import Dense
from circuitnn.networks.inputs import Inputs
from circuitnn.networks.scaling import Affine, Scaling, stored_scaling
from circuitnn.numerics.columns import to_columns, to_rows
from circuitnn.recurrent.residual_step import Layers, Step, residual_scan, residual_step
from circuitnn.recurrent.states import Output, checked_names
from circuitnn.settings import register, settings_of

Bias = Literal["all", "hidden", "first", "none"]
CONTRACTION = 0.1  # share of the state that an untrained network takes away at each sample


@register
@final
class STN(StateModel):
    """State trajectory network: ``x_n = x_{n-1} + h MLP([u_n; x_{n-1}])``, tanh, in network units.

    h = fs_train / fs corrects another sample rate (`at_rate`). An untrained network is a slow decay of the states
    towards their offset, so that it runs freely from the first update on.

    The carry holds the states in network units and, with two input taps, the last input: (..., n_states + in_features).

    Attributes:
        fs: sample rate in hertz that it runs at; of its training where h is one.
        step: h.

    Source: Parker, Esqueda and Bergner, DAFx 2019.
    """

    def __init__(
        self,
        state_names: Sequence[str],
        *,
        hidden: Sequence[int] = (8, 8),
        in_features: int = 1,
        output: str | Sequence[str] | None = None,
        out_features: int = 1,
        controls: Sequence[str] | Mapping[str, float] = (),
        input_taps: Literal[1, 2] = 1,
        bias: Bias = "all",
        fs: float | None = None,
        step: float | Sequence[float] = 1.0,
        scaling: Scaling | None = None,
        dtype: Any = jnp.float32,
        rngs: nnx.Rngs | None = None,
    ):
        """An untrained network.

        Args:
            state_names: capacitors and inductors.
            hidden: widths of the hidden layers.
            in_features: width of x.
            output: name(s) of the states that are the output (no weights), or None: a learned linear map of the states
                and inputs.
            out_features: width of y where the output is a linear map.
            controls: names of the knobs (default position 0.5), or a mapping from names to default values.
            input_taps: 2 also shows the input one sample before, which the trapezoidal rule needs.
            bias: layers that have a bias: all, the hidden ones, the first one, or none.
            fs: sample rate in hertz of its training; `circuitnn.train.fit` sets it where it is None.
            step: h, one number or one for each state: a state that moves by a hundredth of its size in a sample learns
                better with 0.01.
            scaling: SI units per network unit; ones when None.
            dtype: floating-point type.
            rngs: for the initial weights.
        """
        names = checked_names(state_names)
        hidden = tuple(hidden)
        if not hidden or min(hidden) < len(names):
            raise ValueError(f"hidden: each layer needs at least {len(names)} units for as many states, got {hidden}")
        if input_taps not in (1, 2):
            raise ValueError(f"input_taps must be 1 or 2, got {input_taps}")
        if bias not in ("all", "hidden", "first", "none"):
            raise ValueError(f'bias must be "all", "hidden", "first" or "none", got {bias!r}')
        steps = np.asarray(step, np.float64)
        if not np.all(steps > 0) or steps.shape not in ((), (len(names),)):
            raise ValueError(f"step must be positive, one number or one for each of {len(names)} states, got {step}")
        dtype, rngs = checked_dtype(dtype), checked_rngs(rngs, type(self).__name__)
        self.state_names, self.in_features, self.dtype = names, in_features, dtype
        self.fs = None if fs is None else checked_rate(fs)
        self.step: Step = float(steps) if steps.ndim == 0 else tuple(steps.tolist())
        self.hidden, self.input_taps, self.bias = hidden, input_taps, bias
        self.inputs = Inputs(scaling, in_features, controls, dtype=dtype)
        scale, offset = (None, None) if scaling is None else (scaling.state, scaling.state_offset)
        self.state_units = Affine("state", scale, offset, len(names), dtype=dtype)
        seen = self.inputs.width + (input_taps - 1) * in_features
        widths = (seen + len(names), *hidden, len(names))
        self.layers = nnx.List(
            Dense(before, after, bias=_has_bias(bias, i, len(hidden)), dtype=dtype, rngs=rngs)
            for i, (before, after) in enumerate(zip(widths[:-1], widths[1:], strict=True))
        )
        _start_stable(self.layers, len(names))
        self.output = Output(output, out_features, names, len(names) + seen, scaling, dtype=dtype, rngs=rngs)
        self.out_features = self.output.features

    @property
    def controls(self) -> Mapping[str, float]:
        return dict(self.inputs.defaults)

    @property
    def scaling(self) -> Scaling:
        """The stored normalisation."""
        units = None if self.output.picked else self.output.units
        return stored_scaling(self.inputs.units, units, self.out_features, self.state_units)

    def at_rate(self, fs: float) -> "STN":
        """The same network run at another sample rate in hertz: h = fs_train / fs.

        Raises:
            ValueError: for a network that knows no rate of its training.
        """
        if self.fs is None:
            raise ValueError("STN: the rate of its training is not known; give it at construction, STN(..., fs=48_000)")
        model = nnx.clone(self)
        model.fs, ratio = checked_rate(fs), self.fs / fs
        model.step = tuple(ratio * h for h in self.step) if isinstance(self.step, tuple) else ratio * self.step
        return model

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data."""
        return settings_of(self, output=self.output.names)

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Array:
        """The circuit states at their offset, after an input of zero volts or of `level`."""
        last = self.inputs.units.to_network(spread_level(level, (*batch, self.in_features), self.dtype))
        taps = last[..., : (self.input_taps - 1) * self.in_features]
        return jnp.concatenate([jnp.zeros((*batch, len(self.state_names)), self.dtype), taps], axis=-1)

    def states(self, carry: Array) -> Array:
        return self.state_units.to_si(carry[..., : len(self.state_names)])

    def with_input(self, carry: Array, x: Array) -> Array:
        taps = self.inputs.units.to_network(jnp.asarray(x, self.dtype))[..., : (self.input_taps - 1) * self.in_features]
        states = carry[..., : len(self.state_names)]
        return jnp.concatenate([states, jnp.broadcast_to(taps, (*states.shape[:-1], taps.shape[-1]))], axis=-1)

    def force(self, carry: Array, states: Array, *, controls: Controls | None = None) -> Array:
        return jnp.concatenate([self._to_network(states), carry[..., len(self.state_names) :]], axis=-1)

    def trace(
        self, carry: Array, x: Array, controls: Controls | None = None, forcing: Forcing | None = None
    ) -> tuple[Array, Array, Array]:
        u, taps = self._with_taps(self.inputs(x, controls), carry)
        start = carry[..., : len(self.state_names)]
        weights: Layers = tuple(
            (layer.weight[...], None if layer.bias is None else layer.bias[...]) for layer in self.layers
        )
        previous = None if forcing is None else to_columns(self._to_network(forcing.previous))
        if forcing is not None and forcing.mask is None:
            # Every step starts from a known state: all of them at once.
            lanes = residual_step(self.step, weights, previous, to_columns(u))
        else:
            forced = None
            if forcing is not None and forcing.mask is not None:
                mask = jnp.broadcast_to(forcing.mask, x.shape[:-1])[..., None]
                forced = previous, to_columns(mask.astype(self.dtype))
            lanes = residual_scan(self.step, weights, start.reshape(-1, start.shape[-1]).T, to_columns(u), forced)
        trajectory = to_rows(lanes, x.shape[:-2])
        states = self.state_units.to_si(trajectory)
        y = self.output(states, jnp.concatenate([trajectory, u], axis=-1))
        return jnp.concatenate([trajectory[..., -1, :], taps], axis=-1), y, states

    def _with_taps(self, u: Array, carry: Array) -> tuple[Array, Array]:
        """The channels seen at each sample, and the input to remember."""
        if self.input_taps == 1:
            return u, carry[..., len(self.state_names) :]
        signal = u[..., : self.in_features]
        before = jnp.concatenate([carry[..., None, len(self.state_names) :], signal[..., :-1, :]], axis=-2)
        return jnp.concatenate([u, before], axis=-1), signal[..., -1, :]

    def _to_network(self, states: Array) -> Array:
        return self.state_units.to_network(jnp.asarray(states, self.dtype))


def _has_bias(bias: Bias, layer: int, hidden: int) -> bool:
    return bias == "all" or (bias == "hidden" and layer < hidden) or (bias == "first" and layer == 0)


def _start_stable(layers: nnx.List, n_states: int) -> None:
    """Zero biases, and a last layer whose Jacobian with respect to the states is a slow decay, and no more.

    A last layer of random sign makes half of all untrained networks grow exponentially when they run freely, and a zero
    one gives the layers below no gradient. This is the smallest last layer with d(increment)/dx = -CONTRACTION at rest.
    """
    for layer in layers:
        if layer.bias is not None:
            layer.bias[...] = jnp.zeros_like(layer.bias[...])
    linear = layers[0].weight[...][:, -n_states:]
    for layer in list(layers)[1:-1]:
        linear = layer.weight[...] @ linear
    layers[-1].weight[...] = -CONTRACTION * jnp.linalg.pinv(linear)
