"""Low passes of several lengths, side by side."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import lfilter

import circuitnn as cn
from circuitnn.filters import LowPassBank
from circuitnn.testing import check_model

NOISE = np.random.default_rng(0).standard_normal((2, 64, 2))
SECONDS = (1e-4, 3e-3)


def test_laws():
    check_model(lambda dtype: LowPassBank(SECONDS, 48_000, in_features=2, dtype=dtype), NOISE)


def test_it_is_the_input_and_low_passes_of_it():
    with jax.enable_x64(True):
        _, y = cn.run(LowPassBank(SECONDS, 48_000, in_features=2, dtype=jnp.float64), NOISE)
    expected = [NOISE]
    for tau in SECONDS:
        pole = np.exp(-1 / (48_000 * tau))
        expected.append(lfilter([1 - pole], [1, -pole], NOISE, axis=1))
    np.testing.assert_allclose(y, np.concatenate(expected, axis=-1), rtol=1e-9, atol=1e-12)


def test_slow_ones_are_exact_in_single_precision():
    x = np.ones(20_000) + NOISE[0, :1, 0]
    _, y = cn.run(LowPassBank((3.0,), 48_000), x[:, None])
    pole = np.exp(-1 / (3 * 48_000))
    np.testing.assert_allclose(y[:, 1], lfilter([1 - pole], [1, -pole], x), rtol=1e-3)


def test_rest_and_rate():
    bank = LowPassBank(SECONDS, 48_000, in_features=2)
    carry, y = bank.resting(level=np.array([0.5, -1.0]))
    np.testing.assert_allclose(y, [0.5, -1, 0.5, -1, 0.5, -1])
    _, after = cn.run(bank, np.tile([0.5, -1.0], (5, 1)), carry)
    np.testing.assert_allclose(after, np.tile(y, (5, 1)), rtol=1e-6)
    assert bank.rebuilt_at(96_000).fs == 96_000


@pytest.mark.parametrize("seconds", [(), (0.0,), (np.inf,), (-1e-3,)])
def test_no_time_constants(seconds):
    with pytest.raises(ValueError, match="time_constants"):
        LowPassBank(seconds)
