"""A small model of a user's own: a low-pass that a knob moves, a clipper behind it, a plain number beside the knob."""

from collections.abc import Mapping
from typing import final

import jax
import jax.numpy as jnp
from jax import Array, lax

from circuitnn.arguments import spread_level
from circuitnn.model import Carry, Controls, Model


@final
class Swept(Model):
    """x_n = a x_{n-1} + (1 - a) u_n, y = tanh(load x), where a = exp(-tone)."""

    def __init__(self, controls=None, *, features=1, fs=48_000.0, dtype=jnp.float64):
        self.names = tuple((controls or {"tone": 0.5, "load": 2.0}).items())
        self.in_features = self.out_features = features
        self.dtype, self.fs = dtype, fs

    @property
    def controls(self) -> Mapping[str, float]:
        return dict(self.names)

    def init_carry(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level=None) -> Carry:
        return spread_level(level, (*batch, self.in_features), self.dtype)

    def __call__(self, carry: Carry, x: Array, controls: Controls | None = None) -> tuple[Carry, Array]:
        knobs = [
            jnp.broadcast_to(jnp.asarray((controls or {}).get(name, value), self.dtype), x.shape[:-1])[..., None]
            for name, value in self.names
        ]
        a = jnp.exp(-0.05 - knobs[0])

        def step(state, now):
            a, u = now
            state = a * state + (1 - a) * u
            return state, state

        carry, states = lax.scan(step, carry, jax.tree.map(lambda array: jnp.moveaxis(array, -2, 0), (a, x)))
        return carry, jnp.tanh(knobs[1] * jnp.moveaxis(states, 0, -2))
