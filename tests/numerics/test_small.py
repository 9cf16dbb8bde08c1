import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax.test_util import check_grads

from circuitnn.numerics.small import apply, inverse, matmul, solve


def random_system(n, batch, seed):
    """I + K G with K symmetric and positive semidefinite, G a diagonal over 16 decades: as diodes have it."""
    random = np.random.default_rng(seed)
    root = random.standard_normal((batch, n, n)) * 100
    conductance = 10 ** random.uniform(-14, 2, (batch, n))
    matrix = np.eye(n) + root @ root.transpose(0, 2, 1) * conductance[:, None, :]
    return np.moveaxis(matrix, 0, -1), random.standard_normal((n, batch))


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (2, 4)])
def test_products_are_matrix_products(shape):
    random = np.random.default_rng(0)
    a, b, x = (random.standard_normal((*s, 5)) for s in (shape, (shape[1], 3), (shape[1],)))
    np.testing.assert_allclose(apply(jnp.asarray(a), jnp.asarray(x)), np.einsum("rcb,cb->rb", a, x), rtol=1e-13)
    np.testing.assert_allclose(
        matmul(jnp.asarray(a), jnp.asarray(b)), np.einsum("rkb,kcb->rcb", a, b), rtol=1e-13, atol=1e-13
    )


def test_a_matrix_shared_by_time_and_batch_broadcasts():
    random = np.random.default_rng(1)
    a, x = random.standard_normal((2, 3, 1)), random.standard_normal((7, 3, 4))
    np.testing.assert_allclose(
        apply(jnp.asarray(a), jnp.asarray(x)), np.einsum("rc,tcb->trb", a[..., 0], x), rtol=1e-13
    )


def test_no_columns_give_zero():
    assert apply(jnp.zeros((2, 0, 1)), jnp.zeros((0, 4))) == 0


def rows(matrix):
    return [[jnp.asarray(each) for each in row] for row in matrix]


@given(n=st.integers(1, 6), seed=st.integers(0, 10_000))
def test_elimination_is_stable_for_diodes(n, seed):
    matrix, right = random_system(n, 3, seed)
    found = np.stack(jax.jit(solve)(rows(matrix), list(jnp.asarray(right))))
    by_inverse = np.einsum("ijb,jb->ib", jax.jit(inverse)(jnp.asarray(matrix)), right)
    for k in range(3):
        exact = np.linalg.solve(matrix[..., k], right[:, k])
        # Backward stable: what error there is comes with the conditioning, as in LAPACK.
        size = (1e-12 * np.linalg.cond(matrix[..., k]) + 1e-9) * np.abs(exact).max()
        assert np.abs(found[:, k] - exact).max() <= size
        assert np.abs(by_inverse[:, k] - exact).max() <= size


@pytest.mark.parametrize("n", [3, 4, 6])
def test_the_inverse_exchanges_rows(n):
    """Matrices whose first pivots are zero, other ones in each entry of the batch."""
    random = np.random.default_rng(n)
    matrix = np.stack([np.eye(n)[random.permutation(n)] for _ in range(5)], axis=-1)
    matrix = matrix + 1e-12 * random.standard_normal(matrix.shape)
    expected = np.moveaxis(np.linalg.inv(np.moveaxis(matrix, -1, 0)), 0, -1)
    np.testing.assert_allclose(jax.jit(inverse)(jnp.asarray(matrix)), expected, rtol=0, atol=1e-11)


def test_the_inverse_is_differentiable():
    matrix, _ = random_system(3, 2, 5)
    check_grads(jax.jit(inverse), (jnp.asarray(matrix / 1e3 + np.eye(3)[:, :, None]),), order=1, rtol=1e-5)
