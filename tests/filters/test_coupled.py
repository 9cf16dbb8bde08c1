"""The coupled form: its response, its loop, and the bounds that it has whatever its numbers."""

import dataclasses

import hypothesis.strategies as st
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis.extra.numpy import arrays

from circuitnn.filters import Coupled
from tests.cases import cases
from tests.filters.forms import FS, RADIUS, check_response, pieces, random_form

EXTREME = st.floats(-1e3, 1e3, allow_nan=False, width=32)


def matrix(form, at=()):
    """A of a filter, from the angles and shares, as the definition has it."""
    n = 2 * form.angle.shape[-1]
    A = np.zeros((n, n))
    for k in range(n // 2):
        angle, share = float(form.angle[(*at, k)]), np.asarray(form.share[(*at, k)], float)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        A[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = turn @ np.diag(1 - share)
    return A


def by_loop(form, x):
    """x_(n+1) = A_n x_n + B_n u_n, y_n = C_n x_n + D_n u_n, a sample at a time."""
    state, y = np.zeros(2 * form.angle.shape[-1]), np.zeros(len(x))
    for n, u in enumerate(x):
        y[n] = np.asarray(form.output[n]).ravel() @ state + float(form.direct[n]) * u
        state = matrix(form, (n,)) @ state + np.asarray(form.share[n]).ravel() * u
    return y


@pytest.mark.parametrize("order", cases([2, 5], quick=[5]))
def test_response_is_that_of_the_impulse(order):
    rng = np.random.default_rng(order)
    check_response(random_form(Coupled, order, rng), 1e-10)
    check_response(random_form(Coupled, order, rng, dtype=jnp.float32), 1e-5)


@pytest.mark.parametrize("order", [1, 4])
def test_moving_numbers_against_a_loop(order):
    rng = np.random.default_rng(order)
    form, x = random_form(Coupled, order, rng, (50,)), rng.standard_normal(50)
    _, y = form.filtered(form.at_rest(), jnp.asarray(x))
    np.testing.assert_allclose(y, by_loop(form, x), rtol=0, atol=1e-12)
    # What the loop finds where all move together is not what it finds where they stay.
    assert np.abs(y - random_form(Coupled, order, rng).filtered(form.at_rest(), jnp.asarray(x))[1]).max() > 1e-2


@pytest.mark.slow
def test_cut_blocks():
    rng = np.random.default_rng(0)
    moving, still = random_form(Coupled, 5, rng, (40,)), random_form(Coupled, 5, rng)
    x = jnp.asarray(rng.standard_normal((3, 40)))
    for form in (moving, still):
        np.testing.assert_allclose(
            pieces(form, x, (1, 2, 9)), form.filtered(form.at_rest((3,)), x)[1], rtol=0, atol=1e-13
        )


@pytest.mark.slow
def test_one_filter_for_each_entry_of_a_batch():
    rng = np.random.default_rng(1)
    form, x = random_form(Coupled, 3, rng, (4, 1)), jnp.asarray(rng.standard_normal((4, 30)))
    _, together = form.filtered(form.at_rest((4,)), x)
    for k in range(4):
        own = Coupled(form.angle[k], form.share[k], form.output[k], form.direct[k], 3)
        np.testing.assert_allclose(together[k], own.filtered(own.at_rest(), x[k])[1], rtol=0, atol=1e-13)


def test_a_form_that_moves_for_another_time_is_refused():
    form = random_form(Coupled, 2, np.random.default_rng(0), (7,))
    with pytest.raises(ValueError, match="moves for 7 samples, the block has 9"):
        form.filtered(form.at_rest(), jnp.zeros(9))


@given(
    arrays(np.float64, Coupled.size(5), elements=EXTREME),
    st.sampled_from([0.5, 0.999, RADIUS]),
    st.sampled_from([jnp.float32, jnp.float64]),
)
@example(np.full(Coupled.size(5), 1e3), RADIUS, jnp.float32)
@example(np.full(Coupled.size(5), -1e3), RADIUS, jnp.float32)
def test_no_free_numbers_make_it_longer_than_the_radius(free, radius, dtype):
    form = Coupled.unpacked(jnp.asarray(free, dtype), 5, radius)
    # In single precision one minus the share is that of the radius to an ulp of one.
    slack = 4 * np.finfo(dtype).eps
    assert np.linalg.norm(matrix(form), 2) <= radius + slack
    assert float(form.radius()) <= radius + slack
    assert np.all((np.asarray(form.share) > 0) & (np.asarray(form.share) <= 1))
    assert np.isfinite(form.response(np.array([20.0, 1e3, 2e4]), FS)).all()


@given(arrays(np.float64, (6, Coupled.size(4)), elements=EXTREME))
@settings(max_examples=10)
def test_products_contract(free):
    form = Coupled.unpacked(jnp.asarray(free), 4, 0.9)
    product = np.eye(4)
    for n in range(6):
        product = matrix(form, (n,)) @ product
        assert np.linalg.norm(product, 2) <= 0.9 ** (n + 1) + 1e-12


def worst_input(form):
    """Signs that make the last output large, for one sample after the other of a moving filter."""
    time = form.angle.shape[0]
    row, signs = np.asarray(form.output[-1]).ravel(), np.zeros(time)
    signs[-1] = np.sign(form.direct[-1])
    for n in range(time - 2, -1, -1):
        signs[n] = np.sign(row @ np.asarray(form.share[n]).ravel())
        row = row @ matrix(form, (n,))
    return signs


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("order", [3, 4])
def test_bound(seed, order):
    """Nothing exceeds it; the worst input comes to a fair part of it, so that it says something."""
    rng = np.random.default_rng(seed)
    form = random_form(Coupled, order, rng, (150,))
    bound = float(form.bound())
    for x in (rng.uniform(-1, 1, 150), rng.choice([-1.0, 1.0], 150), worst_input(form)):
        _, y = form.filtered(form.at_rest(), jnp.asarray(x))
        assert np.abs(y).max() <= bound
    assert float(form.radius().max()) < 1


def test_bound_is_reached_by_a_single_pole():
    form = Coupled(jnp.zeros(1), jnp.array([[0.01, 0.01]]), jnp.array([[3.0, 0.0]]), jnp.array(-2.0), 1)
    x = jnp.ones(3000).at[-1].set(-1)
    _, y = form.filtered(form.at_rest(), x)
    assert float(y[-1]) == pytest.approx(5.0, rel=1e-9)
    assert float(form.bound()) == pytest.approx(5.0, rel=1e-12)


def test_low_frequencies_in_single_precision():
    share = 2 * np.pi * 20 / 192e3
    exact = Coupled(jnp.zeros(1), jnp.full((1, 2), share), jnp.array([[1.0, 0.0]]), jnp.array(0.0), 2)
    turned = dataclasses.replace(exact, angle=jnp.full(1, share), output=jnp.array([[1.0, 1.0]]))
    freqs = np.geomspace(1, 2e3, 60)
    for form in (exact, turned):
        wanted = np.asarray(form.response(freqs, 192e3))
        single = Coupled(*(leaf.astype(jnp.float32) for leaf in (form.angle, form.share, form.output, form.direct)), 2)
        assert np.max(np.abs(single.response(freqs, 192e3) / wanted - 1)) < 1e-4
