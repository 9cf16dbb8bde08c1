import jax
import numpy as np
import pytest
import scipy.special
from jax import numpy as jnp
from jax.test_util import check_grads

from circuitnn.numerics.wright_omega import TOP, correction, nearest, wright_omega

LOWEST = {np.float32: -86.0, np.float64: -700.0}  # e^x is a normal number


def exact(x):
    """In extended precision: two steps of Fritsch, Shafer and Crowley (1973) from scipy's value."""
    x = np.asarray(x, np.longdouble)
    w = scipy.special.wrightomega(x.astype(np.float64)).astype(np.longdouble)
    for _ in range(2):
        r = x - w - np.log(w)
        t = 2 * (1 + w) * (1 + w + 2 * r / 3)
        w = w * (1 + r / (1 + w) * (t - r) / (t - 2 * r))
    return w


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("width", [1, 64])
def test_exact_to_three_units_of_rounding(dtype, width):
    """In a loop, as it is used; ordinary arguments, all sizes of either sign, and both sides of each seam."""
    rng = np.random.default_rng(width)
    seams = np.array([-64, -62, -30, -9, -2, 0, 2, 2.0 ** (TOP - 1), 2.0**TOP])
    seams = np.concatenate([seams * (1 + k * np.finfo(dtype).eps) for k in (-2, -1, 0, 1, 2)])
    signed = [10 ** rng.uniform(-12, 14, 6000), -np.exp(rng.uniform(-20, np.log(-LOWEST[dtype]), 6000))]
    x = np.concatenate([rng.uniform(-40, 40, 12000), *signed, seams, [LOWEST[dtype]]]).astype(dtype)
    rows = x[: x.size // width * width].reshape(-1, width)
    found = jax.jit(lambda x: jax.lax.scan(lambda carry, x: (carry, wright_omega(x)), 0, x)[1])(rows)
    assert found.dtype == dtype
    assert float(np.max(np.abs(np.asarray(found) / exact(rows) - 1))) < 3 * np.finfo(dtype).eps


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ends(dtype):
    info = np.finfo(dtype)
    for x in (-1e3, -1e30, -np.inf):
        assert 0 < wright_omega(jnp.asarray(x, dtype)) < 4 * info.tiny
    assert wright_omega(jnp.asarray(info.max / 2, dtype)) == info.max / 2
    assert np.isnan(wright_omega(jnp.asarray(np.nan, dtype)))
    ends = jnp.asarray([-info.max, -1e4, 0, 1e9, info.max / 2], dtype)
    slopes = jax.vmap(jax.grad(wright_omega))(ends)
    assert np.all(np.isfinite(slopes))
    assert slopes[-1] == 1


@pytest.mark.slow
def test_derivatives():
    check_grads(wright_omega, (jnp.asarray([-30.0, -9.0, -1.0, 0.0, 1.0, 3.7, 40.0, 1e4]),), order=3, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_start_is_close_enough_for_the_correction(dtype):
    """What the fixed number of terms relies on; and that a logarithm and its omega fit to each other."""
    x = np.concatenate([np.linspace(-1.999, 200, 100_001), np.geomspace(2, 2.0 ** (TOP - 1), 100_001)]).astype(dtype)
    log, omega, inverse = (np.asarray(each, np.longdouble) for each in nearest(jnp.asarray(x)))
    assert np.max(np.abs(log - np.log(exact(x)))) < 0.007
    np.testing.assert_allclose(omega.astype(float), np.exp(log).astype(float), rtol=np.finfo(dtype).eps)
    np.testing.assert_allclose(inverse.astype(float), np.exp(-log).astype(float), rtol=np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_correction_solves_its_equation(dtype):
    rng = np.random.default_rng(0)
    d, rising, falling = rng.uniform(-0.01, 0.01, 5000), 10 ** rng.uniform(-6, 6, 5000), 10 ** rng.uniform(-6, 6, 5000)
    residual = d + rising * np.expm1(d) - falling * np.expm1(-d)
    found = correction(*(jnp.asarray(each, dtype) for each in (residual, rising, falling)))
    limit = {np.float64: 5e-15, np.float32: 1e-8}[dtype]
    assert np.max(np.abs(np.asarray(found, float) - d)) < limit
