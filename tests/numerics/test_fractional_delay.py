"""Delays by parts of a sample: of sines, whose delayed ones are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn.numerics.fractional_delay import HALF, delayed, taps

REACH = 5


@pytest.mark.parametrize("delay", [0.0, 0.3, -0.5, 2.5, -4.98, 5.2])
@pytest.mark.parametrize("freq", [0.001, 0.1, 0.42])
def test_a_sine_is_late_by_the_delay(delay, freq):
    time = np.arange(-REACH - HALF, 100 + REACH + HALF)
    late = delayed(jnp.asarray([np.sin(2 * np.pi * freq * time + 1), 0 * time]), jnp.asarray(delay), REACH)
    assert late.shape == (2, 100)
    np.testing.assert_allclose(late[0], np.sin(2 * np.pi * freq * (np.arange(100) - delay) + 1), atol=2e-4)
    assert not late[1].any()


def test_whole_samples_are_exact():
    signal = np.random.default_rng(0).standard_normal(200)
    late = delayed(jnp.asarray(signal), jnp.asarray(-2.0), REACH)
    np.testing.assert_allclose(late, signal[REACH + HALF + 2 : 202 - REACH - HALF], atol=1e-12)


@pytest.mark.parametrize("delay", [0.2, 1.0, -0.4999])
def test_the_slope_is_that_of_the_signal(delay):
    time = np.arange(-REACH - HALF, 60 + REACH + HALF)
    signal = jnp.asarray(np.sin(0.3 * time))
    slope = jax.jacfwd(lambda by: delayed(signal, by, REACH))(jnp.asarray(delay))
    np.testing.assert_allclose(slope, -0.3 * np.cos(0.3 * (np.arange(60) - delay)), atol=2e-5)


def test_numpy_and_jax_agree():
    np.testing.assert_allclose(taps(0.3, np), taps(jnp.asarray(0.3)), atol=1e-15)
