"""Black boxes: recurrent layers and a linear read-out, weight for weight PyTorch's."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from jax.typing import ArrayLike

from circuitnn.arguments import checked_rngs, checked_width
from circuitnn.model import Controls, Level, Rest
from circuitnn.networks.conditioning import Conditioning
from circuitnn.networks.dense import Dense, affine_lanes
from circuitnn.networks.folding import folded_input, folded_output
from circuitnn.networks.network import Network
from circuitnn.networks.rest import rest
from circuitnn.networks.scaling import Scaling
from circuitnn.numerics.columns import to_columns, to_rows
from circuitnn.recurrent.cells import Cell
from circuitnn.recurrent.recurrent_layer import RecurrentLayer
from circuitnn.recurrent.state_space import ASSUMED_FS, checked_time_constants
from circuitnn.recurrent.torch_names import LAYER, torch_names


class BlackBox(Network):
    """Recurrent layers in a row and a linear read-out (abstract): the subclass says which cell.

    The carry holds the state of each layer in a row, (..., layers * slots * hidden).

    Knobs that are no inputs turn the layer's features before the read-out.

    Attributes:
        cell: of the layers.
        rec: the first layer.
        upper: the layers above it, each on h of the one below.
    """

    cell: ClassVar[Cell]

    def __init__(
        self,
        hidden: int,
        *,
        layers: int = 1,
        in_features: int = 1,
        out_features: int = 1,
        controls: Sequence[str] | Mapping[str, float] = (),
        scaling: Scaling | None = None,
        time_constants: tuple[float, float] | None = None,
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
        self.hidden, self.layers = checked_width("hidden", hidden), checked_width("layers", layers)
        self.rec = RecurrentLayer(self.cell, self.inputs.width, hidden, dtype=self.dtype, rngs=rngs)
        self.lin = Dense(hidden, out_features, dtype=self.dtype, rngs=rngs)
        self.cond = self.conditioned(hidden, rngs)
        above = range(1, self.layers)
        self.upper = nnx.List(RecurrentLayer(self.cell, hidden, hidden, dtype=self.dtype, rngs=rngs) for _ in above)
        self.time_constants = None if time_constants is None else checked_time_constants(time_constants)
        if self.time_constants is not None:
            for layer in (self.rec, *self.upper):
                layer.remember(self.time_constants, self.fs or ASSUMED_FS)

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Array:
        carry = self._rest(batch, controls, level)
        return jnp.broadcast_to(carry, (*batch, carry.shape[-1]))

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        carry = self._rest(batch, controls, level)
        # At the fixed point the next h is this one, that of the last layer.
        h = carry[..., carry.shape[-1] - self.rec.size :][..., : self.hidden]
        if self.cond is not None:
            x, positions = self.at_rest(batch, controls, level)
            h = self.cond((), h, self.inputs.knobs(x, positions)[..., 0, :])[1]
        y = self.units.to_si(self.lin(h))
        return jnp.broadcast_to(carry, (*batch, carry.shape[-1])), y

    def _rest(self, batch: tuple[int, ...], controls: Controls | None, level: Level) -> Array:
        start = jnp.zeros(self.layers * self.rec.size, self.dtype)
        return rest(self, start, BlackBox._after_silence, batch=batch, controls=controls, level=level)

    def _after_silence(self, carry: Array, x: Array, controls: Controls) -> Array:
        return self(carry, x, controls)[0]

    def __call__(self, carry: Array, x: Array, controls: Controls | None = None) -> tuple[Array, Array]:
        h, states = to_columns(self.inputs(x, controls)), []
        for layer, state in zip((self.rec, *self.upper), jnp.split(carry, self.layers, axis=-1), strict=True):
            after, h = layer.columns(state, h)
            states.append(after)
        if self.cond is None:
            y = to_rows(affine_lanes(h, self.lin.weight[...], self.lin.bias[...]), x.shape[:-2])
        else:
            y = self.lin(self.cond((), to_rows(h, x.shape[:-2]), self.inputs.knobs(x, controls))[1])
        return jnp.concatenate(states, axis=-1), self.units.to_si(y)

    def load_torch_state(self, state: Mapping[str, ArrayLike], *, folded: bool = True) -> None:
        """Take over the weights of a PyTorch module with recurrent layers ``rec`` and a linear layer ``lin``.

        Args:
            state: ``{name: array}`` as in ``{k: v.numpy() for k, v in module.state_dict().items()}``, with the names
                rec.weight_ih_l0, rec.weight_hh_l0, rec.bias_ih_l0, rec.bias_hh_l0, lin.weight, lin.bias; of each layer
                above rec.weight_ih_l1 and so on.
            folded: whether the module sees and gives volts; else network units, the model's scaling stands around it.

        Raises:
            ValueError: for a missing or unknown name, or a shape that does not fit.
        """
        targets = self._torch_names()
        if set(state) != set(targets):
            raise ValueError(f"PyTorch state: expected {sorted(targets)}, got {sorted(state)}")
        arrays = {name: np.asarray(value) for name, value in state.items()}
        for name, target in targets.items():
            if arrays[name].shape != target.shape:
                raise ValueError(f"PyTorch state: {name} must have shape {target.shape}, got {arrays[name].shape}")
        for name, array in (self._folded(arrays, back=True) if folded else arrays).items():
            targets[name][...] = jnp.asarray(array, self.dtype)

    def torch_state(self, *, folded: bool = True) -> dict[str, np.ndarray]:
        """The weights by PyTorch's names; the inverse of `load_torch_state`.

        Args:
            folded: with the scaling in them, so that a module of these weights alone takes volts and gives volts as
                the model does; else as they are, for a module between ``(x - scaling.input_offset) / scaling.input``
                and ``scaling.output * y + scaling.output_offset``.

        Raises:
            ValueError: for a model with conditioning, which such a module does not have.
        """
        state = {name: np.asarray(weights[...]) for name, weights in self._torch_names().items()}
        if not folded:
            return state
        return {name: array.astype(self.dtype) for name, array in self._folded(state).items()}

    def _torch_names(self) -> dict[str, Any]:
        if self.cond is not None:
            raise ValueError(
                "a module of PyTorch with rec and lin alone has no conditioning: knobs go in as inputs there"
            )
        layers = enumerate((self.rec, *self.upper))
        recurrent = {
            name: getattr(layer, attribute)
            for k, layer in layers
            for name, attribute in zip(torch_names(k), LAYER, strict=True)
        }
        return recurrent | {"lin.weight": self.lin.weight, "lin.bias": self.lin.bias}

    def _folded(self, state: dict[str, np.ndarray], *, back: bool = False) -> dict[str, np.ndarray]:
        """With the scaling in what reads the input and in what gives the output, or without it again."""
        first, last = ("rec.weight_ih_l0", "rec.bias_ih_l0"), ("lin.weight", "lin.bias")
        inputs = folded_input(state[first[0]], state[first[1]], self.inputs.units, back=back)
        outputs = folded_output(state[last[0]], state[last[1]], self.units, back=back)
        return state | dict(zip(first, inputs, strict=True)) | dict(zip(last, outputs, strict=True))
