import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import signal

from circuitnn import testing
from circuitnn.numerics.polynomial import bilinear, homogeneous, roots

ROOTS = {
    "stiff": [-0.2, -4e4],
    "very stiff": [-1e-9, -1.0, -10.0, -1e3, -1e8, -1e12],
    "at zero": [0.0, 0.0, -1.0, -1e5],
    "resonant": [-1 - 5j, -1 + 5j, -100.0],
    "on the axis": [-3j, 3j],
    "both halves": [-2.0, 2.0, 1e-3],
    "one": [-7.0],
    "tenth order": list(-np.geomspace(1e-1, 1e6, 10)),
}


@pytest.mark.parametrize("name", ROOTS)
def test_roots(name):
    found = np.asarray(roots(jnp.asarray(np.real(np.poly(ROOTS[name])))))
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(np.array(ROOTS[name], complex)), rtol=1e-10)
    assert np.all(np.diff(np.abs(found)) >= -1e-12 * np.abs(found[1:]))


def test_equal_roots_and_a_missing_power():
    np.testing.assert_allclose(roots(jnp.asarray(np.poly([-1.0] * 4))), -np.ones(4), atol=1e-3)
    found = roots(jnp.array([0.0, 1, 3, 2, 0]))
    np.testing.assert_allclose(found[:3], [0, -1, -2], atol=1e-14)
    assert np.isinf(found[3])


def test_a_batch_in_single_precision():
    rows = np.stack([np.poly([-1.0, -1e4]), np.poly([-3.0, -2e2])]).astype(np.float32)
    found = roots(jnp.asarray(rows))
    assert found.dtype == jnp.complex64
    np.testing.assert_allclose(found, [[-1, -1e4], [-3, -2e2]], rtol=1e-4)


def test_gradient_of_roots():
    coefficients = jnp.asarray([1.0, 6.0, 11.5, 7.0])
    weights = jnp.arange(1.0, 4.0)

    def f(c):
        found = roots(c)
        return jnp.sum(weights * found.real) + jnp.sum(weights**2 * found.imag**2)

    testing.check_gradient(f, (coefficients,), rtol=1e-6)
    slopes = jax.jacfwd(roots)(jnp.array([0.0, 1, 3, 2, 0]))
    assert np.all(np.isfinite(slopes))
    np.testing.assert_allclose(slopes[1], [1, -1, 1, -1, 1], rtol=1e-12)  # dr = -(sum of dc r^k)/p'(r), p'(-1) = -1


def test_homogeneous():
    p = jnp.array([[1.0, 2, 3], [0, 4, 5]])
    x, w = jnp.array([2.0, 3.0]), jnp.array([0.5, 0.0])
    expected = [[4 * 0.5 + 2 * 2 * 0.25 + 3 * 0.125, 0], [4 * 2 * 0.25 + 5 * 0.125, 0]]
    np.testing.assert_allclose(homogeneous(p, x, w, 3), expected)


def test_bilinear_against_scipy():
    b, a = np.array([2e-4, 1.0]), np.array([1e-9, 3e-5, 1.0])
    expected_b, expected_a = signal.bilinear(b, a, 48e3)
    found_b, found_a = bilinear(jnp.asarray(b), 96e3, 2), bilinear(jnp.asarray(a), 96e3, 2)
    np.testing.assert_allclose(found_a / found_a[0], expected_a, rtol=1e-12)
    np.testing.assert_allclose(found_b / found_a[0], expected_b, rtol=1e-12, atol=1e-15)
