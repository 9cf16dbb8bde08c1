"""Black boxes: one recurrent layer and a linear read-out, weight for weight PyTorch's."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, final

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from jax.typing import ArrayLike

from circuitnn.arguments import checked_rngs, checked_width
from circuitnn.model import Controls, Level, Rest
from circuitnn.networks.conditioning import Conditioning
from circuitnn.networks.dense import Dense, affine_lanes, uniform
from circuitnn.networks.network import Network
from circuitnn.networks.rest import rest
from circuitnn.networks.scaling import Scaling
from circuitnn.numerics.columns import to_columns, to_rows
from circuitnn.recurrent.cells import Cell, Weights
from circuitnn.recurrent.recurrence import recurrence


@final
class Layer(nnx.Module):
    """The weights of one recurrent layer, initialised as PyTorch does: uniform in +-1/sqrt(hidden).

    Attributes:
        weight_ih: (gates * hidden, inputs).
        weight_hh: (gates * hidden, hidden).
        bias_ih: (gates * hidden,).
        bias_hh: (gates * hidden,).
    """

    def __init__(self, gates: int, inputs: int, hidden: int, *, dtype: Any, rngs: nnx.Rngs):
        rows = gates * hidden
        self.weight_ih = nnx.Param(uniform(rngs, (rows, inputs), hidden, dtype))
        self.weight_hh = nnx.Param(uniform(rngs, (rows, hidden), hidden, dtype))
        self.bias_ih = nnx.Param(uniform(rngs, (rows,), hidden, dtype))
        self.bias_hh = nnx.Param(uniform(rngs, (rows,), hidden, dtype))

    @property
    def weights(self) -> Weights:
        return Weights(self.weight_ih[...], self.weight_hh[...], self.bias_ih[...], self.bias_hh[...])


class BlackBox(Network):
    """One recurrent layer and a linear read-out (abstract): the subclass says which cell.

    Knobs that are no inputs turn the layer's features before the read-out.

    Attributes:
        cell: of the layer.
    """

    cell: ClassVar[Cell]

    def __init__(
        self,
        hidden: int,
        *,
        in_features: int = 1,
        out_features: int = 1,
        controls: Sequence[str] | Mapping[str, float] = (),
        scaling: Scaling | None = None,
        fs: float | None = None,
        dtype: Any = jnp.float32,
        conditioning: Conditioning | str = "inputs",
        rngs: nnx.Rngs | None = None,
    ):
        rngs = checked_rngs(rngs, type(self).__name__)
        super().__init__(
            in_features=in_features,
            out_features=out_features,
            controls=controls,
            scaling=scaling,
            fs=fs,
            dtype=dtype,
            conditioning=conditioning,
        )
        self.hidden = checked_width("hidden", hidden)
        self.rec = Layer(len(self.cell.hh_blocks), self.inputs.width, hidden, dtype=self.dtype, rngs=rngs)
        self.lin = Dense(hidden, out_features, dtype=self.dtype, rngs=rngs)
        self.cond = self.conditioned(hidden, rngs)

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Array:
        carry = self._rest(batch, controls, level)
        return jnp.broadcast_to(carry, (*batch, carry.shape[-1]))

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        carry = self._rest(batch, controls, level)
        h = carry[..., : self.hidden]  # at the fixed point the next h is this one
        if self.cond is not None:
            x, positions = self.at_rest(batch, controls, level)
            h = self.cond((), h, self.inputs.knobs(x, positions)[..., 0, :])[1]
        y = self.units.to_si(self.lin(h))
        return jnp.broadcast_to(carry, (*batch, carry.shape[-1])), y

    def _rest(self, batch: tuple[int, ...], controls: Controls | None, level: Level) -> Array:
        start = jnp.zeros(self.cell.slots * self.hidden, self.dtype)
        return rest(self, start, BlackBox._after_silence, batch=batch, controls=controls, level=level)

    def _after_silence(self, carry: Array, x: Array, controls: Controls) -> Array:
        return self(carry, x, controls)[0]

    def __call__(self, carry: Array, x: Array, controls: Controls | None = None) -> tuple[Array, Array]:
        u = to_columns(self.inputs(x, controls))
        # (lanes, slots * hidden) to one array (hidden, lanes) for each slot.
        state = tuple(jnp.split(carry.reshape(-1, carry.shape[-1]).T, self.cell.slots))
        state, h = recurrence(self.cell, self.rec.weights, state, u)
        if self.cond is None:
            y = to_rows(affine_lanes(h, self.lin.weight[...], self.lin.bias[...]), x.shape[:-2])
        else:
            y = self.lin(self.cond((), to_rows(h, x.shape[:-2]), self.inputs.knobs(x, controls))[1])
        return jnp.concatenate(state).T.reshape(carry.shape), self.units.to_si(y)

    def load_torch_state(self, state: Mapping[str, ArrayLike]) -> None:
        """Take over the weights of a PyTorch module with a recurrent layer ``rec`` and a linear layer ``lin``.

        Args:
            state: ``{name: array}`` as in ``{k: v.numpy() for k, v in module.state_dict().items()}``, with the names
                rec.weight_ih_l0, rec.weight_hh_l0, rec.bias_ih_l0, rec.bias_hh_l0, lin.weight, lin.bias.

        Raises:
            ValueError: for a missing or unknown name, or a shape that does not fit.
        """
        targets = {f"rec.{name}_l0": getattr(self.rec, name) for name in _LAYER_NAMES}
        targets |= {"lin.weight": self.lin.weight, "lin.bias": self.lin.bias}
        if set(state) != set(targets):
            raise ValueError(f"PyTorch state: expected {sorted(targets)}, got {sorted(state)}")
        arrays = {name: jnp.asarray(np.asarray(value), self.dtype) for name, value in state.items()}
        for name, target in targets.items():
            if arrays[name].shape != target.shape:
                raise ValueError(f"PyTorch state: {name} must have shape {target.shape}, got {arrays[name].shape}")
        for name, target in targets.items():
            target[...] = arrays[name]

    def torch_state(self) -> dict[str, np.ndarray]:
        """The weights by PyTorch's names; the inverse of `load_torch_state`."""
        layer = {f"rec.{name}_l0": np.asarray(getattr(self.rec, name)[...]) for name in _LAYER_NAMES}
        return layer | {"lin.weight": np.asarray(self.lin.weight[...]), "lin.bias": np.asarray(self.lin.bias[...])}


_LAYER_NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
