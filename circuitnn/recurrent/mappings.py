"""How a hidden state shows the circuit states, and how known circuit states are put into it."""

from typing import Any, final

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from circuitnn.networks.dense import Dense
from circuitnn.numerics.columns import to_columns
from circuitnn.recurrent.recurrence import Injection


@final
class LeadingUnits(nnx.Module):
    """The first units are the circuit states: h = [x; auxiliary units]."""

    def __init__(self, n_states: int, hidden: int, *, dtype: Any):
        self.n_states, self.hidden, self.dtype = n_states, hidden, dtype

    def read(self, h: Array) -> Array:
        """(..., n_states) in network units."""
        return h[..., : self.n_states]

    def write(self, h: Array, states: Array) -> Array:
        """H with the given states, (..., n_states) in network units."""
        return jnp.concatenate([states, h[..., self.n_states :]], axis=-1)

    def injection(self, states: Array, mask: Array) -> Injection:
        """`write` at the samples of a mask: states (..., time, n_states), mask (..., time)."""
        n_auxiliary = self.hidden - self.n_states
        shown = jnp.asarray(np.repeat([1.0, 0.0], [self.n_states, n_auxiliary])[:, None], self.dtype)
        target = jnp.pad(to_columns(states), ((0, 0), (0, n_auxiliary), (0, 0)))
        return Injection(shown, target, to_columns(mask[..., None]))


@final
class LinearReadout(nnx.Module):
    """The circuit states are a learned linear map of all units: x = W h + b.

    Known states are put in by h <- h + pinv(W) (x - W h - b), the smallest change of h that brings the read-out to x.
    """

    def __init__(self, n_states: int, hidden: int, *, dtype: Any, rngs: nnx.Rngs):
        self.linear = Dense(hidden, n_states, dtype=dtype, rngs=rngs)
        # Orthonormal rows: injection starts perfectly conditioned.
        rows = jax.random.orthogonal(rngs.params(), hidden, dtype=jnp.float32)[:n_states]
        self.linear.weight[...] = rows.astype(dtype)
        self.linear.bias[...] = jnp.zeros(n_states, dtype)

    def read(self, h: Array) -> Array:
        """(..., n_states) in network units."""
        return self.linear(h)

    def write(self, h: Array, states: Array) -> Array:
        """H with the given states, (..., n_states) in network units."""
        return h + (states - self.linear(h)) @ self._injector().T

    def injection(self, states: Array, mask: Array) -> Injection:
        """`write` at the samples of a mask: states (..., time, n_states), mask (..., time)."""
        injector = self._injector()
        target = (states - jnp.broadcast_to(self.linear.bias[...], states.shape)) @ injector.T
        return Injection(injector @ self.linear.weight[...], to_columns(target), to_columns(mask[..., None]))

    def _injector(self) -> Array:
        """pinv(W) = W^T (W W^T)^-1, (hidden, n_states): the rows of W are independent, the product is small."""
        weight = self.linear.weight[...]
        return jnp.linalg.solve(weight @ weight.T, weight).T
