"""The state-matched GRU: a gated recurrent unit whose hidden state is tied to the circuit states."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, final

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from circuitnn.arguments import checked_dtype, checked_rate, checked_rngs
from circuitnn.model import Controls, Forcing, Level, StateModel
from circuitnn.networks.inputs import Inputs
from circuitnn.networks.rest import rest
from circuitnn.networks.scaling import Affine, Scaling, scale_vector, stored_scaling
from circuitnn.numerics.columns import to_columns, to_rows
from circuitnn.recurrent.gru import GRU_CELL
from circuitnn.recurrent.mappings import LeadingUnits, LinearReadout
from circuitnn.recurrent.recurrence import Injection
from circuitnn.recurrent.recurrent_layer import RecurrentLayer
from circuitnn.recurrent.states import Output, checked_names
from circuitnn.settings import register, settings_of

Shown = LeadingUnits | LinearReadout
PEAK_HEADROOM = 1.25  # a leading unit is at 0.8 where the state has its peak: a unit of a GRU stays inside (-1, 1)
ASSUMED_CREST = 5.0  # peak over root mean square, where the peak is not known


@register
@final
class StateMatchedGRU(StateModel):
    """A GRU whose hidden state h shows, and can be set to, the circuit states.

    Two mappings. *leading*: the first units are the circuit states, h = [x / scale; auxiliary units], and known states
    overwrite them. *readout*: x = scale (W h + b), and known states are injected by h <- h + pinv(W) (x / scale - W h -
    b), the smallest change of h that brings the read-out to x. The leading units of a GRU stay inside (-1, 1), so their
    scale is 1.25 times `Scaling.state_peak`, or 6.25 times `Scaling.state` where the peak is not known.

    The carry is h (..., hidden).

    Attributes:
        hidden: number of units.
        mapping: "leading" or "readout".

    Source: Peussa et al., DAFx 2021; both mappings are reconstructions from its abstract.
    """

    def __init__(
        self,
        state_names: Sequence[str],
        *,
        hidden: int = 8,
        mapping: Literal["leading", "readout"] = "leading",
        in_features: int = 1,
        output: str | Sequence[str] | None = None,
        out_features: int = 1,
        controls: Sequence[str] | Mapping[str, float] = (),
        scaling: Scaling | None = None,
        fs: float | None = None,
        dtype: Any = jnp.float32,
        rngs: nnx.Rngs | None = None,
    ):
        """An untrained network.

        Args:
            state_names: capacitors and inductors.
            hidden: number of units, at least one for each state.
            mapping: "leading" or "readout".
            in_features: width of x.
            output: name(s) of the states that are the output (no weights), or None: a learned linear map of h.
            out_features: width of y where the output is a linear map.
            controls: names of the knobs (default position 0.5), or a mapping from names to default values.
            scaling: SI units per network unit; ones when None.
            fs: sample rate in hertz of its training; `circuitnn.train.fit` sets it where it is None.
            dtype: floating-point type.
            rngs: for the initial weights.
        """
        names = checked_names(state_names)
        if hidden < len(names):
            raise ValueError(f"hidden: {len(names)} states need at least as many units, got {hidden}")
        if mapping not in ("leading", "readout"):
            raise ValueError(f'mapping must be "leading" or "readout", got {mapping!r}')
        self.state_names, self.hidden, self.mapping = names, hidden, mapping
        dtype, rngs = checked_dtype(dtype), checked_rngs(rngs, type(self).__name__)
        self.in_features, self.dtype = in_features, dtype
        self.fs = None if fs is None else checked_rate(fs)
        self.inputs = Inputs(scaling, in_features, controls, dtype=dtype)
        offset = None if scaling is None else scaling.state_offset
        self.state_units = Affine("state", _state_scale(mapping, scaling, len(names)), offset, len(names), dtype=dtype)
        self.rec = RecurrentLayer(GRU_CELL, self.inputs.width, hidden, dtype=dtype, rngs=rngs)
        if mapping == "leading":
            self.shown: Shown = LeadingUnits(len(names), hidden, dtype=dtype)
        else:
            self.shown = LinearReadout(len(names), hidden, dtype=dtype, rngs=rngs)
        self.output = Output(output, out_features, names, hidden, scaling, dtype=dtype, rngs=rngs)
        self.out_features = self.output.features

    @property
    def controls(self) -> Mapping[str, float]:
        return dict(self.inputs.defaults)

    @property
    def scaling(self) -> Scaling:
        """The stored normalisation; `state` is the scale in use."""
        units = None if self.output.picked else self.output.units
        return stored_scaling(self.inputs.units, units, self.out_features, self.state_units)

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data."""
        scaling = self.scaling
        if self.mapping == "leading":
            scaling = scaling._replace(state_peak=np.asarray(scaling.state) / PEAK_HEADROOM)
        return settings_of(self, output=self.output.names, scaling=scaling)

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Array:
        """The circuit states at their offset, the other units where silence leads them meanwhile."""
        start = self.shown.write(jnp.zeros(self.hidden, self.dtype), self._to_network(self.state_units.offset[...]))
        after = StateMatchedGRU._after_silence
        carry = rest(self, start, after, batch=batch, controls=controls, level=level)
        return jnp.broadcast_to(carry, (*batch, self.hidden))

    def _after_silence(self, carry: Array, x: Array, controls: Controls) -> Array:
        states = jnp.broadcast_to(self.state_units.offset[...], (*x.shape[:-1], len(self.state_names)))
        return self.force(self.trace(carry, x, controls, Forcing(states))[0], states[..., -1, :])

    def states(self, carry: Array) -> Array:
        return self.state_units.to_si(self.shown.read(carry))

    def force(self, carry: Array, states: Array, *, controls: Controls | None = None) -> Array:
        return self.shown.write(carry, self._to_network(states))

    def trace(
        self, carry: Array, x: Array, controls: Controls | None = None, forcing: Forcing | None = None
    ) -> tuple[Array, Array, Array]:
        injection = None if forcing is None else self._injection(forcing)
        carry, lanes = self.rec.columns(carry, to_columns(self.inputs(x, controls)), injection=injection)
        h = to_rows(lanes, x.shape[:-2])
        states = self.states(h)
        return carry, self.output(states, h), states

    def _injection(self, forcing: Forcing) -> Injection:
        states = self._to_network(forcing.previous)
        mask = jnp.ones(()) if forcing.mask is None else forcing.mask
        return self.shown.injection(states, jnp.broadcast_to(mask, states.shape[:-1]).astype(self.dtype))

    def _to_network(self, states: Array) -> Array:
        return self.state_units.to_network(jnp.asarray(states, self.dtype))


def _state_scale(mapping: Literal["leading", "readout"], scaling: Scaling | None, n_states: int) -> np.ndarray:
    if mapping == "leading" and scaling is not None and scaling.state_peak is not None:
        return PEAK_HEADROOM * scale_vector("state_peak", scaling.state_peak, n_states)
    scale = scale_vector("state", scaling and scaling.state, n_states)
    return PEAK_HEADROOM * ASSUMED_CREST * scale if mapping == "leading" and scaling is not None else scale
