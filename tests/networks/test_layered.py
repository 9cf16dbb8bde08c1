"""Layers in a row: a network of a leaky integrator and a dense layer, held against plain loops."""

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import lax

from circuitnn.model import run
from circuitnn.networks import Layer, Layered, Pointwise, Scaling
from circuitnn.testing import check_model


class Leaky(Layer):
    """``s <- a s + u`` of each feature, a the first knob."""

    def __init__(self, width):
        self.width = width

    def rest(self, u, knobs):
        s = u / (1 - knobs[..., :1])
        return s, s

    def __call__(self, carry, u, knobs):
        def step(s, inputs):
            a, u = inputs
            s = a * s + u
            return s, s

        a = jnp.broadcast_to(knobs[..., :1], u.shape)
        after, y = lax.scan(step, carry, (jnp.moveaxis(a, -2, 0), jnp.moveaxis(u, -2, 0)))
        return after, jnp.moveaxis(y, 0, -2)


class Smoothed(Layered):
    def __init__(self, dtype=jnp.float64):
        super().__init__(controls={"leak": 0.5}, scaling=Scaling(np.array([2.0]), np.array([0.25])), dtype=dtype)
        rngs = nnx.Rngs(0)
        dense = Pointwise(2, 3, activation="softsign", dtype=dtype, rngs=rngs)
        self.in_a_row([dense, Leaky(3), Pointwise(3, 1, dtype=dtype, rngs=rngs)])


def test_it_obeys_the_laws():
    x = np.random.default_rng(0).standard_normal((2, 12, 1))
    knob = np.linspace(0.1, 0.9, 12) * np.array([[1.0], [0.5]])
    check_model(Smoothed, x, controls={"leak": knob})


def test_it_rests_where_a_constant_leads():
    model, levels = Smoothed(), np.array([[0.3], [-1.0]])
    leak = np.array([[0.2], [0.8]])
    carry, y = model.resting((3, 2), {"leak": leak}, level=levels)
    assert carry[1].shape == (3, 2, 3)
    x = np.broadcast_to(levels[:, None], (3, 2, 400, 1))
    started, heard = run(model, x, model.init_carry((3, 2), {"leak": leak}, level=levels), controls={"leak": leak})
    np.testing.assert_allclose(started[1], carry[1], rtol=1e-12)
    np.testing.assert_allclose(heard, np.broadcast_to(y[..., None, :], heard.shape), rtol=1e-12)
