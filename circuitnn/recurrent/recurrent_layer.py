"""A recurrent cell as a layer of a network."""

from typing import Any, final

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from circuitnn.networks.dense import uniform
from circuitnn.networks.layer import Layer
from circuitnn.networks.rest import settled
from circuitnn.numerics.columns import to_columns, to_rows
from circuitnn.recurrent.cells import Cell, Weights
from circuitnn.recurrent.recurrence import Injection, recurrence


@final
class RecurrentLayer(Layer):
    """One recurrent layer, initialised as PyTorch does: uniform in +-1/sqrt(hidden). It gives h.

    The carry holds the slots of the cell in a row, (..., slots * hidden); h is the first.

    Attributes:
        cell: its equations, see `circuitnn.recurrent.cells`.
        weight_ih: (gates * hidden, features).
        weight_hh: (gates * hidden, hidden).
        bias_ih: (gates * hidden,).
        bias_hh: (gates * hidden,).
    """

    def __init__(self, cell: Cell, features: int, hidden: int, *, dtype: Any, rngs: nnx.Rngs):
        self.cell, self.width, self.dtype = cell, hidden, dtype
        rows = len(cell.hh_blocks) * hidden
        self.weight_ih = nnx.Param(uniform(rngs, (rows, features), hidden, dtype))
        self.weight_hh = nnx.Param(uniform(rngs, (rows, hidden), hidden, dtype))
        self.bias_ih = nnx.Param(uniform(rngs, (rows,), hidden, dtype))
        self.bias_hh = nnx.Param(uniform(rngs, (rows,), hidden, dtype))

    def remember(self, time_constants: tuple[float, float], fs: float) -> None:
        """Give the units biases with which they forget within these times, in seconds, evenly spread in logarithms.

        A gate that keeps the share z of what was there after each sample has the time constant -1 / ln z in samples.

        Raises:
            ValueError: for a cell without such a gate.

        Source: Tallec, Ollivier, Can recurrent neural networks warp time?, ICLR 2018 (chrono initialisation).
        """
        if self.cell.keeping is None:
            raise ValueError("time_constants: this cell has no gate that keeps what was there")
        samples = fs * np.geomspace(*time_constants, self.width)
        logit = -np.log(np.expm1(1 / samples))
        for block, bias in ((self.cell.keeping, logit), (self.cell.writing, -logit)):
            if block is not None:
                rows = slice(block * self.width, (block + 1) * self.width)
                self.bias_ih[...] = self.bias_ih[...].at[rows].set(jnp.asarray(bias, self.dtype))
                self.bias_hh[...] = self.bias_hh[...].at[rows].set(0)

    @property
    def size(self) -> int:
        """Numbers in the carry of one stream."""
        return self.cell.slots * self.width

    @property
    def weights(self) -> Weights:
        return Weights(self.weight_ih[...], self.weight_hh[...], self.bias_ih[...], self.bias_hh[...])

    def rest(self, u: Array, knobs: Array) -> tuple[Array, Array]:
        carry = settled(self, jnp.zeros(self.size, self.dtype), u, knobs)
        return carry, carry[..., : self.width]

    def __call__(self, carry: Array, u: Array, knobs: Array) -> tuple[Array, Array]:
        carry, h = self.columns(carry, to_columns(u))
        return carry, to_rows(h, u.shape[:-2])

    def columns(self, carry: Array, u: Array, *, injection: Injection | None = None) -> tuple[Array, Array]:
        """One block of (time, features, lanes): the carry after it, and h (time, hidden, lanes).

        Args:
            carry: (..., slots * hidden).
            u: (time, features, lanes), as many lanes as the carry has entries.
            injection: known hidden states.
        """
        # (lanes, slots * hidden) to one array (hidden, lanes) for each slot.
        state = tuple(jnp.split(carry.reshape(-1, self.size).T, self.cell.slots))
        state, h = recurrence(self.cell, self.weights, state, u, injection=injection)
        return jnp.concatenate(state).T.reshape(carry.shape), h
