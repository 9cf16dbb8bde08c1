"""State spaces and the bilinear transform, against scipy.signal."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import signal

from circuitnn import testing
from circuitnn.filters import AnalogStateSpace, StateSpace
from tests.filters.forms import check_response

FS = 48_000
FREQS = np.geomspace(20, 20e3, 40)


def analog(seed=0, n=4):
    """A stable system with poles from 100 Hz to 10 kHz, and what scipy calls it."""
    rng = np.random.default_rng(seed)
    turn = rng.standard_normal((n, n)) + 3 * np.eye(n)
    A = turn @ np.diag(-2 * np.pi * np.geomspace(100, 10e3, n)) @ np.linalg.inv(turn)
    A = A + 3e3 * (lambda m: m - m.T)(rng.standard_normal((n, n)))
    assert np.linalg.eigvals(A).real.max() < 0
    return A, 3e3 * rng.standard_normal(n), rng.standard_normal(n), 0.3


def own(A, B, C, D):
    return AnalogStateSpace(*(jnp.asarray(each) for each in (A, B, C, D)))


def response(A, B, C, D, points):
    return np.array([C @ np.linalg.solve(point * np.eye(len(A)) - A, B) + D for point in points])


@pytest.mark.parametrize("prewarp", [None, 50.0, 9e3])
def test_bilinear_transform_against_scipy(prewarp):
    A, B, C, D = analog()
    found = own(A, B, C, D).discretised(FS, prewarp=prewarp)
    rate = FS if prewarp is None else np.pi * prewarp / np.tan(np.pi * prewarp / FS)
    system = (A, B[:, None], C[None], np.array([[D]]))
    a, b, c, d, _ = signal.cont2discrete(system, 1 / rate, method="bilinear")
    np.testing.assert_allclose(found.A, a, rtol=0, atol=1e-12)
    points = np.exp(2j * np.pi * FREQS / FS)
    expected = response(a, b[:, 0], c[0], d[0, 0], points)
    np.testing.assert_allclose(found.response(FREQS, FS), expected, rtol=1e-10)
    _, same = signal.freqz(*signal.bilinear(*map(np.squeeze, signal.ss2tf(*system)), fs=rate), FREQS, fs=FS)
    np.testing.assert_allclose(found.response(FREQS, FS), same, rtol=1e-6)


def test_response_in_s():
    A, B, C, D = analog(1)
    np.testing.assert_allclose(own(A, B, C, D).response(FREQS), response(A, B, C, D, 2j * np.pi * FREQS), rtol=1e-11)


@pytest.mark.parametrize("prewarp", [300.0, 15e3])
def test_the_response_at_the_frequency_of_the_prewarping_stays(prewarp):
    system = own(*analog(2))
    at = np.array([prewarp])
    stays = system.discretised(FS, prewarp=prewarp).response(at, FS)
    np.testing.assert_allclose(stays, system.response(at), rtol=1e-11)
    if prewarp > 1e3:
        assert np.abs(system.discretised(FS).response(at, FS) / system.response(at) - 1) > 1e-3


@pytest.mark.parametrize("prewarp", [None, 9e3])
def test_there_and_back(prewarp):
    system = own(*analog(3))
    back = system.discretised(FS, prewarp=prewarp).analog(FS, prewarp=prewarp)
    for found, expected in zip(jax.tree.leaves(back), jax.tree.leaves(system), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * np.abs(expected).max())


def test_settings_in_front():
    systems = [analog(seed) for seed in range(3)]
    many = own(*(np.stack(each) for each in zip(*systems, strict=True)))
    both = many.discretised(FS)
    assert both.response(FREQS, FS).shape == many.response(FREQS).shape == (3, len(FREQS))
    for k, each in enumerate(systems):
        one = own(*each).discretised(FS)
        np.testing.assert_allclose(both.response(FREQS, FS)[k], one.response(FREQS, FS), rtol=1e-10)


@pytest.mark.parametrize(("dtype", "rtol"), [(jnp.float64, 1e-10), (jnp.float32, 1e-4)])
def test_response_is_that_of_the_impulse(dtype, rtol):
    form = own(*analog(4)).discretised(FS)
    check_response(StateSpace(*(leaf.astype(dtype) for leaf in jax.tree.leaves(form))), rtol)


def test_moving_matrices_against_a_loop():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((30, 3, 3))
    A /= 1.2 * np.linalg.norm(A, 2, axis=(1, 2))[:, None, None]
    B, C, D, x = *rng.standard_normal((2, 30, 3)), *rng.standard_normal((2, 30))
    form = StateSpace(*(jnp.asarray(each) for each in (A, B, C, D)))
    state, expected = np.zeros(3), []
    for n in range(30):
        expected.append(C[n] @ state + D[n] * x[n])
        state = A[n] @ state + B[n] * x[n]
    last, y = form.filtered(form.at_rest(), jnp.asarray(x))
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-13)
    np.testing.assert_allclose(last, state, rtol=0, atol=1e-13)


def test_gradients():
    rows = np.random.default_rng(0).standard_normal((2, len(FREQS)))

    def loudness(system):
        h = system.discretised(FS, prewarp=1e3).response(FREQS, FS)
        return jnp.sum(rows[0] * h.real + rows[1] * h.imag)

    testing.check_gradient(loudness, (own(*analog(5)),))


def test_bad_rates():
    system = own(*analog())
    for fs in (-48e3, 0, np.nan, np.inf):
        with pytest.raises(ValueError, match="fs must be a positive number of hertz"):
            system.discretised(fs)
    for prewarp in (0, -5.0, 24e3, np.nan):
        with pytest.raises(ValueError, match="prewarp must be a frequency between 0 and fs/2"):
            system.discretised(FS, prewarp=prewarp)
        with pytest.raises(ValueError, match="prewarp must be a frequency between 0 and fs/2"):
            system.discretised(FS).analog(FS, prewarp=prewarp)
