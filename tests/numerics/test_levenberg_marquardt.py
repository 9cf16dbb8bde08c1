"""Least squares within bounds, against scipy."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from circuitnn.numerics.levenberg_marquardt import descend

t = np.linspace(0, 3, 40)
y = 2.0 * np.exp(-1.3 * t) + 0.05 * np.sin(40 * t)


def rest(x):
    return x[0] * np.exp(-x[1] * t) - y


def normal(x):
    rows = np.stack([np.exp(-x[1] * t), -t * x[0] * np.exp(-x[1] * t)], axis=1)
    return rows.T @ rows, rows.T @ rest(x), rest(x) @ rest(x)


@pytest.mark.parametrize(
    ("low", "high"),
    [((-np.inf, -np.inf), (np.inf, np.inf)), ((0, 0), (1.8, 5)), ((0, 1.5), (5, 5)), ((0, 2), (1.2, 3))],
)
def test_agrees_with_scipy(low, high):
    start = np.clip([1.0, 0.2], low, high)
    found = descend(normal, start, steps=200, low=low, high=high, enough=1e-10)
    expected = least_squares(rest, np.clip(start, np.add(low, 1e-9), np.subtract(high, 1e-9)), bounds=(low, high))
    assert found.converged
    np.testing.assert_allclose(found.at, expected.x, rtol=1e-5)
    assert found.error == pytest.approx(2 * expected.cost, rel=1e-9)
    assert np.all((found.at >= low) & (found.at <= high))


def test_a_trial_that_is_no_number_is_not_taken():
    def with_a_hole(x):
        gram, slope, error = normal(x)
        return gram, slope, np.nan if x[0] > 2.05 else error

    found = descend(with_a_hole, [1.0, 0.2], steps=200, enough=1e-9)
    np.testing.assert_allclose(found.at, descend(normal, [1.0, 0.2], steps=200, enough=1e-9).at, rtol=1e-5)


def test_says_that_it_has_not_arrived():
    found = descend(normal, [1.0, 0.2], steps=2, enough=1e-9)
    assert not found.converged
    assert found.error > descend(normal, [1.0, 0.2], steps=50, enough=1e-9).error * 1.001


def test_what_has_no_effect_stays_where_it_is():
    def with_another(x):
        gram, slope, error = normal(x[:2])
        return np.pad(gram, (0, 1)), np.pad(slope, (0, 1)), error

    found = descend(with_another, [1.0, 0.2, 7.0], steps=200, enough=1e-9)
    assert found.converged
    assert found.at[2] == 7.0
