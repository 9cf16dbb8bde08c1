import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn.numerics.double import halves, in_double, product

NEARLY_SINGULAR = np.float32([[1, 1], [1, 1 + 2**-20]])


def solved(matrix, right):
    return product(jnp.linalg.solve(matrix, right[:, None])[:, 0][None], jnp.eye(2, dtype=matrix.dtype))[0]


@pytest.fixture
def narrow():
    with jax.enable_x64(False):
        yield jax.jit(lambda matrix, right: in_double(solved, matrix, right))


def test_what_is_prepared_in_double_precision_is_right_to_the_last_digit_of_single(narrow):
    right = np.float32([0.3, 0.7])
    exact = np.linalg.solve(NEARLY_SINGULAR.astype(np.float64), right.astype(np.float64))
    np.testing.assert_allclose(narrow(NEARLY_SINGULAR, right), exact, rtol=1e-7)
    assert narrow(NEARLY_SINGULAR, right).dtype == np.float32


def test_it_can_be_differentiated_and_batched_where_jax_is_in_single_precision(narrow):
    matrix, right = np.float32([[2, 1], [0.5, 3]]), np.float32([0.3, 0.7])
    batch = np.stack([right, 2 * right])
    gradients = jax.jit(jax.vmap(jax.grad(lambda right: jnp.sum(narrow(matrix, right) ** 2))))(batch)
    inverse = np.linalg.inv(matrix.astype(np.float64))
    np.testing.assert_allclose(gradients, 2 * (inverse.T @ inverse @ batch.T).T, rtol=1e-5)


def test_halves_add_up():
    value = jnp.asarray(1 / 3, jnp.float64)
    high, low = halves(value)
    assert np.float32(high) == high
    assert abs(low) < 1e-8
    assert high + low == value
