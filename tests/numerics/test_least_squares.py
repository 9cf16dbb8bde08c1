"""A step of Levenberg's and Marquardt's method, against NumPy and on problems with known minima."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn.numerics.least_squares import FLOOR, damped_step, levenberg_marquardt_step


@pytest.mark.parametrize("damping", [0.0, 1e-3, 10.0])
def test_damped_step_against_numpy(damping):
    rows = np.random.default_rng(0).standard_normal((20, 5))
    gram, slope = rows.T @ rows, rows.T @ np.arange(20.0)
    found = damped_step(jnp.asarray(gram), jnp.asarray(slope), jnp.asarray(damping))
    ridge = np.diag(damping * np.diag(gram) + FLOOR * np.mean(np.diag(gram)))
    np.testing.assert_allclose(found, np.linalg.solve(gram + ridge, slope), rtol=1e-10)


def test_a_weight_without_an_effect_stays():
    gram = jnp.diag(jnp.array([2.0, 0.0, 3.0]))
    step = damped_step(gram, jnp.array([2.0, 0.0, 3.0]), jnp.asarray(0.0))
    np.testing.assert_allclose(step, [1, 0, 1], rtol=1e-8)


def rosenbrock(x):
    return jnp.stack([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def problem(residuals):
    def normal(x):
        rows, r = jax.jacfwd(residuals)(x), residuals(x)
        return rows.T @ rows, rows.T @ r

    return normal, lambda x: jnp.sum(residuals(x) ** 2)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_goes_down_to_the_minimum(dtype):
    normal, error = problem(rosenbrock)
    step = jax.jit(lambda x, damping: levenberg_marquardt_step(normal, error, x, damping))
    x, damping, errors = jnp.asarray([-1.2, 1.0], dtype), jnp.asarray(1e-2, dtype), []
    for _ in range(40):
        x, damping, now = step(x, damping)
        errors.append(float(now))
        assert float(now) == pytest.approx(float(error(x)), rel=1e-3, abs=1e-12)
    assert np.all(np.diff(errors) <= 0)
    np.testing.assert_allclose(x, [1, 1], rtol=1e-3 if dtype == jnp.float32 else 1e-10)
    assert x.dtype == dtype


def test_a_linear_problem_takes_a_few_steps():
    """And its answer is that of numpy.linalg.lstsq."""
    rows, right = np.random.default_rng(1).standard_normal((12, 3)), np.arange(12.0)
    normal, error = problem(lambda x: jnp.asarray(rows) @ x - right)
    x, damping = jnp.zeros(3), jnp.asarray(1e-2)
    for _ in range(8):
        x, damping, _ = levenberg_marquardt_step(normal, error, x, damping)
    np.testing.assert_allclose(x, np.linalg.lstsq(rows, right, rcond=None)[0], rtol=1e-8)


def test_stays_where_nothing_is_better():
    """The damping grows a hundredfold, so that a later step is small enough."""
    normal, _ = problem(rosenbrock)
    start = jnp.array([-1.2, 1.0])
    x, damping, error = levenberg_marquardt_step(
        normal, lambda x: jnp.where(jnp.all(x == start), 1.0, jnp.nan), start, jnp.asarray(1e-2)
    )
    np.testing.assert_array_equal(x, start)
    assert float(damping) == pytest.approx(1.0)
    assert float(error) == 1.0


def test_a_matrix_that_is_not_definite_is_no_step():
    error = lambda x: jnp.sum(x**2)  # noqa: E731
    x, _, now = levenberg_marquardt_step(
        lambda x: (jnp.array([[1.0, 5.0], [5.0, 1.0]]), x), error, jnp.array([1.0, 2.0]), jnp.asarray(1e-6)
    )
    np.testing.assert_array_equal(x, [1, 2])
    assert float(now) == 5


def test_many_problems_at_once():
    normal, error = problem(rosenbrock)
    starts = jnp.array([[-1.2, 1.0], [0.5, 2.0], [3.0, -1.0]])
    together = jax.vmap(lambda x: levenberg_marquardt_step(normal, error, x, jnp.asarray(1e-2)))(starts)
    for k, start in enumerate(starts):
        alone = levenberg_marquardt_step(normal, error, start, jnp.asarray(1e-2))
        for many, one in zip(together, alone, strict=True):
            np.testing.assert_allclose(many[k], one, rtol=1e-9)
