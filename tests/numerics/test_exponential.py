import jax
import numpy as np
import pytest
from jax import numpy as jnp
from jax.test_util import check_grads

from circuitnn.numerics.exponential import exponential


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [1, 7, 4096])
def test_agrees_with_numpy_to_three_units_of_rounding(dtype, count):
    """In a loop, as it is used, and for widths that the compiler treats differently."""
    edge = 87 if dtype == np.float32 else 708
    x = np.random.default_rng(count).uniform(1 - edge, edge, (64, count)).astype(dtype)
    found = jax.jit(lambda x: jax.lax.scan(lambda carry, x: (carry, exponential(x)), 0, x)[1])(x)
    exact = np.exp(x.astype(np.longdouble))
    assert float(np.max(np.abs(np.asarray(found) / exact - 1))) < 3 * np.finfo(dtype).eps


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ends(dtype):
    tiny = np.finfo(dtype).tiny
    assert exponential(jnp.zeros((), dtype)) == 1
    for x in (-1e3, -1e30, -np.inf):
        assert 0 < exponential(jnp.asarray(x, dtype)) < 4 * tiny
    assert np.isnan(exponential(jnp.asarray(np.nan, dtype)))


def test_derivatives():
    check_grads(exponential, (jnp.asarray([-30.0, -1.0, 0.0, 0.3, 40.0]),), order=3, rtol=1e-6)
