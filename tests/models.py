"""Two small models that the tests of the block law, of composition and of training can be run on."""

from collections.abc import Mapping
from typing import final

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array, lax

from circuitnn.arguments import spread_level
from circuitnn.model import Carry, Controls, Forcing, Model, StateModel


class Memoryless(Model):
    """A base for models that are a function of each sample: no knobs, nothing kept."""

    in_features = out_features = 1

    @property
    def controls(self) -> Mapping[str, float]:
        return {}

    def init_carry(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level=None) -> Carry:
        return ()


@final
class Gain(Model):
    """y = gain x, the gain a knob times a weight."""

    def __init__(self, gain: float = 1.0, dtype=jnp.float32):
        self.weight = nnx.Param(jnp.asarray(gain, dtype))
        self.in_features = self.out_features = 1
        self.dtype = dtype

    @property
    def controls(self) -> Mapping[str, float]:
        return {"volume": 1.0}

    def init_carry(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level=None) -> Carry:
        return ()

    def __call__(self, carry: Carry, x: Array, controls: Controls | None = None) -> tuple[Carry, Array]:
        volume = jnp.asarray((controls or {}).get("volume", 1.0), self.dtype)
        return carry, self.weight[...] * jnp.broadcast_to(volume, x.shape[:-1])[..., None] * x


@final
class Leaky(StateModel):
    """A first-order low-pass with a learned pole: x_n = a x_{n-1} + (1 - a) u_n, y = x."""

    def __init__(self, pole: float = 0.9, dtype=jnp.float32):
        self.pole = nnx.Param(jnp.asarray(pole, dtype))
        self.in_features = self.out_features = 1
        self.state_names = ("C1",)
        self.dtype = dtype
        self.fs = 48_000

    @property
    def controls(self) -> Mapping[str, float]:
        return {}

    def init_carry(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level=None) -> Carry:
        return spread_level(level, (*batch, 1), self.dtype)

    def states(self, carry: Carry) -> Array:
        return carry

    def force(self, carry: Carry, states: Array, *, controls: Controls | None = None) -> Carry:
        return jnp.asarray(states, self.dtype)

    def trace(
        self, carry: Carry, x: Array, controls: Controls | None = None, forcing: Forcing | None = None
    ) -> tuple[Carry, Array, Array]:
        pole = self.pole[...]

        def step(state, inputs):
            u, true, is_forced = inputs
            state = pole * jnp.where(is_forced[..., None], true, state) + (1 - pole) * u
            return state, state

        true = jnp.zeros(x.shape, x.dtype) if forcing is None else forcing.previous
        mask = jnp.full(x.shape[:-1], forcing is not None) if forcing is None or forcing.mask is None else forcing.mask
        inputs = jax.tree.map(lambda a: jnp.moveaxis(a, len(x.shape) - 2, 0), (x, true, mask))
        carry, states = lax.scan(step, carry, inputs)
        states = jnp.moveaxis(states, 0, -2)
        return carry, states, states
