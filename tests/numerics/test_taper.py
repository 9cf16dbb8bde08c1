"""The law of a pot: its ends, its middle, its derivatives, and shapes that no pot has."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn.numerics.taper import taper

K = np.linspace(0, 1, 11)


@pytest.mark.parametrize("shape", [-30.0, -4.4, -1e-3, 1e-9, 0.5, 4.4, 30.0])
def test_the_law(shape):
    np.testing.assert_allclose(taper(K, shape), np.expm1(shape * K) / np.expm1(shape), rtol=1e-12, atol=1e-15)


def test_linear_and_differentiable_at_zero():
    np.testing.assert_allclose(taper(K, 0.0), K, rtol=1e-15)
    slope = jax.vmap(jax.grad(lambda a, k: taper(k, a)), (None, 0))(0.0, jnp.asarray(K))
    np.testing.assert_allclose(slope, K * (K - 1) / 2, atol=1e-15)


@pytest.mark.parametrize("shape", [-1e4, -200.0, 200.0, 1e4])
def test_extreme_shapes_in_single_precision(shape):
    k = jnp.asarray(K, jnp.float32)
    found = np.asarray(taper(k, jnp.float32(shape)))
    assert found[0] == 0
    assert found[-1] == 1
    assert np.all(np.diff(found) >= -1e-5)  # but for rounding
    assert np.isfinite(jax.grad(lambda a: jnp.sum(taper(k, a)))(jnp.float32(shape)))
