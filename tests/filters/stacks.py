"""Neural tone stacks whose weights are not those of the start: small, and with knobs that are heard."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from circuitnn.filters import NeuralToneStack

CONTROLS = {"treble": 0.5, "bass": 0.3}


def tone_stack(form="coupled", *, order=4, frame=1, dtype=jnp.float64, size=1.0, fs=48_000):
    model = NeuralToneStack(CONTROLS, order=order, hidden=(6,), form=form, frame=frame, fs=fs, dtype=dtype)
    graph, weights = nnx.split(model)
    rng = np.random.default_rng(0)
    moved = jax.tree.map(lambda leaf: leaf + jnp.asarray(size * rng.standard_normal(leaf.shape), dtype), weights)
    return nnx.merge(graph, moved)


def moving(shape, seed=0):
    """Knobs that are somewhere else at each sample."""
    rng = np.random.default_rng(seed)
    return {name: rng.random(shape) for name in CONTROLS}
